// SPDX-License-Identifier: GPL-2.0
/*
 * A module with one fault, chosen when it is loaded, so that it can be seen
 * that each is noticed. Only for a machine that is thrown away.
 */
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *fault = "";
module_param(fault, charp, 0);
MODULE_PARM_DESC(fault, "which one");

/* What the compiler must not know. */
static int volatile three = 3, seventy = 70;

static void use_after_free(void)
{
	char *freed = kmalloc(40, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(freed);
	kfree(freed);
	WRITE_ONCE(freed[8], 1);
}

static void out_of_slab(void)
{
	char *short_one = kmalloc(40, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(short_one);
	if (short_one)
		WRITE_ONCE(short_one[41], 1);
	kfree(short_one);
}

static void shift(void)
{
	three = 1 << seventy;
}

static void bounds(void)
{
	static int volatile few[3];

	few[three] = 1;
}

static DEFINE_MUTEX(one);
static DEFINE_MUTEX(other);

static void take_both(struct mutex *first, struct mutex *second)
{
	mutex_lock(first);
	mutex_lock(second);
	mutex_unlock(second);
	mutex_unlock(first);
}

/* Nobody waits for anybody here, but some day two would. */
static void inversion(void)
{
	mutex_lock(&one);
	mutex_lock(&other);
	mutex_unlock(&other);
	mutex_unlock(&one);
	take_both(&other, &one);
}

static void never_unlock(void)
{
	static DEFINE_MUTEX(kept);

	mutex_lock(&kept);
}

static void sleep_in_atomic(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	msleep(20);
	spin_unlock(&lock);
}

static void leak(void)
{
	int i;

	/* Something may by chance look like a pointer to one of them. */
	for (i = 0; i < 10; i++) {
		void *lost = kmalloc(100, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(lost);
	}
}

static void warn(void)
{
	WARN(three == 3, "planted");
}

static void bug(void)
{
	BUG_ON(three == 3);
}

static void oops(void)
{
	int *nowhere = NULL;

	OPTIMIZER_HIDE_VAR(nowhere);
	WRITE_ONCE(*nowhere, 1);
}

static const struct {
	const char *name;
	void (*plant)(void);
} faults[] = {
	{ "none", NULL },
	{ "use-after-free", use_after_free },
	{ "out-of-slab", out_of_slab },
	{ "shift", shift },
	{ "bounds", bounds },
	{ "inversion", inversion },
	{ "never-unlock", never_unlock },
	{ "sleep-in-atomic", sleep_in_atomic },
	{ "leak", leak },
	{ "warn", warn },
	{ "bug", bug },
	{ "oops", oops },
};

static int __init planted_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (strcmp(fault, faults[i].name))
			continue;
		if (faults[i].plant)
			faults[i].plant();
		return 0;
	}
	return -EINVAL;
}

static void __exit planted_exit(void)
{
}

module_init(planted_init);
module_exit(planted_exit);
MODULE_DESCRIPTION("Planted faults");
MODULE_LICENSE("GPL");
