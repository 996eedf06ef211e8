// SPDX-License-Identifier: LGPL-2.1-or-later
// The input as messages of the launch protocol: the first byte chooses the step that is expected,
// then each message is a length (two bytes, low first) and so many bytes. What must hold whatever
// they are: no crash, nothing read beyond a frame, a step only where a whole frame says so.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>

#include "lib/launch/protocol.h"
#include "lib/os/message.h"

namespace {

using boxctl::launch::Frame;
using boxctl::launch::Link;
using boxctl::launch::Step;

void require(bool holds) {
    if (!holds) abort();
}

bool is_frame(std::span<const uint8_t> message, Step step) {
    Frame frame;
    if (message.size() != sizeof frame) return false;
    memcpy(&frame, message.data(), sizeof frame);
    return frame.step == step;
}

void check_error(const boxctl::Error& error) {
    // The longest is a frame's text, an errno text and a frame's hint.
    require(error.text().size() <= sizeof Frame::text);
    require(error.hint().size() <= sizeof Frame::hint);
    require(error.message().find('\0') == std::string::npos);
}

void try_message(const Link& near, const Link& far, std::span<const uint8_t> message, Step step) {
    // An empty message is how the end of a link looks.
    if (message.empty()) return;
    require(boxctl::os::send_message(near.fd(), std::as_bytes(message), {}).has_value());
    const auto heard = far.expect(step);
    const bool valid = step != Step::failed && is_frame(message, step);
    require(heard.has_value() == valid);
    if (!heard) check_error(heard.error());

    require(boxctl::os::send_message(near.fd(), std::as_bytes(message), {}).has_value());
    const auto ended = far.expect_end();
    require(!ended.has_value());
    check_error(ended.error());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    const auto step = static_cast<Step>(data[0] % 5);
    auto pair = boxctl::os::make_socket_pair();
    require(pair.has_value());
    const Link near(std::move(pair->first));
    const Link far(std::move(pair->second));
    std::span<const uint8_t> rest(data + 1, size - 1);
    while (rest.size() >= 2) {
        const size_t length = static_cast<size_t>(rest[0]) + (static_cast<size_t>(rest[1]) << 8U);
        rest = rest.subspan(2);
        const size_t taken = std::min(length, rest.size());
        try_message(near, far, rest.first(taken), step);
        rest = rest.subspan(taken);
    }
    return 0;
}
