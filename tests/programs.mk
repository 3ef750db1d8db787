# SPDX-License-Identifier: GPL-2.0
#
# The programs that machines run, beside the library they test.
#
#	make -f tests/programs.mk

top	:= $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/..)
BUILD	?= $(top)/build/userspace
CFLAGS	?= -O2 -g
FLAGS	:= -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-missing-field-initializers \
	   -I$(top)/include -I$(top)/include/uapi -MMD -MP

PROGRAMS := $(patsubst $(top)/tests/%,%,$(patsubst %/,%,$(dir \
	$(wildcard $(addprefix $(top)/tests/,failnth/main.c kill/main.c)))))
OUT	:= $(addprefix $(BUILD)/tests/,$(PROGRAMS))

all: api $(OUT)

api:
	$(MAKE) -C $(top)/tests/api BUILD=$(BUILD)

# Each folder is one program.
.SECONDEXPANSION:
$(OUT): $(BUILD)/tests/%: $$(wildcard $(top)/tests/$$*/*.[ch]) $(BUILD)/librefheap.so.0
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) -L$(BUILD) -lrefheap -pthread \
		-Wl,-rpath,'$$ORIGIN/..'

.PHONY: all api
-include $(OUT:=.d)
