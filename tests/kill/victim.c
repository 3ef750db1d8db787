// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "kill.h"

static int tell;

struct victim start(void (*life)(const struct bed *bed, int fd, void *data),
		    const struct bed *bed, void *data)
{
	struct victim victim;
	int ends[2];
	char byte;

	MUST_SYS(pipe(ends));
	victim.pid = give_birth();
	if (!victim.pid) {
		int fd = device_attach(bed->name);

		must(fd, "attach");
		close(ends[0]);
		tell = ends[1];
		life(bed, fd, data);
		_exit(0);
	}
	close(ends[1]);
	victim.told = ends[0];
	must(read(victim.told, &byte, 1) == 1 ? 0 : -EPIPE, "victim");
	return victim;
}

void stay(void)
{
	MUST_SYS(write(tell, "", 1));
	for (;;)
		pause();
}

bool finish(struct victim *victim)
{
	int status = end(victim->pid);

	close(victim->told);
	return status == 128 + SIGKILL;
}

bool all_gone(const struct bed *bed)
{
	return within(60, bed_look(bed).objects == bed->base.objects);
}
