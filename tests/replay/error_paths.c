// SPDX-License-Identifier: GPL-2.0
/*
 * A reference that is leaked when something fails: all that can fail does, in
 * each way that it can, and has to leave the heap as it was. Faults in
 * allocations are injected elsewhere.
 *
 * CVE-2016-0728: a keyring lost a reference each time that joining it failed.
 * CVE-2014-2851: a group list, each time that a ping socket was refused.
 *
 *   error_paths [PATTERN]    operations whose name contains it
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../bed.h"
#include "../failnth/operations.h"

/* What is wrong with an operation. */
struct wrong {
	const char *name;
	/* Return: false when it does not apply. */
	bool (*make)(const struct world *w, struct prepared *p, unsigned int variant);
	unsigned int variants;
	int error;	/* that it must end with; 0: any, or none */
};

static char output[8192];

/* Ids that are nobody's any more, or never were. */

static uint64_t *id_of(struct prepared *p, unsigned int field)
{
	struct { enum thing thing; uint64_t *id; } fields[] = {
		{ p->a, (uint64_t *)&p->op.a },
		{ p->b, (uint64_t *)&p->op.b },
		{ p->c, (uint64_t *)&p->op.c },
	};
	unsigned int count = p->in == p->ids ? p->op.data_len / sizeof(p->ids[0]) : 0;

	if (field < 3)
		return fields[field].thing ? fields[field].id : NULL;
	return field - 3 < count ? &p->ids[field - 3] : NULL;
}

#define FIELDS	7	/* three and four ids */

static bool with_thing(const struct world *w, struct prepared *p, unsigned int field,
		       enum thing thing)
{
	uint64_t *id = id_of(p, field);

	if (id)
		*id = w->thing[thing];
	return id;
}

static bool unknown(const struct world *w, struct prepared *p, unsigned int variant)
{
	return with_thing(w, p, variant, UNKNOWN);
}

static bool dead(const struct world *w, struct prepared *p, unsigned int variant)
{
	return with_thing(w, p, variant, DEAD);
}

static bool no_id(const struct world *w, struct prepared *p, unsigned int variant)
{
	return with_thing(w, p, variant, NO_THING);
}

/* Something else in the place of what is operated on, and of the key. */
static bool another_kind(const struct world *w, struct prepared *p, unsigned int variant)
{
	return with_thing(w, p, variant % 2, 1 + variant / 2);
}

/* Fields. */

static bool bad_flag(const struct world *w, struct prepared *p, unsigned int variant)
{
	(void)w;
	p->op.flags |= 0x8000 >> variant;
	return true;
}

static bool bad_code(const struct world *w, struct prepared *p, unsigned int variant)
{
	(void)w;
	p->op.code = variant ? 0xffff : __REFHEAP_OP_MAX;
	return true;
}

static bool bad_input(const struct world *w, struct prepared *p, unsigned int variant)
{
	(void)w;
	switch (variant) {
	case 0:
		p->op.data_off = 1;
		return p->op.data_len;
	case 1:
		p->op.data_off = UINT32_MAX;
		return p->op.data_len;
	default:
		/* No whole ids. */
		p->op.data_len--;
		return p->in == p->ids;
	}
}

static bool result_of_later(const struct world *w, struct prepared *p, unsigned int variant)
{
	(void)w;
	p->op.flags |= variant < 3 ? REFHEAP_OPF_A_RESULT << variant : 0;
	switch (variant) {
	case 0:
		p->op.a = 1;
		return p->a;
	case 1:
		p->op.b = 0;
		return p->b;
	default:
		p->op.c = UINT64_MAX;
		return p->c;
	}
}

static bool odd_number(const struct world *w, struct prepared *p, unsigned int variant)
{
	static const uint64_t numbers[] = { 1, UINT32_MAX, INT64_MAX, UINT64_MAX };
	uint64_t number = numbers[variant % 4];

	(void)w;
	switch (variant / 4) {
	case 0:
		p->op.arg = number;
		return true;
	case 1:
		p->op.a = number;
		return !p->a;
	case 2:
		p->op.b = number;
		return !p->b;
	default:
		p->op.c = number;
		return !p->c;
	}
}

static bool odd_text(const struct world *w, struct prepared *p, unsigned int variant)
{
	(void)w;
	if (!p->in || p->in == p->ids)
		return false;
	p->in = variant ? "\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe" : "missing key";
	return p->op.data_len <= 11;
}

