// SPDX-License-Identifier: LGPL-2.1-or-later
// The conversation of a launch.
//
// Three processes: the *parent* (boxctl), the *builder* (its first child: host privileges, a mount
// namespace of its own; makes the tree and dies) and the *payload* (the builder's sibling, cloned
// by it with CLONE_PARENT; becomes the box's PID 1).
//
// clang-format off
//     parent                    builder                          payload
//       │ clone ──────────────────▶│
//       │                          │ clone(new namespaces) ─────────▶│ waits
//       │ claims the ids           │                                 │ makes its network:
//       │◀─ payload_born ──────────│                                 │ no call of a launch
//       │── ids_claimed ──────────▶│ writes the id maps,             │ takes longer
//       │ starts the watch         │ builds the root                 │
//       │◀─ network_born ────────────────────────────────────────────│
//       │── network_born ─────────▶│ adds what shows the network     │
//       │ makes the cable          │                                 │
//       │◀─ tree_built ────────────│── tree_built ──────────────────▶│
//       │                          ✝                                 │ copies the mounts, gives up
//       │                                                            │ what it must not have,
//       │◀─ confined ────────────────────────────────────────────────│ checks itself
//       │ records the box                                            │
//       │── execute ────────────────────────────────────────────────▶│
//       │◀─ end of file: it runs ────────────────────────────────────│ execve
// clang-format on
//
// Any frame may be `failed` instead. Each link is a SOCK_SEQPACKET pair; the payload's is the
// descriptor that its execve closes. The builder writes to the payload through the parent's end.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/fd.h"

namespace boxctl::launch {

enum class Step : uint32_t {
    payload_born,
    tree_built,
    confined,
    execute,
    failed,
    ids_claimed,
    network_born,
    mount_ready,  ///< shell/bind.h has these three
    attach,
    done,
};
const char* to_string(Step step);

/// Trivially copyable, no pointers: what it holds was written by another process.
struct Frame {
    Step step = Step::failed;
    int32_t value = 0;      ///< payload_born: the payload's pid; ids_claimed: the bits of the first
                            ///< id; failed: errno
    int32_t exit_code = 0;  ///< failed: what boxctl ends with
    uint32_t mount = 0;     ///< failed: Error::mount()
    uint32_t act_length = 0;  ///< failed: of Error::act(); 0: all of the text
    char text[640] = {};      ///< failed: what was attempted, without the errno text
    char hint[320] = {};      ///< failed: what to do
};
static_assert(std::is_trivially_copyable_v<Frame>);

/// One end of a link.
class Link {
 public:
    Link() = default;
    explicit Link(os::UniqueFd socket) : socket_(std::move(socket)) {}

    Result<void> say(Step step, int32_t value = 0, const std::vector<int>& fds = {}) const;
    /// Reports a failure to the other end.
    Result<void> fail(const Error& error) const;

    struct Heard {
        int32_t value = 0;
        std::vector<os::UniqueFd> fds;
    };
    /// Waits for `step`. What the other end reports as failed comes back as that Error; an end that
    /// went away, or another step, is an Error too.
    [[nodiscard]] Result<Heard> expect(Step step) const;
    /// Waits for the other end to close: true when it did, an Error when it reported one.
    [[nodiscard]] Result<void> expect_end() const;

    [[nodiscard]] os::BorrowedFd fd() const { return socket_; }
    void close() { socket_.reset(); }

 private:
    os::UniqueFd socket_;
};

}  // namespace boxctl::launch
