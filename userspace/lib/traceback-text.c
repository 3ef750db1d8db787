// SPDX-License-Identifier: LGPL-2.1-or-later
/* Addresses of this process as a text that any process can make sense of. */
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include "traceback.h"

#define BUILD_ID_MAX	64	/* bytes */

/* The library's code in a program that it is linked into; else NULL. */
extern const char rh_text_begin[]
	__attribute__((weak, visibility("hidden")));
extern const char rh_text_end[]
	__attribute__((weak, visibility("hidden")));

struct module {
	char *path;
	char build_id[2 * BUILD_ID_MAX + 1];
	bool own;		/* the library's, when that is a file of its own */
};

struct frame {
	uintptr_t address;	/* of the call, in this process */
	uintptr_t offset;	/* as the file of the module has it */
	size_t module;		/* and one; 0: in none */
};

struct finder {
	struct frame *frame;
	size_t frames;
	struct module *module;
	size_t modules;
	bool failed;
};

static int first_module(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	*(unsigned long long *)arg = info->dlpi_subs;
	return 1;
}

unsigned long long rh_modules_unloaded(void)
{
	unsigned long long unloaded = 0;

	dl_iterate_phdr(first_module, &unloaded);
	return unloaded;
}

static bool is_within(const struct dl_phdr_info *info, uintptr_t address)
{
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t begin = info->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_LOAD && address >= begin &&
		    address - begin < segment->p_memsz)
			return true;
	}
	return false;
}

static void write_hex(const uint8_t *bytes, size_t count, char *hex)
{
	for (size_t i = 0; i < count && i < BUILD_ID_MAX; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
}

/* Looks through the notes of a segment. */
static void read_notes(const char *at, size_t bytes, char *build_id)
{
	while (bytes >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *note = (const void *)at;
		size_t name = (note->n_namesz + 3UL) & ~3UL;
		size_t whole = sizeof(*note) + name +
			       ((note->n_descsz + 3UL) & ~3UL);

		if (whole > bytes)
			return;
		if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
		    !memcmp(note + 1, "GNU", 4))
			write_hex((const uint8_t *)(note + 1) + name,
				  note->n_descsz, build_id);
		at += whole;
		bytes -= whole;
	}
}

static void read_build_id(const struct dl_phdr_info *info, char *build_id)
{
	strcpy(build_id, "-");
	for (size_t i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_NOTE)
			read_notes((const char *)(info->dlpi_addr +
						  info->dlpi_phdr[i].p_vaddr),
				   info->dlpi_phdr[i].p_memsz, build_id);
}

/* The program itself has no name there. A line feed would end its line. */
static char *path_of(const struct dl_phdr_info *info)
{
	char self[RH_SITE_BYTES_MAX], *path;
	ssize_t length;

	if (*info->dlpi_name) {
		path = strdup(info->dlpi_name);
	} else {
		length = readlink("/proc/self/exe", self, sizeof(self));
		path = strndup(self, length > 0 ? (size_t)length : 0);
	}
	for (char *at = path; at && (at = strchr(at, '\n'));)
		*at = '?';
	return path;
}

static struct module *add_module(struct finder *finder,
				 const struct dl_phdr_info *info)
{
	struct module *module = &finder->module[finder->modules];

	module->path = path_of(info);
	if (!module->path) {
		finder->failed = true;
		return NULL;
	}
	read_build_id(info, module->build_id);
	module->own = is_within(info, (uintptr_t)rh_modules_unloaded);
	finder->modules++;
	return module;
}

static int find_in_module(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct finder *finder = arg;
	struct module *module = NULL;

	(void)size;
	for (size_t i = 0; i < finder->frames; i++) {
		struct frame *frame = &finder->frame[i];

		if (frame->module || !is_within(info, frame->address))
			continue;
		if (!module)
			module = add_module(finder, info);
		if (!module)
			return 1;
		frame->module = finder->modules;
		frame->offset = frame->address - info->dlpi_addr;
	}
	return 0;
}

