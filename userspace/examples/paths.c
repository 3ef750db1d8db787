// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Types, names and paths: a small tree whose nodes know their parents.
 */
#include "example.h"

static uint32_t define_node(struct refheap *session)
{
	static const char *const slots[] = { "label", "parent", "children" };
	const struct refheap_type_def definition = {
		.name = "Node", .slots = slots, .slot_count = 3,
	};
	uint32_t type;

	try(refheap_type_define(session, &definition, &type));
	return type;
}

static refheap_id make_node(struct refheap *session, uint32_t type,
			    const char *label)
{
	refheap_auto_drop struct refheap_ref text = REFHEAP_REF(session);
	refheap_auto_drop struct refheap_ref children = REFHEAP_REF(session);
	refheap_id node;

	try(refheap_new_instance(session, type, &node));
	try(refheap_new_str(session, label, &text.id));
	try(refheap_new_list(session, NULL, 0, &children.id));
	try(refheap_set_attr(session, node, "label", text.id));
	try(refheap_set_attr(session, node, "children", children.id));
	return node;
}

static void add_child(struct refheap *session, refheap_id parent,
		      refheap_id child)
{
	refheap_auto_drop struct refheap_ref children = REFHEAP_REF(session);

	try(refheap_get_attr(session, parent, "children", &children.id));
	try(refheap_append(session, children.id, child));
	try(refheap_set_attr(session, child, "parent", parent));
}

static void print_path(struct refheap *session, const char *path)
{
	refheap_id id;
	char *data;
	int err = refheap_resolve(session, path, NULL, &id);

	if (err) {
		printf("%s: %s\n", path, refheap_strerror(err));
		return;
	}
	try(refheap_get_data(session, id, &data, NULL));
	printf("%s is \"%s\"\n", path, data);
	free(data);
	try(refheap_drop(session, id));
}

int main(void)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_id root, leaf, text;
	uint32_t type;

	try(refheap_open(NULL, 0, &session));
	type = define_node(session);
	root = make_node(session, type, "the root");
	leaf = make_node(session, type, "a leaf");
	add_child(session, root, leaf);
	try(refheap_set_name(session, "tree", root));

	print_path(session, "tree.label");
	print_path(session, "tree.children[0].label");
	print_path(session, "tree.children[-1].parent.label");
	print_path(session, "tree.children[1].label");
	print_path(session, "tree.color");

	try(refheap_new_str(session, "renamed", &text));
	try(refheap_set_path(session, "tree.children[0].label", text));
	print_path(session, "tree.children[0].label");

	try(refheap_del_name(session, "tree"));
	try(refheap_drop(session, root));
	try(refheap_drop(session, leaf));
	/* Parent and child refer to each other: only the collector sees it. */
	printf("collected: %" PRId64 "\n",
	       try(refheap_collect(session, 2, NULL)));
	return 0;
}
