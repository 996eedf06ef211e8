// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/leaves.h"

#include <sys/epoll.h>

#include "lib/base/log.h"
#include "lib/os/dismiss.h"

namespace boxctl::shell {
namespace {

/// Each costs three descriptors. A box whose programs leave more in the background loses sight of
/// the oldest: their cgroups go with the box.
constexpr size_t kMost = 64;

}  // namespace

void Leaves::take(Session session, Rest rest) {
    os::dismiss(std::move(session.pidfd));
    const cgroup::Leaf& leaf = session.leaf;
    if (!leaf.dir.valid()) return;
    if (rest == Rest::kill) {
        const auto killed = cgroup::kill_all(leaf.dir);
        if (!killed) log::debug(killed.error().message());
    }
    auto events = cgroup::open_events(leaf.dir);
    if (!events) return log::debug(events.error().message());
    left_.push_back({std::move(session), std::move(events).value(), {}});
    const auto left = std::prev(left_.end());
    auto source = loop_.add_io(left->events, EPOLLPRI, [this, left](uint32_t) { look(left); });
    if (!source) return log::debug(source.error().message());
    left->source = std::move(source).value();
    look(left);
    if (left_.size() > kMost) left_.pop_front();
}

/// Its end removes the cgroup.
void Leaves::look(std::list<Left>::iterator left) {
    const auto populated = cgroup::populated(left->events);
    if (!populated || !*populated) left_.erase(left);
}

std::vector<const Session*> Leaves::sessions() const {
    std::vector<const Session*> all;
    all.reserve(left_.size());
    for (const Left& left : left_)
        all.push_back(&left.session);
    return all;
}

}  // namespace boxctl::shell
