/* SPDX-License-Identifier: GPL-2.0 */
/* The page that report/ is built to. */
	.section .rodata
	.globl	report_viewer
	.type	report_viewer, @object
report_viewer:
	.incbin	"viewer.html"
report_viewer_end:
	.size	report_viewer, . - report_viewer
	.balign	4
	.globl	report_viewer_bytes
	.type	report_viewer_bytes, @object
report_viewer_bytes:
	.long	report_viewer_end - report_viewer
	.size	report_viewer_bytes, 4
	.section .note.GNU-stack, "", @progbits
