/* SPDX-License-Identifier: GPL-2.0 */
/* Every command of the table, by the file that has it. */
#ifndef REFHEAP_CMD_CMD_H
#define REFHEAP_CMD_CMD_H

#include "command.h"

/* cmd_new.c */
extern const struct command new_command;

/* cmd_object.c */
extern const struct command set_command;
extern const struct command get_command;
extern const struct command del_command;
extern const struct command show_command;
extern const struct command list_command;
extern const struct command is_command;

/* cmd_container.c */
extern const struct command append_command;
extern const struct command extend_command;
extern const struct command insert_command;
extern const struct command pop_command;
extern const struct command clear_command;

/* cmd_weakref.c */
extern const struct command weakref_command;
extern const struct command deref_command;
extern const struct command weakrefs_command;
extern const struct command alive_command;

/* cmd_events.c */
extern const struct command adopt_command;
extern const struct command events_command;
extern const struct command finalizer_command;

/* cmd_export.c */
extern const struct command export_command;
extern const struct command import_command;

/* cmd_frame.c */
extern const struct command frame_command;

/* cmd_history.c */
extern const struct command history_command;

/* cmd_metrics.c */
extern const struct command metrics_command;

/* cmd_monitor.c */
extern const struct command monitor_command;

/* cmd_inspect.c */
extern const struct command refcount_command;
extern const struct command is_tracked_command;
extern const struct command referents_command;
extern const struct command referrers_command;
extern const struct command verify_command;

/* cmd_gc.c and cmd_gc_settings.c */
extern const struct command gc_command;
extern const struct command gc_show_command;
extern const struct command gc_count_command;
extern const struct command gc_threshold_command;
extern const struct command gc_enable_command;
extern const struct command gc_disable_command;
extern const struct command gc_is_enabled_command;
extern const struct command gc_debug_command;
extern const struct command gc_stats_command;
extern const struct command gc_period_command;

/* cmd_type.c */
extern const struct command types_command;
extern const struct command type_command;

/* cmd_arenas.c */
extern const struct command arenas_command;

/* cmd_builtin.c */
extern const struct command len_command;
extern const struct command id_command;
extern const struct command view_command;

/* cmd_loop.c */
extern const struct command for_command;
extern const struct command sleep_command;

/* cmd_leak.c */
extern const struct command leak_command;

/* cmd_tour.c */
extern const struct command tour_command;

/* cmd_cache.c */
extern const struct command cache_command;

/* cmd_heap.c */
extern const struct command heap_command;

/* cmd_sessions.c */
extern const struct command sessions_command;
extern const struct command holders_command;

/* cmd_shell.c */
extern const struct command shell_command;
extern const struct command echo_command;
extern const struct command print_command;
extern const struct command vars_command;
extern const struct command exit_command;

/* cmd_graph.c */
extern const struct command graph_command;

/* cmd_growth.c */
extern const struct command growth_command;

/* cmd_why.c */
extern const struct command why_command;

/* cmd_sizes.c */
extern const struct command sizeof_command;
extern const struct command retained_command;

/* cmd_dump.c */
extern const struct command dump_command;
extern const struct command restore_command;

/* cmd_diff.c */
extern const struct command diff_command;

/* cmd_top.c */
extern const struct command top_command;

/* cmd_alert.c */
extern const struct command alert_command;

/* cmd_report.c */
extern const struct command report_command;

/* complete.c */
extern const struct command complete_command;

/* cmd_trace.c */
extern const struct command trace_command;

/* script.c */
extern const struct command source_command;

/* cmd_run.c */
extern const struct command run_command;

#endif
