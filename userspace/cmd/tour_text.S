/* SPDX-License-Identifier: GPL-2.0 */
/* The files of the tour, one after the other. */
	.section .rodata
	.globl	tour_text
	.type	tour_text, @object
tour_text:
	.incbin	"tour.text"
	.byte	0
	.size	tour_text, . - tour_text
	.section .note.GNU-stack, "", @progbits