static const struct wrong wrongs[] = {
	{ "unknown id", unknown, FIELDS, -ENOENT },
	{ "dead id", dead, FIELDS, -ESTALE },
	{ "no id", no_id, FIELDS },
	{ "another kind", another_kind, 2 * (UNKNOWN - 1) },
	{ "bad flag", bad_flag, 8, -EINVAL },
	{ "bad code", bad_code, 2, -EINVAL },
	{ "bad input", bad_input, 3, -EINVAL },
	{ "result of a later one", result_of_later, 3, -EINVAL },
	{ "odd number", odd_number, 16 },
	{ "odd text", odd_text, 2 },
};

/* One operation after the other. */

struct tally {
	unsigned int errors, successes, faults;
};

static int try_it(struct world *w, const struct prepared *p, uint32_t room)
{
	struct refheap_result result;
	int whole;

	return world_op(w, &p->op, p->in, output, room, &result, &whole);
}

/* Return: whether the world is as it was. */
static bool compare(struct world *w, const char *before, const char *name, const char *wrong,
		    unsigned int variant, int err)
{
	char *after = world_snapshot(w), broken[200] = "";
	bool same = !strcmp(before, after);

	if (world_verify(w, broken, sizeof(broken))) {
		printf("# %s, %s %u: %s: verify: %s\n", name, wrong, variant,
		       refheap_strerror(err), broken);
		same = false;
	} else if (!same) {
		printf("# %s, %s %u: %s, but not without a change\n", name, wrong, variant,
		       refheap_strerror(err));
		printf("# was\n%s# is\n%s", before, after);
	}
	free(after);
	return same;
}

/* The world is made anew when it may have changed. */
struct place {
	struct world world;
	char *before;
	bool made;
};

static struct world *enter(struct place *place)
{
	if (!place->made) {
		world_make(&place->world, 3);
		place->before = world_snapshot(&place->world);
		place->made = true;
	}
	return &place->world;
}

static void leave(struct place *place)
{
	if (!place->made)
		return;
	free(place->before);
	world_destroy(&place->world);
	place->made = false;
}

static void judge(struct place *place, const char *name, const char *wrong, unsigned int variant,
		  int err, int wanted, struct tally *tally)
{
	bool good = !wanted || err == wanted;

	if (!good)
		printf("# %s, %s %u: %s, not %s\n", name, wrong, variant,
		       err ? refheap_strerror(err) : "no error", refheap_strerror(wanted));
	tally->errors += err != 0;
	tally->successes += !err;
	if (err)
		good &= compare(&place->world, place->before, name, wrong, variant, err);
	tally->faults += !good;
	if (!err || !good)
		leave(place);
}

static void try_wrongs(struct place *place, size_t n, struct tally *tally)
{
	size_t i;
	unsigned int variant;

	for (i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++)
		for (variant = 0; variant < wrongs[i].variants; variant++) {
			struct world *w = enter(place);
			struct prepared p;

			operation_prepare(w, n, &p);
			if (wrongs[i].make(w, &p, variant))
				judge(place, operation_name(n), wrongs[i].name, variant,
				      try_it(w, &p, sizeof(output)), wrongs[i].error, tally);
		}
}

/* No room for what it puts out: none of it may have been taken. */
static void try_without_room(struct place *place, size_t n, struct tally *tally)
{
	static const uint32_t rooms[] = { 0, 1, 23, 25 };
	size_t i;

	for (i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		struct world *w = enter(place);
		struct prepared p;

		operation_prepare(w, n, &p);
		judge(place, operation_name(n), "no room", rooms[i], try_it(w, &p, rooms[i]), 0,
		      tally);
	}
}

/* Of a batch that was refused as a whole nothing has been done. */
static void try_bad_pointers(struct place *place, size_t n, struct tally *tally)
{
	unsigned int variant;

	for (variant = 0; variant < 3; variant++) {
		struct world *w = enter(place);
		struct refheap_result result;
		struct prepared p;
		struct refheap_batch batch = {
			.size = sizeof(batch), .count = 1, .results = (uintptr_t)&result,
			.ops = (uintptr_t)&p.op,
		};

		operation_prepare(w, n, &p);
		batch.in = (uintptr_t)p.in;
		batch.in_len = p.op.data_len;
		if (variant == 0)
			batch.ops = 8;
		else if (variant == 1)
			batch.in = 8;
		else
			batch.flags = 1U << 31;
		if (variant == 1 && !batch.in_len)
			continue;
		judge(place, operation_name(n), "bad pointer", variant,
		      ioctl(w->fd, REFHEAP_IOC_BATCH, &batch) ? -errno : 0,
		      variant < 2 ? -EFAULT : -EINVAL, tally);
	}
}

