// SPDX-License-Identifier: GPL-2.0
/* Paths: what they find, set, delete, and what they refuse. */
#include "fixture.h"

/* root = { node: <Node children=[1, {"key": 2, 5: 3}]> } */
static refheap_id make_tree(struct refheap *s)
{
	static const char *const slots[] = { "children", "parent" };
	struct refheap_type_def type = {
		.name = "Node", .slots = slots, .slot_count = 2,
	};
	refheap_id node, dict = new_dict(s), items[2];
	uint32_t number;

	ok(refheap_set_key_str(s, dict, "key", new_int(s, 2)));
	ok(refheap_set_key(s, dict, new_int(s, 5), new_int(s, 3)));
	items[0] = new_int(s, 1);
	items[1] = dict;
	ok(refheap_type_define(s, &type, &number));
	ok(refheap_new_instance(s, number, &node));
	ok(refheap_new_list(s, items, 2, &dict));
	ok(refheap_set_attr(s, node, "children", dict));
	ok(refheap_set_name(s, "node", node));
	return node;
}

static void assert_path(struct refheap *s, const char *path, int64_t expected)
{
	refheap_id id;
	int64_t value;

	ok(refheap_resolve(s, path, NULL, &id));
	ok(refheap_get_int(s, id, &value));
	assert_int_equal(value, expected);
	ok(refheap_drop(s, id));
}

static void found(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	refheap_id node = make_tree(s);
	char text[64];
	refheap_id id;
	int64_t count;

	assert_path(s, "node.children[0]", 1);
	assert_path(s, "node.children[-1][\"key\"]", 2);
	assert_path(s, "node.children[1]['key']", 2);
	assert_path(s, "node.children[1][5]", 3);
	assert_path(s, "[\"node\"].children[0]", 1);
	strcpy(refheap_format_id(node, text) + strlen(text), ".children[0]");
	assert_path(s, text, 1);
	strcpy(text, "node.children[1][");
	refheap_format_id(new_int(s, 5), text + strlen(text));
	strcat(text, "]");
	assert_path(s, text, 3);

	/* Only the object itself is held afterwards. */
	count = refheap_refcount(s, node);
	ok(refheap_resolve(s, "node", NULL, &id));
	assert_true(id == node);
	assert_int_equal(refheap_refcount(s, node), count + 1);
	ok(refheap_resolve(s, "node.children", NULL, &id));
	assert_int_equal(refheap_refcount(s, node), count + 1);
}

static void not_found(void **state)
{
	static const struct {
		const char *path;
		int err;
	} bad[] = {
		{ "nobody", ENOKEY }, { "node.parent", ENODATA },
		{ "node.unknown", ENODATA }, { "node.children[2]", ERANGE },
		{ "node.children[1][\"none\"]", ENOKEY },
		{ "node.children[1][6]", ENOKEY },
		{ "node.children[\"x\"]", EOPNOTSUPP },
		{ "node.children.x", EOPNOTSUPP },
		{ "node.children[0][0]", EOPNOTSUPP },
		{ "node[0]", EOPNOTSUPP }, { "node..x", EINVAL },
		{ "@ffffffff00000000", EINVAL }, { "@1ffffff", ENOENT }, { "", EINVAL },
	};
	struct fixture *f = *state;
	refheap_id node = make_tree(f->session);
	int64_t count = refheap_refcount(f->session, node);
	refheap_id id = 8;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		fails(refheap_resolve(f->session, bad[i].path, NULL, &id),
		      bad[i].err);
	assert_true(id == 8);
	assert_int_equal(refheap_refcount(f->session, node), count);
}

static void set_and_deleted(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	refheap_id node = make_tree(s);
	refheap_id value = new_int(s, 7777);
	int64_t count = refheap_refcount(s, node);

	ok(refheap_set_path(s, "node.children[0]", value));
	assert_path(s, "node.children[0]", 7777);
	ok(refheap_set_path(s, "node.children[1][\"new\"]", value));
	assert_path(s, "node.children[1][\"new\"]", 7777);
	ok(refheap_set_path(s, "node.children[1][9]", value));
	assert_path(s, "node.children[1][9]", 7777);
	ok(refheap_set_path(s, "node.parent", value));
	ok(refheap_set_path(s, "fresh", value));
	assert_path(s, "fresh", 7777);
	ok(refheap_set_path(s, "[\"odd name\"]", value));
	assert_path(s, "[\"odd name\"]", 7777);
	ok(refheap_del_path(s, "fresh"));
	ok(refheap_del_path(s, "[\"odd name\"]"));
	ok(refheap_del_path(s, "node.children[1][9]"));
	ok(refheap_del_path(s, "node.children[0]"));
	ok(refheap_del_path(s, "node.parent"));
	ok(refheap_del_path(s, "node.children[0][\"new\"]"));
	assert_int_equal(refheap_refcount(s, value), 1);
	assert_int_equal(refheap_refcount(s, node), count);

	fails(refheap_set_path(s, "node.unknown", value), ENODATA);
	fails(refheap_set_path(s, "node.children[7]", value), ERANGE);
	fails(refheap_set_path(s, "nobody.x", value), ENOKEY);
	fails(refheap_set_path(s, "@100000001", value), EINVAL);
	fails(refheap_del_path(s, "fresh"), ENOKEY);
	fails(refheap_del_path(s, "node.parent"), ENODATA);
	assert_int_equal(refheap_refcount(s, value), 1);
	assert_int_equal(refheap_refcount(s, node), count);
}

static int lookup(void *data, const char *name, refheap_id *id)
{
	if (strcmp(name, "wrong") == 0)
		return -EINVAL;
	if (strcmp(name, "variable"))
		return -ENOKEY;
	*id = *(refheap_id *)data;
	return 0;
}

static void scopes_come_first(void **state)
{
	struct fixture *f = *state;
	struct refheap *s = f->session;
	refheap_id node = make_tree(s), other = new_list(s), id;
	struct refheap_scope scope = { .lookup = lookup, .data = &other };
	struct refheap_place place;

	ok(refheap_append(s, other, new_int(s, 3)));
	ok(refheap_set_name(s, "variable", node));
	ok(refheap_resolve(s, "variable", &scope, &id));
	assert_true(id == other);
	ok(refheap_resolve(s, "variable", NULL, &id));
	assert_true(id == node);
	ok(refheap_resolve(s, "node", &scope, &id));
	assert_true(id == node);
	fails(refheap_resolve(s, "wrong", &scope, &id), EINVAL);

	ok(refheap_resolve_parent(s, "variable[0]", &scope, &place));
	assert_true(place.container == other);
	assert_int_equal(place.by, REFHEAP_BY_INDEX);
	assert_int_equal(place.index, 0);
	ok(refheap_place_get(s, &place, &id));
	assert_true(id == new_int(s, 3));
	ok(refheap_place_set(s, &place, node));
	ok(refheap_place_del(s, &place));
	refheap_place_release(s, &place);
	ok(refheap_resolve_parent(s, "variable", &scope, &place));
	assert_true(place.container == REFHEAP_ID_ROOT);
	assert_int_equal(place.by, REFHEAP_BY_TEXT);
	assert_string_equal(place.text, "variable");
	refheap_place_release(s, &place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(found),
		heap_test(not_found),
		heap_test(set_and_deleted),
		heap_test(scopes_come_first),
	};

	return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}
