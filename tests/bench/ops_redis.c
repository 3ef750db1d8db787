// SPDX-License-Identifier: GPL-2.0
/*
 * The same as ops_device with Redis over a Unix socket, in pipelines of 256
 * commands: SET a key, SADD it to a set, DEL the key, and one SCARD. Removing
 * the set is not measured. Prints nanoseconds a command.
 */
#include <string.h>
#include "redis.h"

#define TRIPLES		85
#define COMMANDS	(3 * TRIPLES + 1)
#define PIPELINES	20

struct run {
	redisContext *redis;
	unsigned long serial;
};

static void append(redisContext *redis, int argc, const char **argv, const size_t *lengths)
{
	if (redisAppendCommandArgv(redis, argc, argv, lengths))
		fail("cannot send: %s", redis->errstr);
}

static void append_pipeline(struct run *run)
{
	char key[32], payload[16] = "";
	size_t length;
	int i;

	for (i = 0; i < TRIPLES; i++) {
		length = snprintf(key, sizeof(key), "bench:%lu", run->serial++);
		append(run->redis, 3, (const char *[]){ "SET", key, payload },
		       (const size_t []){ 3, length, sizeof(payload) });
		append(run->redis, 3, (const char *[]){ "SADD", "set", key },
		       (const size_t []){ 4, 3, length });
		append(run->redis, 2, (const char *[]){ "DEL", key },
		       (const size_t []){ 3, length });
	}
	append(run->redis, 2, (const char *[]){ "SCARD", "set" }, (const size_t []){ 5, 3 });
}

/* Return: what the last of @n replies says. */
static long long replies(redisContext *redis, int n)
{
	long long value = 0;
	redisReply *reply;

	while (n--) {
		if (redisGetReply(redis, (void **)&reply) || reply->type == REDIS_REPLY_ERROR)
			fail("a command failed");
		value = reply->integer;
		freeReplyObject(reply);
	}
	return value;
}

static void sample(void *arg)
{
	struct run *run = arg;
	uint64_t start = now_ns();
	long long members = 0;
	int i;

	for (i = 0; i < PIPELINES; i++) {
		append_pipeline(run);
		members = replies(run->redis, COMMANDS);
	}
	printf("%.3f\n", (double)(now_ns() - start) / (PIPELINES * COMMANDS));
	if (members != PIPELINES * TRIPLES)
		fail("the set has %lld members", members);
	redisAppendCommand(run->redis, "DEL set");
	replies(run->redis, 1);
}

int main(void)
{
	struct run run = { 0 };

	run.redis = redis_start();
	contend(sample, &run);
	redisFree(run.redis);
	return 0;
}
