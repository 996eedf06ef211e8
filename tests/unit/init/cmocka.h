// SPDX-License-Identifier: LGPL-2.1-or-later
// cmocka's header, which does not know C++, with the headers it wants before it.
#pragma once

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
extern "C" {
#include <cmocka.h>
}
// clang-format on
