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

# Each of these folders is one program; each file of replay/ is one, too.
FOLDERS	:= $(patsubst $(top)/tests/%/main.c,%,$(wildcard $(addprefix $(top)/tests/,\
	failnth/main.c kill/main.c report/main.c storm/main.c)))
REPLAYS	:= $(patsubst $(top)/tests/%.c,%,$(wildcard $(top)/tests/replay/*.c))
OUT	:= $(addprefix $(BUILD)/tests/,$(FOLDERS) $(REPLAYS))

all: api $(OUT)

$(BUILD)/librefheap.so.0:
	$(MAKE) -C $(top)/userspace BUILD=$(BUILD) lib

api: | $(BUILD)/librefheap.so.0
	$(MAKE) -C $(top)/tests/api BUILD=$(BUILD)

define program
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(CFLAGS) -o $@ $(filter %.c,$^) -L$(BUILD) -lrefheap -pthread \
		-Wl,-rpath,'$$ORIGIN/..:$$ORIGIN/../..'
endef

bed	:= $(top)/tests/bed.c $(top)/tests/bed.h

.SECONDEXPANSION:
$(FOLDERS:%=$(BUILD)/tests/%): $(BUILD)/tests/%: \
		$$(wildcard $(top)/tests/$$*/*.[ch]) $(bed) $(BUILD)/librefheap.so.0
	$(program)

$(REPLAYS:%=$(BUILD)/tests/%): $(BUILD)/tests/%: \
		$(top)/tests/%.c $(bed) $(BUILD)/librefheap.so.0
	$(program)

# It breaks what failnth leaves whole.
$(BUILD)/tests/replay/error_paths: $(addprefix $(top)/tests/failnth/,world.c operations.c \
	world.h operations.h)

.PHONY: all api
-include $(OUT:=.d)