/* By who may only read. What succeeds leaves its references with that session. */
static void try_reading_only(struct place *place, size_t n, struct tally *tally)
{
	struct world *w = enter(place);
	struct refheap *reader;
	struct prepared p;
	int err, fd = w->fd;

	operation_prepare(w, n, &p);
	MUST(refheap_open(WORLD_HEAP, REFHEAP_ATTACH_RDONLY, &reader));
	w->fd = refheap_fd(reader);
	err = try_it(w, &p, sizeof(output));
	w->fd = fd;
	refheap_close(reader);
	judge(place, operation_name(n), "reading only", 0, err, 0, tally);
}

/* No object and no byte more than there are. */
static void try_at_the_limit(struct place *place, size_t n, struct tally *tally)
{
	unsigned int variant;

	for (variant = 0; variant < 2; variant++) {
		struct world *w = enter(place);
		struct refheap_heap_info info;
		struct prepared p;
		int err;

		operation_prepare(w, n, &p);
		MUST(refheap_heap_get(w->ctl, w->heap, &info));
		MUST(refheap_heap_set_limits(w->ctl, w->heap, variant ? info.bytes : 0,
					     variant ? 0 : info.objects));
		err = try_it(w, &p, sizeof(output));
		MUST(refheap_heap_set_limits(w->ctl, w->heap, 0, 0));
		judge(place, operation_name(n), "at the limit", variant, err, 0, tally);
	}
}

/* After something failed in the batch: not done, and temporaries are gone. */
static void try_after_a_failure(struct place *place, size_t n, struct tally *tally)
{
	struct world *w = enter(place);
	struct refheap_op ops[4] = {
		{ .code = REFHEAP_OP_LIST, .flags = REFHEAP_OPF_TEMP },
		{ .code = REFHEAP_OP_BYTEARRAY, .flags = REFHEAP_OPF_TEMP, .a = 9000 },
		{ .code = REFHEAP_OP_TAKE, .a = w->thing[DEAD] },
	};
	struct refheap_result results[4] = { { 0 } };
	struct prepared p;
	struct refheap_batch batch = {
		.size = sizeof(batch), .count = 4, .ops = (uintptr_t)ops,
		.results = (uintptr_t)results, .out = (uintptr_t)output,
		.out_len = sizeof(output),
	};
	int err;

	operation_prepare(w, n, &p);
	ops[3] = p.op;
	batch.in = (uintptr_t)p.in;
	batch.in_len = p.op.data_len;
	err = ioctl(w->fd, REFHEAP_IOC_BATCH, &batch) ? -errno : results[2].error;
	judge(place, operation_name(n), "after a failure", 0, err, -ESTALE, tally);
}

static void try_in_a_removed_heap(size_t n, struct tally *tally)
{
	struct world w;
	struct prepared p;
	int err;

	world_make(&w, 3);
	operation_prepare(&w, n, &p);
	MUST(refheap_heap_remove(w.ctl, w.heap));
	err = try_it(&w, &p, sizeof(output));
	if (err != -EIDRM) {
		printf("# %s in a removed heap: %s\n", operation_name(n), refheap_strerror(err));
		tally->faults++;
	}
	tally->errors++;
	world_destroy(&w);
}

static void run(size_t n)
{
	struct place place = { .made = false };
	struct tally tally = { 0 };

	try_wrongs(&place, n, &tally);
	try_without_room(&place, n, &tally);
	try_bad_pointers(&place, n, &tally);
	try_reading_only(&place, n, &tally);
	try_at_the_limit(&place, n, &tally);
	try_after_a_failure(&place, n, &tally);
	leave(&place);
	try_in_a_removed_heap(n, &tally);
	result(!tally.faults, "%s: %u errors without a change, %u successes", operation_name(n),
	       tally.errors, tally.successes);
}

/* The calls. */

/* A structure in memory to which the answer cannot be written. */
static void *unwritable(const void *structure, size_t size)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(page, structure, size);
	MUST_SYS(mprotect(page, 4096, PROT_READ));
	return page;
}

struct call {
	const char *name;
	int (*make)(struct world *w);	/* Return: a negative errno */
	int error;
};

