/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A Redis server of one's own on a Unix socket: no TCP, no persistence, ended
 * with the program.
 */
#ifndef REFHEAP_BENCH_REDIS_H
#define REFHEAP_BENCH_REDIS_H

#include <hiredis/hiredis.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "contender.h"

static char redis_folder[] = "/tmp/refheap-bench.XXXXXX";
static char redis_socket[sizeof(redis_folder) + 8];
static pid_t redis_server;

static inline void redis_end(void)
{
	kill(redis_server, SIGKILL);
	waitpid(redis_server, NULL, 0);
	unlink(redis_socket);
	rmdir(redis_folder);
}

static inline void redis_execute(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execlp("redis-server", "redis-server", "--port", "0", "--unixsocket",
	       redis_socket, "--save", "", "--appendonly", "no", "--dir", redis_folder,
	       "--daemonize", "no", "--logfile", "/dev/null", NULL);
	fail("cannot start redis-server: %m");
}

static inline redisContext *redis_connect(void)
{
	redisContext *redis;
	int tries;

	for (tries = 0; tries < 600; tries++) {
		redis = redisConnectUnix(redis_socket);
		if (redis && !redis->err)
			return redis;
		if (redis)
			redisFree(redis);
		usleep(100000);
	}
	fail("redis-server does not answer");
}

/* Starts the server. Return: a connection to it. */
static inline redisContext *redis_start(void)
{
	if (!mkdtemp(redis_folder))
		fail("cannot make a folder: %m");
	snprintf(redis_socket, sizeof(redis_socket), "%s/redis", redis_folder);
	redis_server = fork();
	if (redis_server < 0)
		fail("cannot fork: %m");
	if (!redis_server)
		redis_execute();
	atexit(redis_end);
	return redis_connect();
}

#endif
