// SPDX-License-Identifier: LGPL-2.1-or-later
// The two halves of floor: who builds the box (floor.c), and its first process (floor_payload.c).
#pragma once

#include <stdbool.h>

void expect(bool done, const char* what);
void write_to(const char* path, const char* text);

/// Waits for a byte from `ready`, takes its namespaces and limits, executes `command`.
_Noreturn void be_payload(int ready, bool console, char** command);
