// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/arena.h"

#include <string.h>

#include "lib/init/limits.h"

namespace boxctl::init {

namespace {

alignas(void*) char memory[kMaxServiceText];
size_t used = 0;

}  // namespace

void* take_memory(size_t size) {
    const size_t rounded = (size + sizeof(void*) - 1) / sizeof(void*) * sizeof(void*);
    if (rounded < size || rounded > kMaxServiceText - used) return nullptr;
    void* taken = memory + used;
    used += rounded;
    return taken;
}

char* keep_text(const char* text, size_t length) {
    char* copy = length < kMaxServiceText ? static_cast<char*>(take_memory(length + 1)) : nullptr;
    if (copy == nullptr) return nullptr;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void reset_memory() {
    memset(memory, 0, used);
    used = 0;
}

}  // namespace boxctl::init
