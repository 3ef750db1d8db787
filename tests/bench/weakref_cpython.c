// SPDX-License-Identifier: GPL-2.0
/*
 * Calling CPython's weak references from C, without an interpreter between the
 * calls: a library for weakref_cpython.py to load.
 */
#include <stddef.h>

/* As in CPython's headers, which need not be installed. */
typedef struct _object PyObject;
extern PyObject _Py_NoneStruct;
PyObject *PyList_GetItem(PyObject *list, ptrdiff_t index);
ptrdiff_t PyList_Size(PyObject *list);
PyObject *PyObject_CallNoArgs(PyObject *callable);
PyObject *PyWeakref_GetObject(PyObject *reference);
void Py_DecRef(PyObject *object);

#define OBJECTS_MAX	1024

static PyObject *reference[OBJECTS_MAX];
static ptrdiff_t references;

/* Return: -1 when there are too many. */
int weakref_set(PyObject *list);
/* Each of them, @rounds times. Return: how many were alive. */
long weakref_call(long rounds);
/* The same without a reference to what is found: no more than a look. */
long weakref_peek(long rounds);

int weakref_set(PyObject *list)
{
	ptrdiff_t i;

	references = PyList_Size(list);
	if (references > OBJECTS_MAX)
		return -1;
	for (i = 0; i < references; i++)
		reference[i] = PyList_GetItem(list, i);
	return 0;
}

long weakref_call(long rounds)
{
	PyObject *object;
	long alive = 0;
	ptrdiff_t i;

	while (rounds--)
		for (i = 0; i < references; i++) {
			object = PyObject_CallNoArgs(reference[i]);
			alive += object != &_Py_NoneStruct;
			Py_DecRef(object);
		}
	return alive;
}

long weakref_peek(long rounds)
{
	long alive = 0;
	ptrdiff_t i;

	while (rounds--)
		for (i = 0; i < references; i++)
			alive += PyWeakref_GetObject(reference[i]) != &_Py_NoneStruct;
	return alive;
}
