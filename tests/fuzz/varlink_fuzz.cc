// SPDX-License-Identifier: LGPL-2.1-or-later
// The input as a stream of Varlink messages, in two pieces. What must hold whatever the bytes: no
// crash, nothing beyond the bounds, and what was read reads back as it is written.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lib/varlink/message.h"

namespace {

using namespace boxctl;

void require(bool holds) {
    if (!holds) abort();
}

std::string_view bare(std::string_view text) {
    require(text.ends_with('\0'));
    return text.substr(0, text.size() - 1);
}

void try_message(std::string_view text) {
    const auto call = varlink::parse_call(text);
    if (call) {
        const std::string written = varlink::write_call(call->method, call->parameters);
        const auto again = varlink::parse_call(bare(written));
        require(again.has_value() && again->method == call->method);
    }
    const auto reply = varlink::parse_reply(text);
    if (reply) {
        const std::string written = varlink::write_reply(*reply);
        const auto again = varlink::parse_reply(bare(written));
        require(again.has_value() && again->error == reply->error);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    varlink::Splitter splitter;
    for (const std::string_view piece : {bytes.substr(0, size / 2), bytes.substr(size / 2)}) {
        if (!splitter.add(piece)) return 0;
        while (const auto message = splitter.take()) {
            require(message->size() <= varlink::kLongestMessage);
            try_message(*message);
        }
    }
    return 0;
}
