// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Lines and functions from the debugging information of files. Whoever made an
 * object says which file it is: nothing but a regular file is opened, and what
 * is found counts only if the file is still the one that was executed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dw.h"
#include "symbols.h"

struct rh_symbol_file {
	struct rh_symbol_file *next;
	char *path;
	char *build_id;
	Dwfl_Callbacks callbacks;
	Dwfl *dwfl;
	Dwfl_Module *module;	/* NULL: it is of no use */
	GElf_Addr bias;		/* of addresses there against those of the file */
	void *found;		/* tree of struct found */
};

/* The frames of an address. */
struct found {
	uint64_t address;
	size_t count;
	struct refheap_trace_frame frame[];
};

static int by_text(const void *left, const void *right)
{
	return strcmp(left, right);
}

const char *rh_strings_keep(struct rh_strings *strings, const char *text,
			    size_t length)
{
	char *copy = strndup(text, length);
	char **kept = copy ? tsearch(copy, &strings->root, by_text) : NULL;

	if (!kept || *kept != copy)
		free(copy);
	return kept ? *kept : NULL;
}

void rh_strings_free(struct rh_strings *strings)
{
	tdestroy(strings->root, free);
	strings->root = NULL;
}

int rh_frames_add(struct rh_frames *frames,
		  const struct refheap_trace_frame *frame)
{
	size_t room = frames->room ? frames->room * 2 : 16;
	struct refheap_trace_frame *grown;

	if (frames->count == frames->room) {
		grown = reallocarray(frames->frame, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		frames->frame = grown;
		frames->room = room;
	}
	frames->frame[frames->count++] = *frame;
	return 0;
}

int rh_open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat stat;

	if (fd >= 0 && (fstat(fd, &stat) || !S_ISREG(stat.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool has_build_id(Dwfl_Module *module, const char *build_id)
{
	const unsigned char *bits;
	GElf_Addr address;
	char hex[3];
	int length;

	if (!strcmp(build_id, "-"))
		return true;
	length = rh_dw.dwfl_module_build_id(module, &bits, &address);
	if (length <= 0 || strlen(build_id) != 2 * (size_t)length)
		return false;
	for (int i = 0; i < length; i++) {
		snprintf(hex, sizeof(hex), "%02x", bits[i]);
		if (memcmp(hex, build_id + 2 * (size_t)i, 2))
			return false;
	}
	return true;
}

static void open_file(struct rh_symbol_file *file)
{
	Dwfl_Module *module = NULL;
	int fd = rh_dw_load() ? rh_open_regular(file->path) : -1;

	if (fd < 0)
		return;
	file->callbacks = (Dwfl_Callbacks){
		.find_elf = rh_dw.dwfl_build_id_find_elf,
		.find_debuginfo = rh_dw.dwfl_standard_find_debuginfo,
		.section_address = rh_dw.dwfl_offline_section_address,
	};
	file->dwfl = rh_dw.dwfl_begin(&file->callbacks);
	if (file->dwfl) {
		rh_dw.dwfl_report_begin(file->dwfl);
		module = rh_dw.dwfl_report_offline(file->dwfl, file->path, file->path,
					     fd);
		rh_dw.dwfl_report_end(file->dwfl, NULL, NULL);
	}
	/* What has been reported has it. */
	if (!module)
		close(fd);
	else if (rh_dw.dwfl_module_getelf(module, &file->bias) &&
		 has_build_id(module, file->build_id))
		file->module = module;
}

static void free_file(struct rh_symbol_file *file)
{
	tdestroy(file->found, free);
	if (file->dwfl)
		rh_dw.dwfl_end(file->dwfl);
	free(file->path);
	free(file->build_id);
	free(file);
}

void rh_symbols_free(struct rh_symbols *symbols)
{
	struct rh_symbol_file *file;

	while ((file = symbols->files)) {
		symbols->files = file->next;
		free_file(file);
	}
}

/* Opens it once. Return: the file, of use or not, or NULL without memory. */
static struct rh_symbol_file *find_file(struct rh_symbols *symbols,
					const struct rh_address *address)
{
	struct rh_symbol_file *file = symbols->files;

	for (; file; file = file->next)
		if (!strcmp(file->path, address->path) &&
		    !strcmp(file->build_id, address->build_id))
			return file;
	file = calloc(1, sizeof(*file));
	if (!file)
		return NULL;
	file->path = strdup(address->path);
	file->build_id = strdup(address->build_id);
	if (!file->path || !file->build_id) {
		free_file(file);
		return NULL;
	}
	open_file(file);
	file->next = symbols->files;
	symbols->files = file;
	return file;
}

/* What is found on the way from the innermost function outwards. */
struct finding {
	struct rh_strings *strings;
	struct rh_frames *frames;
	const char *module;	/* path */
	const char *source;	/* of the line that has been reached */
	int line;
};

static const char *keep(struct finding *finding, const char *text)
{
	return text ? rh_strings_keep(finding->strings, text, strlen(text)) :
		      NULL;
}

static int add_line(struct finding *finding, const char *function)
{
	const struct refheap_trace_frame frame = {
		.filename = keep(finding, finding->source),
		.line = (uint32_t)finding->line,
		.function = keep(finding, function),
		.module = finding->module,
	};

	return frame.filename ? rh_frames_add(finding->frames, &frame) :
				-ENOMEM;
}

static int number_of(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (rh_dw.dwarf_formudata(rh_dw.dwarf_attr(die, name, &attribute), &value) ||
	    value > INT32_MAX)
		return 0;
	return (int)value;
}

/* From a function that was put into another one to where it was called. */
static void go_to_call(struct finding *finding, Dwarf_Die *die,
		       Dwarf_Files *sources)
{
	const char *source;

	source = rh_dw.dwarf_filesrc(sources,
			       (size_t)number_of(die, DW_AT_call_file), NULL,
			       NULL);
	if (source)
		finding->source = source;
	finding->line = number_of(die, DW_AT_call_line);
}

/* @die is the innermost scope, of the unit @unit. */
static int add_functions(struct finding *finding, Dwarf_Die *unit,
			 Dwarf_Die *die)
{
	Dwarf_Files *sources = NULL;
	Dwarf_Die *scopes = NULL;
	int count, err = 0;

	rh_dw.dwarf_getsrcfiles(unit, &sources, NULL);
	count = rh_dw.dwarf_getscopes_die(die, &scopes);
	for (int i = 0; i < count && !err; i++) {
		int tag = rh_dw.dwarf_tag(&scopes[i]);

		if (tag == DW_TAG_inlined_subroutine) {
			err = add_line(finding, rh_dw.dwarf_diename(&scopes[i]));
			go_to_call(finding, &scopes[i], sources);
		} else if (tag == DW_TAG_subprogram) {
			err = add_line(finding, rh_dw.dwarf_diename(&scopes[i]));
			break;
		}
	}
	free(scopes);
	return err;
}

/* The scope that an address is in. */
static bool find_scope(Dwarf_Die *unit, Dwarf_Addr address, Dwarf_Die *die)
{
	Dwarf_Die *scopes = NULL;
	int count = rh_dw.dwarf_getscopes(unit, address, &scopes);
	bool found = count > 0;

	/* Those around it are where it was written, not where it is. */
	if (found)
		*die = scopes[0];
	free(scopes);
	return found;
}

static int add_lines(struct finding *finding, struct rh_symbol_file *file,
		     Dwarf_Addr address)
{
	size_t before = finding->frames->count;
	Dwarf_Addr bias;
	Dwarf_Die *unit = rh_dw.dwfl_module_addrdie(file->module, address, &bias);
	Dwarf_Die die;
	int err = 0;

	if (unit && find_scope(unit, address - bias, &die))
		err = add_functions(finding, unit, &die);
	if (!err && finding->frames->count == before)
		err = add_line(finding,
			       rh_dw.dwfl_module_addrname(file->module, address));
	return err;
}

static int add_address(struct finding *finding, struct rh_symbol_file *file,
		       const struct rh_address *address)
{
	const char *name = NULL;
	char *text;
	int err;

	if (file->module)
		name = rh_dw.dwfl_module_addrname(file->module,
					    address->address + file->bias);
	if (asprintf(&text, "%s%s0x%" PRIx64, address->path,
		     *address->path ? "+" : "", address->address) < 0)
		return -ENOMEM;
	finding->source = text;
	err = add_line(finding, name);
	free(text);
	return err;
}

/* Finds out what an address is. */
static int look_up(struct rh_symbol_file *file, struct rh_strings *strings,
		   const struct rh_address *address, struct rh_frames *frames)
{
	struct finding finding = { .strings = strings, .frames = frames };
	Dwfl_Line *line = NULL;

	finding.module = keep(&finding, address->path);
	if (!finding.module)
		return -ENOMEM;
	if (file->module)
		line = rh_dw.dwfl_module_getsrc(file->module,
					  address->address + file->bias);
	if (line)
		finding.source = rh_dw.dwfl_lineinfo(line, NULL, &finding.line, NULL,
					       NULL, NULL);
	if (!finding.source)
		return add_address(&finding, file, address);
	return add_lines(&finding, file, address->address + file->bias);
}

static int by_address(const void *left, const void *right)
{
	const struct found *a = left, *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

/* Return: 1 when it was found before and its frames have been added, 0, or an error. */
static int recall(const struct rh_symbol_file *file, uint64_t address,
		  struct rh_frames *frames)
{
	const struct found key = { .address = address };
	struct found *const *found = tfind(&key, &file->found, by_address);
	int err = 0;

	if (!found)
		return 0;
	for (size_t i = 0; i < (*found)->count && !err; i++)
		err = rh_frames_add(frames, &(*found)->frame[i]);
	return err ? err : 1;
}

/* Without memory it is looked up again the next time. */
static void remember(struct rh_symbol_file *file, uint64_t address,
		     const struct refheap_trace_frame *frame, size_t count)
{
	struct found *found = malloc(sizeof(*found) + count * sizeof(*frame));

	if (!found)
		return;
	found->address = address;
	found->count = count;
	memcpy(found->frame, frame, count * sizeof(*frame));
	if (!tsearch(found, &file->found, by_address))
		free(found);
}

int rh_symbols_add(struct rh_symbols *symbols, struct rh_strings *strings,
		   const struct rh_address *address, struct rh_frames *frames)
{
	struct rh_symbol_file *file = find_file(symbols, address);
	size_t first = frames->count;
	int done;

	if (!file)
		return -ENOMEM;
	done = recall(file, address->address, frames);
	if (done)
		return done < 0 ? done : 0;
	done = look_up(file, strings, address, frames);
	if (!done)
		remember(file, address->address, &frames->frame[first],
			 frames->count - first);
	return done;
}
