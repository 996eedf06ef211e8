// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/program.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/text.h"

namespace boxctl::os {

Result<ExitStatus> run_program(const std::vector<std::string>& command) {
    std::vector<char*> words;
    words.reserve(command.size() + 1);
    // The interface merely lacks the const (posix_spawn(3p), rationale of exec).
    for (const std::string& word : command)
        words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    pid_t pid = 0;
    const int failed = posix_spawnp(&pid, words[0], nullptr, nullptr, words.data(), environ);
    if (failed != 0) return Error(failed, "run " + quote(command[0]));
    const UniqueFd pidfd = BOX_TRY(open_pidfd(pid));
    return wait_for(pidfd);
}

}  // namespace boxctl::os
