// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/exec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/init/page.h"

namespace boxctl::init {

namespace {

/// What is longer is not handed on: the caller then sees ENOEXEC, as from execve(2).
constexpr size_t kMaxScriptWords = 1024;
constexpr size_t kMaxScriptPath = 4096;

/// Where execvp(3) has found `name`, put together in `place`; null when it does not fit.
const char* find_program(const char* name, char (&place)[kMaxScriptPath]) {
    if (strchr(name, '/') != nullptr) return name;
    const char* path = getenv("PATH");
    if (path == nullptr) path = "/usr/local/bin:/bin:/usr/bin";
    while (true) {
        const size_t length = strcspn(path, ":");
        Page page(place, sizeof place - 1);
        // An empty entry is the working directory.
        page.add(path, length).add(length == 0 ? "./" : "/").add(name);
        place[page.size()] = '\0';
        if (!page.is_cut() && access(place, X_OK) == 0) return place;
        if (path[length] == '\0') return nullptr;
        path += length + 1;
    }
}

/// Apart from execute(): what the child of a vfork(2) does not touch, its parent need not keep.
[[gnu::noinline]] void give_to_shell(char* const* command) {
    static char shell[] = "/bin/sh";
    char place[kMaxScriptPath];
    const char* script = find_program(command[0], place);
    if (script == nullptr) return;
    char* words[kMaxScriptWords + 2] = {shell, const_cast<char*>(script)};
    size_t count = 2;
    for (char* const* word = command + 1; *word != nullptr; ++word) {
        if (count > kMaxScriptWords) return;
        words[count++] = *word;
    }
    (void)execv(shell, words);
}

}  // namespace

int execute(char* const* command) {
    (void)execvp(command[0], command);
    if (errno != ENOEXEC) return errno;
    give_to_shell(command);
    return ENOEXEC;
}

}  // namespace boxctl::init
