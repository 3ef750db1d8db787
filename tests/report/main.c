// SPDX-License-Identifier: GPL-2.0
/*
 * A heap for reports: main HEAP SECONDS
 *
 * A store of documents, which answers requests for so long, and leaks: a journal
 * grows with each of them, and cycles are left to the collector. One text tries
 * to be markup.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../bed.h"

#define DOCUMENTS	400
#define PARAGRAPHS	6
#define WORDS		60
#define REQUESTS	40	/* a tick */
#define TICK_US		20000
#define FRAMES		12

/* Each function is a frame of its own. */
#define FRAME __attribute__((__noinline__, __noclone__))

static struct refheap *session;
static uint32_t document_type, author_type, request_type;
static refheap_id documents, index_, authors, journal;

static FRAME refheap_id new_text(const char *what, unsigned int number)
{
	char text[128];
	refheap_id id;

	REFHEAP_HERE(session);
	snprintf(text, sizeof(text), "%s %u of the store, as it was written down", what, number);
	MUST(refheap_new_str(session, text, &id));
	return id;
}

static FRAME refheap_id make_paragraphs(unsigned int document)
{
	refheap_id list, text;

	REFHEAP_HERE(session);
	MUST(refheap_new_list(session, NULL, 0, &list));
	for (unsigned int i = 0; i < PARAGRAPHS + document % 5; i++) {
		text = new_text("Paragraph", document * 10 + i);
		MUST(refheap_append(session, list, text));
		MUST(refheap_drop(session, text));
	}
	return list;
}

static void set_attr(refheap_id instance, const char *name, refheap_id value)
{
	MUST(refheap_set_attr(session, instance, name, value));
	MUST(refheap_drop(session, value));
}

static FRAME void index_word(refheap_id document, unsigned int number)
{
	refheap_id list;
	char word[16];

	snprintf(word, sizeof(word), "word%02u", number % WORDS);
	REFHEAP_HERE(session);
	if (refheap_get_key_str(session, index_, word, &list)) {
		MUST(refheap_new_list(session, NULL, 0, &list));
		MUST(refheap_set_key_str(session, index_, word, list));
	}
	MUST(refheap_append(session, list, document));
	MUST(refheap_drop(session, list));
}

static FRAME refheap_id load_document(unsigned int number)
{
	refheap_id document, author, scan;

	REFHEAP_HERE(session);
	MUST(refheap_new_instance(session, document_type, &document));
	set_attr(document, "title", new_text("Document", number));
	set_attr(document, "paragraphs", make_paragraphs(number));
	MUST(refheap_get_index(session, authors, number % 7, &author));
	set_attr(document, "author", author);
	if (number % 8 == 0) {
		REFHEAP_HERE(session);
		MUST(refheap_new_bytearray(session, NULL, 300 + number * 20, &scan));
		set_attr(document, "scan", scan);
	}
	for (unsigned int i = 0; i < 3; i++)
		index_word(document, number * (i + 1));
	return document;
}

static FRAME void load_store(void)
{
	refheap_id document;
	char name[24];

	for (unsigned int i = 0; i < DOCUMENTS; i++) {
		snprintf(name, sizeof(name), "d%03u", i);
		document = load_document(i);
		MUST(refheap_set_key_str(session, documents, name, document));
		MUST(refheap_drop(session, document));
	}
}

static FRAME void load_authors(void)
{
	static const char *const names[] = {
		"Ada", "Grace", "Edsger", "Barbara", "Donald", "Frances", "Niklaus",
	};
	refheap_id author, name;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		REFHEAP_HERE(session);
		MUST(refheap_new_instance(session, author_type, &author));
		MUST(refheap_new_str(session, names[i], &name));
		set_attr(author, "name", name);
		MUST(refheap_append(session, authors, author));
		MUST(refheap_drop(session, author));
	}
}

/* Nobody takes anything out of the journal. */
static FRAME void note_request(refheap_id request, unsigned int number)
{
	refheap_id entry = new_text("Request", number);

	REFHEAP_HERE(session);
	MUST(refheap_set_attr(session, request, "entry", entry));
	MUST(refheap_append(session, journal, entry));
	MUST(refheap_drop(session, entry));
}

static FRAME void answer_request(unsigned int number)
{
	refheap_id request, answer;

	REFHEAP_HERE(session);
	MUST(refheap_new_instance(session, request_type, &request));
	MUST(refheap_new_list(session, &request, 1, &answer));
	set_attr(request, "answer", answer);
	note_request(request, number);
	MUST(refheap_drop(session, request));
}

static void serve(unsigned int ticks)
{
	unsigned int number = 0;

	for (unsigned int tick = 0; tick < ticks; tick++) {
		for (unsigned int i = 0; i < REQUESTS * (1 + tick % 3); i++)
			answer_request(number++);
		if (tick % 64 == 63)
			MUST(refheap_collect(session, 2, NULL));
		usleep(TICK_US);
	}
}

static uint32_t define(const char *name, uint32_t flags, const char *const *slots, size_t count)
{
	const struct refheap_type_def definition = {
		.name = name,
		.flags = flags,
		.slots = slots,
		.slot_count = count,
	};
	uint32_t type;

	MUST(refheap_type_define(session, &definition, &type));
	return type;
}

static refheap_id name_one(const char *name, refheap_id id)
{
	MUST(refheap_set_name(session, name, id));
	MUST(refheap_drop(session, id));
	return id;
}

static void define_all(void)
{
	static const char *const document[] = { "title", "paragraphs", "author", "scan" };
	static const char *const author[] = { "name" };
	refheap_id id;

	document_type = define("Document", 0, document, 4);
	author_type = define("Author", 0, author, 1);
	request_type = define("Request", REFHEAP_TYPE_DICT, NULL, 0);
	MUST(refheap_new_dict(session, NULL, 0, &id));
	documents = name_one("documents", id);
	MUST(refheap_new_dict(session, NULL, 0, &id));
	index_ = name_one("index", id);
	MUST(refheap_new_list(session, NULL, 0, &id));
	authors = name_one("authors", id);
	MUST(refheap_new_list(session, NULL, 0, &id));
	journal = name_one("journal", id);
	MUST(refheap_new_str(session, "</script><img src=x onerror=alert(1)><!--", &id));
	name_one("hostile", id);
	MUST(refheap_new_bytearray(session, NULL, 3 << 18, &id));
	name_one("upload", id);
}

int main(int argc, char **argv)
{
	const struct refheap_trace_options options = { .frames = FRAMES };
	refheap_id mark;

	if (argc != 3) {
		fprintf(stderr, "usage: main HEAP SECONDS\n");
		return 2;
	}
	MUST(refheap_open(argv[1], REFHEAP_ATTACH_CREATE, &session));
	MUST(refheap_trace_start_with(session, &options));
	define_all();
	load_authors();
	load_store();
	/* From now on the reports can begin. */
	MUST(refheap_new_none(session, &mark));
	name_one("ready", mark);
	serve((unsigned int)(atof(argv[2]) * 1000000 / TICK_US));
	refheap_close(session);
	return 0;
}
