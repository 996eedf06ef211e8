// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/launch/protocol.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "lib/base/text.h"
#include "lib/os/message.h"

namespace boxctl::launch {
namespace {

template <size_t N>
void put(char (&field)[N], std::string_view text) {
    const size_t length = std::min(text.size(), N - 1);
    memcpy(field, text.data(), length);
    field[length] = '\0';
}

/// The field up to its end, wherever the other process put it.
template <size_t N>
std::string get(const char (&field)[N]) {
    return {field, strnlen(field, N)};
}

/// The other end may be a program of the box by now: numbers that no honest end sends are nothing
/// to pass on, an exit code of 0 least of all.
Error reported(const Frame& frame) {
    constexpr int kMaxErrno = 4095;  // the kernel's MAX_ERRNO
    const bool honest = frame.value >= 0 && frame.value <= kMaxErrno && frame.exit_code > 0 &&
                        frame.exit_code <= UINT8_MAX;
    if (!honest) return Error(EPROTO, "read a launch frame");
    Error error(frame.value, get(frame.text));
    error.set_hint(get(frame.hint));
    error.set_mount(frame.mount);
    error.set_act_length(frame.act_length);
    error.set_exit_code(frame.exit_code);
    return error;
}

}  // namespace

const char* to_string(Step step) {
    switch (step) {
        case Step::payload_born:
            return "payload-born";
        case Step::tree_built:
            return "tree-built";
        case Step::confined:
            return "confined";
        case Step::execute:
            return "execute";
        case Step::failed:
            return "failed";
        case Step::ids_claimed:
            return "ids-claimed";
        case Step::network_born:
            return "network-born";
        case Step::mount_ready:
            return "mount-ready";
        case Step::attach:
            return "attach";
        case Step::done:
            return "done";
    }
    return "unknown";
}

Result<void> Link::say(Step step, int32_t value, const std::vector<int>& fds) const {
    Frame frame;
    frame.step = step;
    frame.value = value;
    return os::send_message(socket_, std::as_bytes(std::span(&frame, 1)), fds)
            .context(to_string(step));
}

Result<void> Link::fail(const Error& error) const {
    Frame frame;
    frame.step = Step::failed;
    frame.value = error.code();
    frame.exit_code = error.exit_code();
    frame.mount = error.mount();
    // What does not fit is cut off at the end, where that part is.
    const bool fits = error.text().size() < sizeof frame.text;
    frame.act_length = fits ? static_cast<uint32_t>(error.act().size()) : 0;
    put(frame.text, error.text());
    put(frame.hint, error.hint());
    return os::send_message(socket_, std::as_bytes(std::span(&frame, 1)), {});
}

Result<Link::Heard> Link::expect(Step step) const {
    Frame frame;
    os::Received received =
            BOX_TRY(os::receive_message(socket_, std::as_writable_bytes(std::span(&frame, 1))));
    if (received.bytes == 0) {
        return Error(std::string("the other process went away before '") + to_string(step) + "'");
    }
    if (received.bytes != sizeof frame) return Error(EPROTO, "read a launch frame");
    if (frame.step == Step::failed) return reported(frame);
    if (frame.step != step) {
        return Error(
                format("expected '%s' and heard '%s'", to_string(step), to_string(frame.step)));
    }
    Heard heard;
    heard.value = frame.value;
    heard.fds = std::move(received.fds);
    return heard;
}

Result<void> Link::expect_end() const {
    Frame frame;
    const os::Received received =
            BOX_TRY(os::receive_message(socket_, std::as_writable_bytes(std::span(&frame, 1))));
    if (received.bytes == 0) return {};
    if (received.bytes != sizeof frame) return Error(EPROTO, "read a launch frame");
    if (frame.step == Step::failed) return reported(frame);
    return Error(format("expected the end and heard '%s'", to_string(frame.step)));
}

}  // namespace boxctl::launch