/* Whether two addresses are of one function. */
static bool is_same_function(uintptr_t one, uintptr_t other)
{
	unw_proc_info_t info;

	return !unw_get_proc_info_by_ip(unw_local_addr_space, one, &info,
					NULL) &&
	       other >= info.start_ip && other < info.end_ip;
}

static bool is_own(const struct finder *finder, const struct frame *frame)
{
	uintptr_t start = (uintptr_t)rh_text_begin;

	if (start)
		return frame->address >= start &&
		       frame->address < (uintptr_t)rh_text_end;
	return frame->module && finder->module[frame->module - 1].own;
}

struct writer {
	char *text;
	size_t length;
	size_t modules;		/* that have been written */
	size_t *number;		/* by module: that number, and one */
	size_t module;		/* of the last frame */
};

static bool write_line(struct writer *writer, const char *line)
{
	size_t length = strlen(line);

	if (writer->length + length + 2 > RH_SITE_BYTES_MAX)
		return false;
	if (writer->length)
		writer->text[writer->length++] = '\n';
	memcpy(writer->text + writer->length, line, length + 1);
	writer->length += length;
	return true;
}

static bool write_module(struct writer *writer, const struct finder *finder,
			 size_t module)
{
	static const struct module none = { .build_id = "-" };
	const struct module *at = module ? &finder->module[module - 1] : &none;
	char line[RH_SITE_BYTES_MAX];

	if (writer->modules && writer->module == module)
		return true;
	writer->module = module;
	if (writer->number[module]) {
		snprintf(line, sizeof(line), "@%zu",
			 writer->number[module] - 1);
	} else {
		if (snprintf(line, sizeof(line), "@%s %s", at->build_id,
			     at->path ? at->path : "") >= (int)sizeof(line))
			return false;
		writer->number[module] = ++writer->modules;
	}
	return write_line(writer, line);
}

static bool write_frame(struct writer *writer, const struct finder *finder,
			const struct frame *frame)
{
	size_t before = writer->length;
	char line[32];

	snprintf(line, sizeof(line), "+%jx",
		 (uintmax_t)(frame->module ? frame->offset : frame->address));
	if (write_module(writer, finder, frame->module) &&
	    write_line(writer, line))
		return true;
	/* No module without a frame. */
	writer->length = before;
	writer->text[before] = '\0';
	return false;
}

/* The oldest frames are left out when there are too many. */
static void write_frames(struct writer *writer, const struct finder *finder,
			 const struct rh_stack *stack, size_t frames)
{
	size_t first = 0, written = 0;

	while (first < finder->frames && is_own(finder, &finder->frame[first]))
		first++;
	if (stack->where && write_line(writer, stack->where)) {
		written++;
		if (first < finder->frames &&
		    is_same_function(finder->frame[first].address,
				     (uintptr_t)stack->here - 1))
			first++;
	}
	for (; first < finder->frames && written < frames; first++, written++)
		if (!write_frame(writer, finder, &finder->frame[first]))
			break;
}

char *rh_traceback_text(const struct rh_stack *stack, size_t frames)
{
	struct frame *frame = calloc(stack->count + 1, sizeof(*frame));
	struct module *module = calloc(stack->count + 1, sizeof(*module));
	size_t *number = calloc(stack->count + 1, sizeof(*number));
	struct writer writer = {
		.text = malloc(RH_SITE_BYTES_MAX), .number = number,
	};
	struct finder finder = {
		.frame = frame, .frames = stack->count, .module = module,
		.failed = !frame || !module || !number || !writer.text,
	};

	if (!finder.failed) {
		/* The call is before the address that it returns to. */
		for (size_t i = 0; i < stack->count; i++)
			frame[i].address = (uintptr_t)stack->address[i] - 1;
		dl_iterate_phdr(find_in_module, &finder);
	}
	if (!finder.failed)
		write_frames(&writer, &finder, stack, frames);
	for (size_t i = 0; i < finder.modules; i++)
		free(module[i].path);
	free(number);
	free(module);
	free(frame);
	if (finder.failed || !writer.length) {
		free(writer.text);
		return NULL;
	}
	return writer.text;
}
