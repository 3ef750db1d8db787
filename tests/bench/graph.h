/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The graphs that everybody collects: n objects of two cells each, every cell
 * refers to an object, and all objects can be reached from object 0, which is
 * the only one that is referred to from outside.
 *
 * A graph is a file, so that programs in any language have the same one: 2n
 * words of 32 bits, the object that each cell refers to; cells 2i and 2i + 1
 * are of object i.
 *
 * Every object is referred to by a cell, so that dropping the reference from
 * outside frees none of them by counting: it takes a collector.
 */
#ifndef REFHEAP_BENCH_GRAPH_H
#define REFHEAP_BENCH_GRAPH_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "contender.h"

struct graph {
	uint32_t n;
	const uint32_t *cell;	/* 2n */
};

static inline struct graph graph_open(const char *path)
{
	struct graph graph;
	struct stat stat;
	void *map;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat))
		fail("cannot read %s: %m", path);
	map = mmap(NULL, stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		fail("cannot map %s: %m", path);
	close(fd);
	graph.n = stat.st_size / (2 * sizeof(uint32_t));
	graph.cell = map;
	return graph;
}

#endif
