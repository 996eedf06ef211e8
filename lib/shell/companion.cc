// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/companion.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/host/facts.h"
#include "lib/os/file.h"
#include "lib/os/mount.h"
#include "lib/shell/companion_inside.h"

namespace boxctl::shell {
namespace {

constexpr uint64_t kPatience = 10 * event::kSecond;
/// Who kills a cgroup kills one process after the other.
constexpr uint64_t kOneKill = event::kSecond / 2;
constexpr int kTerminated = 128 + SIGTERM;  ///< how box-init says it (init/companion.h)

/// The file as a mount of its own, read-only and attached nowhere: whoever gets hold of the
/// companion's executable in /proc cannot write to it (A1).
Result<os::UniqueFd> detached_copy(const std::string& path) {
    const os::UniqueFd file = BOX_TRY(os::open_host(path, O_PATH));
    os::UniqueFd copy = BOX_TRY(os::clone_mount(file, "", os::Recursion::one));
    os::MountChange change;
    change.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    change.propagation = MS_PRIVATE;
    BOX_TRY(os::change_mount(copy, change, os::Recursion::one));
    return copy;
}

}  // namespace

Result<std::unique_ptr<Companion>> Companion::start(event::Loop& loop, const state::Record& box,
                                                    Events events) {
    auto companion = std::unique_ptr<Companion>(new Companion(loop, std::move(events)));
    BOX_TRY(companion->begin(box));
    return companion;
}

Result<void> Companion::begin(const state::Record& box) {
    const std::string path = host::find_box_init();
    if (path.empty()) return Error(ENOENT, "find box-init, which is installed with boxctl");
    const os::UniqueFd program = BOX_TRY(detached_copy(path));
    listener_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener_.valid()) return errno_error("make a socket");
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return errno_error("make a pipe");
    channel_.reset(ends[0]);
    const os::UniqueFd far(ends[1]);
    const auto act = [&](const Target& target, const launch::Link& to_caller) {
        companion_main({&target, &box, &to_caller, listener_, far, program});
    };
    entering_ = BOX_TRY(Entering::begin(Entering::Joining{box, Place::companion, act, true}));
    source_ = BOX_TRY(loop_.add_io(entering_->fd(), EPOLLIN, [this](uint32_t) { on_entering(); }));
    patience_ = loop_.add_timer(event::now_us() + kPatience,
                                [this] { fail(Error(ETIME, "start the companion of the box")); });
    return {};
}

void Companion::fail(Error error) {
    patience_.reset();
    source_.reset();
    channel_source_.reset();
    entering_.reset();
    forget();
    events_.ready(std::move(error));
}

void Companion::on_entering() {
    auto session = entering_->advance();
    if (!session) return fail(std::move(session).error());
    if (*session) on_ready(std::move(**session));
}

void Companion::on_ready(Session session) {
    patience_.reset();
    source_.reset();
    entering_.reset();
    session_ = std::move(session);
    auto watched = witness({});
    if (!watched) return fail(std::move(watched).error());
    auto listening = listen();
    if (!listening) return fail(std::move(listening).error());
    events_.ready(Result<void>());
}

/// `earlier` was started by another image of this program, if it is open.
Result<void> Companion::witness(os::UniqueFd earlier) {
    if (!session_->leaf.dir.valid()) return {};
    const auto killed = [this] { events_.killed(); };
    witness_ = BOX_TRY(earlier.valid() ? Witness::adopt(loop_, std::move(earlier), killed)
                                       : Witness::start(loop_, session_->leaf.dir, killed));
    return {};
}

/// For its end and for what it has to say.
Result<void> Companion::listen() {
    source_ = BOX_TRY(
            loop_.add_child(session_->pidfd, [this](os::ExitStatus status) { on_end(status); }));
    channel_source_ = BOX_TRY(loop_.add_io(channel_, EPOLLIN, [this](uint32_t) { on_signals(); }));
    return {};
}

void Companion::on_end(os::ExitStatus status) {
    session_->set_reaped();
    channel_source_.reset();
    if (witness_ && status.signal == SIGKILL) {
        patience_ = loop_.add_timer(event::now_us() + kOneKill, [this] {
            patience_.reset();
            forget();
        });
    } else {
        forget();
    }
    events_.lost(status.code == kTerminated);
}

/// The cgroup goes when the last is out of it.
void Companion::forget() {
    witness_.reset();
    session_.reset();
}

void Companion::on_signals() {
    unsigned char signals[16];
    const ssize_t got = read(channel_.get(), signals, sizeof signals);
    // Closed: its end is told by the pidfd.
    if (got == 0) return channel_source_.reset();
    for (ssize_t i = 0; i < got && channel_source_.active(); i++)
        events_.signal(signals[i]);
}

}  // namespace boxctl::shell
