// SPDX-License-Identifier: GPL-2.0
/*
 * The same as cache_device with Redis over a Unix socket: cache_redis get|put.
 *
 * One command at a time. The policy is allkeys-lru, and the memory what the
 * server uses when the entries are in it, so that it has about as many of them
 * as the cache has later, too. Prints nanoseconds a command.
 */
#include <stdbool.h>
#include <string.h>
#include "cache.h"
#include "redis.h"

#define SLACK		(1 << 20)	/* for buffers: a get must find its key */

struct run {
	redisContext *redis;
	struct cache_load load;
};

static redisReply *command(redisContext *redis, int argc, const char **argv,
			   const size_t *lengths)
{
	redisReply *reply = redisCommandArgv(redis, argc, argv, lengths);

	if (!reply || reply->type == REDIS_REPLY_ERROR)
		fail("a command failed: %s", reply ? reply->str : redis->errstr);
	return reply;
}

static void put(struct run *run, const char *key)
{
	freeReplyObject(command(run->redis, 3, (const char *[]){
		"SET", key, cache_next_value(&run->load) },
		(const size_t []){ 3, strlen(key), CACHE_VALUE }));
}

static void get(struct run *run, const char *key)
{
	redisReply *reply = command(run->redis, 2, (const char *[]){ "GET", key },
				    (const size_t []){ 3, strlen(key) });

	if (reply->type != REDIS_REPLY_STRING || reply->len != CACHE_VALUE)
		fail("no value for %s", key);
	freeReplyObject(reply);
}

static void report(uint64_t start)
{
	printf("%.3f\n", (double)(now_ns() - start) / CACHE_CALLS);
}

static void get_sample(void *arg)
{
	struct run *run = arg;
	uint64_t start = now_ns();
	unsigned int i;

	for (i = 0; i < CACHE_CALLS; i++)
		get(run, cache_next_key(&run->load, CACHE_ENTRIES));
	report(start);
}

static long long entries(redisContext *redis)
{
	redisReply *reply = command(redis, 1, (const char *[]){ "DBSIZE" },
				    (const size_t []){ 6 });
	long long count = reply->integer;

	freeReplyObject(reply);
	return count;
}

static void put_sample(void *arg)
{
	struct run *run = arg;
	uint64_t start = now_ns();
	unsigned int i;
	long long has;

	for (i = 0; i < CACHE_CALLS; i++)
		put(run, cache_next_key(&run->load, 2 * CACHE_ENTRIES));
	report(start);
	has = entries(run->redis);
	if (has < CACHE_ENTRIES * 8 / 10 || has > CACHE_ENTRIES * 12 / 10)
		fail("the server has %lld entries", has);
}

static unsigned long long used_memory(redisContext *redis)
{
	redisReply *reply = command(redis, 2, (const char *[]){ "INFO", "memory" },
				    (const size_t []){ 4, 6 });
	const char *used = strstr(reply->str, "used_memory:");
	unsigned long long bytes;

	if (!used)
		fail("the server does not tell its memory");
	bytes = strtoull(used + strlen("used_memory:"), NULL, 10);
	freeReplyObject(reply);
	return bytes;
}

static void limit_memory(redisContext *redis, unsigned long long bytes)
{
	redisReply *reply = redisCommand(redis, "CONFIG SET maxmemory-policy allkeys-lru "
						"maxmemory %llu", bytes);

	if (!reply || reply->type == REDIS_REPLY_ERROR)
		fail("cannot limit the memory");
	freeReplyObject(reply);
}

int main(int argc, char **argv)
{
	struct run run = { .load = { .random = RANDOM_SEED } };
	unsigned int i;
	bool gets;

	if (argc != 2)
		fail("usage: cache_redis get|put");
	gets = !strcmp(argv[1], "get");
	run.redis = redis_start();
	for (i = 0; i < CACHE_ENTRIES; i++)
		put(&run, cache_key(&run.load, i));
	limit_memory(run.redis, used_memory(run.redis) + (gets ? SLACK : 0));
	contend(gets ? get_sample : put_sample, &run);
	redisFree(run.redis);
	return 0;
}