static int call(int fd, unsigned long request, void *structure)
{
	return ioctl(fd, request, structure) ? -errno : 0;
}

static int call_unwritable(int fd, unsigned long request, const void *structure, size_t size)
{
	void *page = unwritable(structure, size);
	int err = call(fd, request, page);

	munmap(page, 4096);
	return err;
}

/* Attaching: a session that does not come about, and heaps that stay unmade. */

static int attach_with(const char *name, struct refheap_attach args, bool writable)
{
	int fd = device_open(), err;

	args.size = sizeof(args);
	if (!args.owner)
		args.owner = REFHEAP_OWNER_SELF;
	strcpy(args.name, name);
	err = writable ? call(fd, REFHEAP_IOC_ATTACH, &args) :
			 call_unwritable(fd, REFHEAP_IOC_ATTACH, &args, sizeof(args));
	close(fd);
	return err;
}
#define ATTACH(name, ...) attach_with(name, (struct refheap_attach){ __VA_ARGS__ }, true)
#define ATTACH_UNWRITABLE(name, ...) \
	attach_with(name, (struct refheap_attach){ __VA_ARGS__ }, false)

static int attach_missing(struct world *w)
{
	(void)w;
	return ATTACH(WORLD_MADE, .flags = 0);
}

static int attach_existing(struct world *w)
{
	(void)w;
	return ATTACH(WORLD_HEAP, .flags = REFHEAP_ATTACH_CREATE | REFHEAP_ATTACH_EXCL);
}

static int attach_unwritable(struct world *w)
{
	(void)w;
	return ATTACH_UNWRITABLE(WORLD_HEAP, .flags = 0);
}

static int create_unwritable(struct world *w)
{
	(void)w;
	return ATTACH_UNWRITABLE(WORLD_MADE, .flags = REFHEAP_ATTACH_CREATE);
}

static int attach_bad_mode(struct world *w)
{
	(void)w;
	return ATTACH(WORLD_MADE, .flags = REFHEAP_ATTACH_CREATE, .mode = 01777);
}

static int attach_bad_name(struct world *w)
{
	(void)w;
	return ATTACH("-bad", .flags = REFHEAP_ATTACH_CREATE);
}

static int attach_twice(struct world *w)
{
	struct refheap_attach args = {
		.size = sizeof(args), .owner = REFHEAP_OWNER_SELF, .name = WORLD_SECOND,
	};

	return call(w->fd, REFHEAP_IOC_ATTACH, &args);
}

static int subscribe_bad_mask(struct world *w)
{
	struct refheap_subscribe args = { .size = sizeof(args), .mask = 1U << 31 };

	return call(w->fd, REFHEAP_IOC_SUBSCRIBE, &args);
}

/* Exporting: the reference is the descriptor's, and there is none. */

static struct refheap_export export_of(struct world *w, enum thing thing)
{
	return (struct refheap_export){
		.size = sizeof(struct refheap_export), .object = w->thing[thing],
	};
}

static int export_unknown(struct world *w)
{
	struct refheap_export args = export_of(w, UNKNOWN);

	return call(w->fd, REFHEAP_IOC_EXPORT, &args);
}

static int export_dead(struct world *w)
{
	struct refheap_export args = export_of(w, DEAD);

	return call(w->fd, REFHEAP_IOC_EXPORT, &args);
}

static int export_bad_flag(struct world *w)
{
	struct refheap_export args = export_of(w, LIST);

	args.flags = 1;
	return call(w->fd, REFHEAP_IOC_EXPORT, &args);
}

static int export_bad_reserved(struct world *w)
{
	struct refheap_export args = export_of(w, LIST);

	args.reserved = 1;
	return call(w->fd, REFHEAP_IOC_EXPORT, &args);
}

static int export_unwritable(struct world *w)
{
	struct refheap_export args = export_of(w, LIST);

	return call_unwritable(w->fd, REFHEAP_IOC_EXPORT, &args, sizeof(args));
}

static int export_without_descriptors(struct world *w)
{
	struct refheap_export args = export_of(w, LIST);
	struct rlimit before, none;
	int err;

	MUST_SYS(getrlimit(RLIMIT_NOFILE, &before));
	none = before;
	none.rlim_cur = 3;
	MUST_SYS(setrlimit(RLIMIT_NOFILE, &none));
	err = call(w->fd, REFHEAP_IOC_EXPORT, &args);
	MUST_SYS(setrlimit(RLIMIT_NOFILE, &before));
	return err;
}

