// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/output.h"

#include <cerrno>

#include <unistd.h>

#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/result.h"

namespace boxctl::cmd {

int print(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            log::error(errno_error("write standard output").message());
            return kOwnError;
        }
        text.remove_prefix(static_cast<size_t>(written));
    }
    return 0;
}

bool to_terminal() {
    return isatty(STDOUT_FILENO) == 1;
}

std::string version_text() {
    return "boxctl " BOXCTL_VERSION "\n";
}

}  // namespace boxctl::cmd
