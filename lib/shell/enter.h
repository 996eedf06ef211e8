// SPDX-License-Identifier: LGPL-2.1-or-later
// Enter: runs one more program in a box that runs already, with at most the rights of its root.
//
// Two processes. The *joiner* is our child on the host's side of the PID namespace, where nobody
// in the box can name it: it lets go of everything of ours, joins the box, opens the terminal and
// clones the *program*, which is a process of the box but a child of ours (CLONE_PARENT): we reap
// it and know exactly how it ended.
//
//     caller                     joiner                        program
//       │ clone into shell-…/ ─────▶│ joins all namespaces
//       │                           │ becomes the box's root
//       │                           │ clone ──────────────────────▶│ waits
//       │◀─ payload_born ───────────✝                              │
//       │── tree_built ───────────────────────────────────────────▶│ terminal, directory
//       │◀─ confined ──────────────────────────────────────────────│ gives up what it must not have
//       │── execute ──────────────────────────────────────────────▶│
//       │◀─ end of file: it runs ──────────────────────────────────│ execve
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <sys/ioctl.h>

#include "lib/base/result.h"
#include "lib/cgroup/apply.h"
#include "lib/os/fd.h"
#include "lib/os/process.h"
#include "lib/state/record.h"

namespace boxctl::shell {

/// What a standard descriptor of the program is.
enum class Stdio {
    null,      ///< /dev/null
    passed,    ///< the caller's own; an error for a terminal (E1) or a directory (A2)
    terminal,  ///< a new terminal of the box, Session::master
};

struct EnterRequest {
    state::Record box;
    std::string user;                      ///< name or number; empty: root
    std::vector<std::string> command;      ///< empty: the user's login shell
    std::vector<std::string> environment;  ///< NAME=VALUE, on top of the standard ones
    std::string directory;                 ///< empty: the home of a login shell, else /
    std::string term;                      ///< $TERM where there is a terminal
    std::array<Stdio, 3> stdio = {Stdio::null, Stdio::null, Stdio::null};
    std::optional<winsize> size;  ///< of the terminal, before the program can look
};

/// A program in the box. Destroying it kills and reaps the program, unless its end was seen, and
/// removes its cgroup; what it left behind in the background stays, and goes with the box.
class Session {
 public:
    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    Session(Session&& other) noexcept = default;
    Session& operator=(Session&& other) noexcept;
    ~Session();

    /// Blocks until the program ends, and reaps it.
    Result<os::ExitStatus> wait();
    /// SIGKILL to the program; nothing when it has ended.
    Result<void> kill() const;

    os::UniqueFd pidfd;    ///< of a child of the caller; reset() by who reaps it
    os::UniqueFd master;   ///< of the terminal, if there is one
    os::UniqueFd machine;  ///< cgroup of the box, if it has one
    cgroup::Leaf leaf;     ///< ours in it
};

/// Starts the program. Returns when it is executed; failing to is an error with exit code 126 or
/// 127. The caller has one thread.
Result<Session> enter(const EnterRequest& request);

/// Starts a command as the box's root, without input and output. Never waits for the box, which
/// may be hostile or hang: a command that cannot be executed ends with status 126 or 127.
Result<Session> start_inside(const state::Record& box, const std::vector<std::string>& command);

/// The same, and waits for its end: for callers that somebody can interrupt.
Result<os::ExitStatus> run_inside(const state::Record& box,
                                  const std::vector<std::string>& command);

}  // namespace boxctl::shell