static int export_unattached(struct world *w)
{
	struct refheap_export args = export_of(w, LIST);
	int fd = device_open(), err = call(fd, REFHEAP_IOC_EXPORT, &args);

	close(fd);
	return err;
}

/* Importing. */

static int import_fd(int session, int fd)
{
	struct refheap_import args = { .size = sizeof(args), .fd = fd };

	return call(session, REFHEAP_IOC_IMPORT, &args);
}

static int import_closed(struct world *w)
{
	return import_fd(w->fd, 1000);
}

static int import_negative(struct world *w)
{
	return import_fd(w->fd, -1);
}

static int import_session(struct world *w)
{
	return import_fd(w->fd, refheap_fd(w->other));
}

static int import_file(struct world *w)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), err = import_fd(w->fd, fd);

	close(fd);
	return err;
}

static int with_export(struct world *w, int (*then)(struct world *w, int fd))
{
	struct refheap_export args = export_of(w, LIST);
	int err = call(w->fd, REFHEAP_IOC_EXPORT, &args);

	if (err)
		return err;
	err = then(w, args.fd);
	close(args.fd);
	return err;
}

static int into_another_heap(struct world *w, int fd)
{
	return import_fd(refheap_fd(w->other), fd);
}

static int import_of_another_heap(struct world *w)
{
	return with_export(w, into_another_heap);
}

static int into_unwritable(struct world *w, int fd)
{
	struct refheap_import args = { .size = sizeof(args), .fd = fd };

	return call_unwritable(w->fd, REFHEAP_IOC_IMPORT, &args, sizeof(args));
}

static int import_unwritable(struct world *w)
{
	return with_export(w, into_unwritable);
}

static int into_nowhere(struct world *w, int fd)
{
	int unattached = device_open(), err = import_fd(unattached, fd);

	(void)w;
	close(unattached);
	return err;
}

static int import_unattached(struct world *w)
{
	return with_export(w, into_nowhere);
}

/* An export is no session. */
static int batch_on_export(struct world *w, int fd)
{
	struct refheap_op op = { .code = REFHEAP_OP_LIST };
	struct refheap_result result;
	struct refheap_batch batch = {
		.size = sizeof(batch), .count = 1, .ops = (uintptr_t)&op,
		.results = (uintptr_t)&result,
	};

	(void)w;
	return call(fd, REFHEAP_IOC_BATCH, &batch);
}

static int operate_on_export(struct world *w)
{
	return with_export(w, batch_on_export);
}

/* Events that are read into too little. */

static int read_short(struct world *w)
{
	char bytes[sizeof(struct refheap_event) - 1];

	return read(w->fd, bytes, sizeof(bytes)) < 0 ? -errno : 0;
}

/* Mappings that are refused. */

static int map_at(struct world *w, uint64_t offset, size_t bytes, int protection, int flags)
{
	void *map = mmap(NULL, bytes, protection, flags, w->fd, (off_t)offset);

	if (map == MAP_FAILED)
		return -errno;
	munmap(map, bytes);
	return 0;
}

static int map_view(struct world *w, enum thing thing, size_t bytes, int protection, int flags)
{
	return map_at(w, value_of(w->fd, OP(VIEW, .a = w->thing[thing])), bytes, protection, flags);
}

static int map_privately(struct world *w)
{
	return map_view(w, BYTEARRAY, 4096, PROT_READ, MAP_PRIVATE);
}

static int map_to_execute(struct world *w)
{
	return map_view(w, BYTEARRAY, 4096, PROT_READ | PROT_EXEC, MAP_SHARED);
}

