// SPDX-License-Identifier: LGPL-2.1-or-later
// boxctl: finds the verb, has its words read, calls it. Everything else is in verb_*.cc and lib/.
#include <span>
#include <string>
#include <vector>

#include <signal.h>
#include <unistd.h>

#include "cmd/boxctl/help.h"
#include "cmd/boxctl/invoke.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/os/fd.h"
#include "lib/os/journal.h"
#include "lib/os/process.h"
#include "lib/supervise/reload.h"

namespace boxctl::cmd {
namespace {

int unknown_verb(const std::string& word) {
    Error error("unknown " + std::string(word.starts_with('-') ? "option " : "verb ") +
                quote(word));
    std::vector<std::string> known = verb_names();
    known.insert(known.end(), {"--help", "--version"});
    const std::string near = nearest(word, known);
    error.set_hint(near.empty() ? "'boxctl --help' lists the verbs"
                                : "did you mean '" + near + "'?");
    log::error(error.message());
    return kOwnError;
}

std::string_view last_part(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

int dispatch(std::span<const std::string> words, supervise::Start start) {
    if (words.empty()) {
        log::error("no verb given; 'boxctl --help' lists them");
        return kOwnError;
    }
    const std::string& name = words[0];
    if (name == "--help" || name == "-h") return print(overall_help());
    if (name == "--version") return print(version_text());
    const Verb* verb = find_verb(name);
    if (verb == nullptr) return unknown_verb(name);
    const auto made = read_invocation(*verb, words.subspan(1));
    if (!made) {
        log::error(name + ": " + made.error().message());
        return kOwnError;
    }
    if (made->has(kHelpOption)) return print(verb_help_text(*verb));
    if (start.kind == supervise::Start::Kind::resume && verb->mode) {
        return take_over(*made, std::move(start.memfd));
    }
    return verb->act(*made);
}

/// Looks at a handover in the place of its owner and says what is wrong with it.
int look_at(os::BorrowedFd handover) {
    const auto understood = supervise::rehearse(handover);
    if (understood) return 0;
    log::error(understood.error().message());
    return kOwnError;
}

int act(std::span<const std::string> words) {
    auto start = supervise::how_started();
    if (!start) {
        log::error(start.error().message());
        return kOwnError;
    }
    if (start->kind == supervise::Start::Kind::rehearse) return look_at(start->memfd);
    return dispatch(words, std::move(start).value());
}

}  // namespace
}  // namespace boxctl::cmd

int main(int argc, char** argv) {
    if (const auto filled = boxctl::os::fill_standard_fds(); !filled) return boxctl::cmd::kOwnError;
    if (!boxctl::os::default_signal(SIGCHLD)) return boxctl::cmd::kOwnError;
    using boxctl::os::BorrowedFd;
    boxctl::log::show_level(boxctl::os::is_journal_stream(BorrowedFd(STDERR_FILENO)));
    std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
    // Installed under that name, it stands in for it.
    if (argc > 0 && boxctl::cmd::last_part(argv[0]) == "systemd-nspawn") {
        boxctl::log::set_program("systemd-nspawn");
        words.insert(words.begin(), "nspawn");
    }
    return boxctl::cmd::act(words);
}
