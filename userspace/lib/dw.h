/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Elfutils' libdw, which starting would take every program as long again for,
 * with all that it needs, and few ever use: who wants lines loads it.
 */
#ifndef LIBREFHEAP_DW_H
#define LIBREFHEAP_DW_H

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdbool.h>

#define RH_DW_FUNCTIONS(use) \
	use(dwarf_attr) use(dwarf_diename) use(dwarf_filesrc) \
	use(dwarf_formudata) use(dwarf_getscopes) \
	use(dwarf_getscopes_die) use(dwarf_getsrcfiles) use(dwarf_tag) \
	use(dwfl_begin) use(dwfl_build_id_find_elf) use(dwfl_end) \
	use(dwfl_lineinfo) use(dwfl_module_addrdie) \
	use(dwfl_module_addrname) use(dwfl_module_build_id) \
	use(dwfl_module_getelf) use(dwfl_module_getsrc) \
	use(dwfl_offline_section_address) use(dwfl_report_begin) \
	use(dwfl_report_end) use(dwfl_report_offline) \
	use(dwfl_standard_find_debuginfo)

#define RH_DW_DECLARE(name) __typeof__(name) *name;

/* Its functions, as soon as it is loaded. */
extern struct rh_dw {
	RH_DW_FUNCTIONS(RH_DW_DECLARE)
} rh_dw;

/* Load it, once. Return: whether it is there. */
bool rh_dw_load(void);

#endif