static int map_text_to_write(struct world *w)
{
	return map_view(w, STR, 4096, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static int map_too_much(struct world *w)
{
	return map_view(w, BYTEARRAY, 1 << 20, PROT_READ, MAP_SHARED);
}

static int map_a_list(struct world *w)
{
	return map_at(w, (uint64_t)REFHEAP_ID_SLOT(w->thing[LIST]) << REFHEAP_VIEW_SHIFT, 4096,
		      PROT_READ, MAP_SHARED);
}

static int map_words_to_write(struct world *w)
{
	return map_at(w, REFHEAP_LIVENESS_WORDS, REFHEAP_LIVENESS_BYTES, PROT_READ | PROT_WRITE,
		      MAP_SHARED);
}

static int map_words_askew(struct world *w)
{
	return map_at(w, REFHEAP_LIVENESS_WORDS + 4096, REFHEAP_LIVENESS_BYTES, PROT_READ,
		      MAP_SHARED);
}

static int map_words_of_nothing(struct world *w)
{
	return map_at(w, REFHEAP_LIVENESS_WORDS + 1000 * REFHEAP_LIVENESS_BYTES,
		      REFHEAP_LIVENESS_BYTES, PROT_READ, MAP_SHARED);
}

/* Structures of other sizes. */

static int short_structure(struct world *w)
{
	uint32_t size = 2;

	return call(w->fd, REFHEAP_IOC_BATCH, &size);
}

static int long_structure(struct world *w)
{
	uint8_t bytes[256] = { [255] = 1 };
	uint32_t size = sizeof(bytes);

	memcpy(bytes, &size, sizeof(size));
	return call(w->fd, REFHEAP_IOC_BATCH, bytes);
}

static int unknown_command(struct world *w)
{
	struct refheap_export args = export_of(w, LIST);

	return call(w->fd, _IOWR(REFHEAP_IOC_MAGIC, 0x7f, struct refheap_export), &args);
}

static const struct call calls[] = {
	{ "attach to no heap", attach_missing, -ENOENT },
	{ "attach exclusively", attach_existing, -EEXIST },
	{ "attach, and no answer", attach_unwritable, -EFAULT },
	{ "make a heap, and no answer", create_unwritable, -EFAULT },
	{ "attach with a bad mode", attach_bad_mode, -EINVAL },
	{ "attach with a bad name", attach_bad_name, -EINVAL },
	{ "attach again", attach_twice, -EBUSY },
	{ "subscribe to what is none", subscribe_bad_mask, -EINVAL },
	{ "export what was never there", export_unknown, -ENOENT },
	{ "export what is dead", export_dead, -ESTALE },
	{ "export with a bad flag", export_bad_flag, -EINVAL },
	{ "export with a bad field", export_bad_reserved, -EINVAL },
	{ "export, and no answer", export_unwritable, -EFAULT },
	{ "export without descriptors", export_without_descriptors, -EMFILE },
	{ "export without a heap", export_unattached, -ENXIO },
	{ "import what is closed", import_closed, -EBADF },
	{ "import no descriptor", import_negative, -EBADF },
	{ "import a session", import_session, -EBADF },
	{ "import a file", import_file, -EBADF },
	{ "import from another heap", import_of_another_heap, -EXDEV },
	{ "import, and no answer", import_unwritable, -EFAULT },
	{ "import without a heap", import_unattached, -ENXIO },
	{ "operate on an export", operate_on_export, -ENOTTY },
	{ "read into too little", read_short, -EINVAL },
	{ "map a copy", map_privately, -EINVAL },
	{ "map to execute", map_to_execute, -EACCES },
	{ "map text to write", map_text_to_write, -EACCES },
	{ "map more than there is", map_too_much, -EINVAL },
	{ "map a list", map_a_list, -EOPNOTSUPP },
	{ "map liveness words to write", map_words_to_write, -EACCES },
	{ "map half of liveness words", map_words_askew, -EINVAL },
	{ "map liveness words of nothing", map_words_of_nothing, -ENOENT },
	{ "a structure too short", short_structure, -EINVAL },
	{ "a structure too long", long_structure, -E2BIG },
	{ "an unknown command", unknown_command, -ENOTTY },
};

/* A descriptor that leaked keeps its references, and shows. */
static int lowest_descriptor(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void run_calls(const char *pattern)
{
	struct place place = { .made = false };
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct tally tally = { 0 };
		struct world *w;
		int err, descriptor;

		if (!strstr(calls[i].name, pattern))
			continue;
		w = enter(&place);
		descriptor = lowest_descriptor();
		err = calls[i].make(w);
		if (lowest_descriptor() != descriptor) {
			printf("# %s: a descriptor is left\n", calls[i].name);
			tally.faults++;
		}
		judge(&place, calls[i].name, "as it is", 0, err, calls[i].error, &tally);
		result(!tally.faults, "%s", calls[i].name);
	}
	leave(&place);
}

int main(int argc, char **argv)
{
	const char *pattern = argc > 1 ? argv[1] : "";
	unsigned int heaps = world_heaps();
	size_t n;

	for (n = 0; n < operation_count; n++)
		if (strstr(operation_name(n), pattern))
			run(n);
	run_calls(pattern);
	result(world_heaps() == heaps, "no heap is left");
	return results();
}
