// SPDX-License-Identifier: LGPL-2.1-or-later
// Enter: runs one more program in a box that runs already, with at most the rights of its root.
//
// Two processes. The *joiner* is our child on the host's side of the PID namespace, where nobody
// in the box can name it: it lets go of everything of ours, looks the user up in the box's own
// files, joins the box, opens the terminal and clones the *program*, which is a process of the box
// but a child of ours (CLONE_PARENT): we reap it and know exactly how it ended. Where "we" is a
// command, which may be stopped, the parent of both is a third process (reaper.h).
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
//
// All that can hang in a file system which the box serves itself happens in these two, which the
// caller can kill; the caller only ever reads the link. With a terminal the program is a child of
// a keeper (keeper.h), which is what the caller then sees and reaps.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/ioctl.h>

#include "lib/base/result.h"
#include "lib/cgroup/apply.h"
#include "lib/launch/protocol.h"
#include "lib/os/fd.h"
#include "lib/os/process.h"
#include "lib/state/record.h"

namespace boxctl::shell {

struct Target;

/// What a standard descriptor of the program is.
enum class Stdio {
    null,      ///< /dev/null
    passed,    ///< the caller's own; an error for a terminal (E1) or a directory (A2)
    terminal,  ///< a new terminal of the box, Session::master
    given,     ///< EnterRequest::given; a terminal must be one of the box's own
    line,      ///< the terminal of the box at EnterRequest::line
};

/// Whose files say who the user is.
enum class Account {
    of_the_box,  ///< its passwd and group
    plain_root,  ///< nobody's: root, with / as home
};

/// Who is the leader of the program's session where it has a terminal.
enum class Leads {
    keeper,   ///< ours: the last output of a program that exits at once is not lost
    program,  ///< the program itself, for login(1), which hands the terminal on
};

/// In which cgroup the program is: one of its own. In that of PID 1 it would keep an init from
/// enabling controllers below, and could not be once they are (no internal processes, cgroups(7)).
enum class Place {
    beside_payload,  ///< out of the box's reach
    in_payload,      ///< below payload/, seen with the box by who looks at that
    /// There as well, told from sessions by its name; where the box has no controllers with PID 1:
    /// a newer machined kills the cgroup of a machine's leader with what is below, no more. It
    /// needs no witness (witness.h) there.
    companion,
};

struct EnterRequest {
    state::Record box;
    std::string user;  ///< name or number; empty: root
    Account account = Account::of_the_box;
    std::vector<std::string> command;      ///< empty: the user's login shell
    std::vector<std::string> candidates;   ///< paths tried for it; empty: where $PATH leads
    std::vector<std::string> environment;  ///< NAME=VALUE, on top of the standard ones
    std::string directory;                 ///< empty: the user's home, if it is there
    bool directory_optional = false;       ///< else / will do
    std::string term;                      ///< $TERM where there is a terminal
    std::array<Stdio, 3> stdio = {Stdio::null, Stdio::null, Stdio::null};
    std::array<os::BorrowedFd, 3> given = {os::BorrowedFd(-1), os::BorrowedFd(-1),
                                           os::BorrowedFd(-1)};
    std::string line;
    bool record_login = false;    ///< in the box's utmp(5); only with a keeper
    bool login = false;           ///< the line is for login(1), see login_line.h
    std::optional<winsize> size;  ///< of a new terminal, before the program can look
    Leads leads = Leads::keeper;
    Place place = Place::beside_payload;
    bool ignore_sigpipe = false;
};

/// A program in the box. Destroying it kills the program and has it reaped (os::dismiss()), unless
/// its end was seen, and removes its cgroup; what it left behind in the background stays, and goes
/// with the box.
class Session {
 public:
    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    Session(Session&& other) noexcept = default;
    Session& operator=(Session&& other) noexcept;
    ~Session();

    /// The child of the caller that ends as the program does: to be reaped by whoever then calls
    /// set_reaped().
    [[nodiscard]] os::BorrowedFd child() const { return reaper.valid() ? reaper : pidfd; }
    void set_reaped();
    /// Blocks until the program ends, and reaps it.
    Result<os::ExitStatus> wait();
    /// SIGKILL to the program; nothing when it has ended.
    Result<void> kill() const;
    /// Has every process of the session stand still, and go on. Where the box has no cgroup, the
    /// program alone.
    Result<void> suspend() const;
    Result<void> resume() const;

    os::UniqueFd pidfd;   ///< of the program or its keeper, until it is reaped
    pid_t pid = 0;        ///< the same as the caller sees it
    os::UniqueFd reaper;  ///< its parent, if that is not the caller itself
    os::UniqueFd master;  ///< of a new terminal, if there is one
    os::UniqueFd parent;  ///< the cgroup that `leaf` is in, if the box has one
    cgroup::Leaf leaf;    ///< of the program, if it has one of its own
};

/// The first of the two processes. Killed and reaped by whoever no longer needs it.
class Joiner {
 public:
    Joiner() = default;
    explicit Joiner(os::UniqueFd pidfd) : pidfd_(std::move(pidfd)) {}
    Joiner(const Joiner&) = delete;
    Joiner& operator=(const Joiner&) = delete;
    Joiner(Joiner&&) noexcept = default;
    Joiner& operator=(Joiner&& other) noexcept {
        std::swap(pidfd_, other.pidfd_);
        return *this;
    }
    ~Joiner();
    void end();

 private:
    os::UniqueFd pidfd_;
};

/// A program on its way into the box. Destroying it ends that.
class Entering {
 public:
    /// Never waits for the box. What the request refers to can go when this returns. The caller
    /// has one thread.
    static Result<Entering> begin(const EnterRequest& request);

    /// Readable when advance() has something to do.
    [[nodiscard]] os::BorrowedFd fd() const { return link_.fd(); }
    /// Takes the next steps without waiting: the session once the program is executed, until then
    /// nothing. Failing to execute it is an error with exit code 126 or 127.
    Result<std::optional<Session>> advance();
    /// Ends what has begun: a session whose program, if it has one yet, is not reaped.
    Session give_up();

 private:
    friend Result<Session> start_inside(const state::Record&, const std::vector<std::string>&);
    enum class Stage { birth, confinement, execution };

    friend class Companion;
    friend Result<Session> enter(const EnterRequest&);
    enum class Parent { caller, reaper };

    /// Where the joiner starts, whose child the program is, and what the joiner does; it never
    /// returns.
    struct Joining {
        const state::Record& box;
        Place place;
        std::function<void(const Target& target, const launch::Link& to_caller)> act;
        bool waits = true;
        Parent parent = Parent::caller;
    };

    Entering() = default;
    static Result<Entering> begin(const EnterRequest& request, bool waits, Parent parent);
    static Result<Entering> begin(const Joining& joining);
    Result<void> take_birth();

    Session session_;  ///< destroyed last: its cgroup goes when the joiner is out of it
    Joiner joiner_;
    launch::Link link_;
    Stage stage_ = Stage::birth;
    bool waits_ = true;
};

/// Starts the program and returns when it is executed. Waits for the box: for callers that
/// somebody can interrupt, or stop: the program has a reaper.
Result<Session> enter(const EnterRequest& request);

/// Starts a command as the box's root, without input and output. Never waits for the box, which
/// may be hostile or hang: a command that cannot be executed ends with status 126 or 127.
Result<Session> start_inside(const state::Record& box, const std::vector<std::string>& command);

/// The same, and waits for its end: for callers that somebody can interrupt.
Result<os::ExitStatus> run_inside(const state::Record& box,
                                  const std::vector<std::string>& command);

}  // namespace boxctl::shell
