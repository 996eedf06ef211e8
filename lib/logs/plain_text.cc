// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/logs/plain_text.h"

#include <utility>
#include <vector>

#include "lib/base/text.h"
#include "lib/console/sequence.h"

namespace boxctl::logs {
namespace {

/// Takes the last character of UTF-8 text back.
void take_back(std::string& text) {
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80)
        text.pop_back();
    if (!text.empty()) text.pop_back();
}

}  // namespace

std::string plain_text(std::string_view line) {
    std::string seen;  // with its malformed bytes
    bool returned = false;
    while (!line.empty()) {
        const char byte = line.front();
        size_t length = 1;
        if (byte == console::kEscapeByte) {
            length = console::sequence_length(line);
        } else if (byte == '\r') {
            returned = true;  // only what follows writes over it
        } else if (byte == '\b') {
            take_back(seen);
        } else if (byte == '\t' || static_cast<unsigned char>(byte) >= ' ') {
            if (std::exchange(returned, false)) seen.clear();
            if (byte != '\x7f') seen += byte;
        }
        line.remove_prefix(length);
    }
    std::vector<std::string> parts = split(seen, '\t');
    for (std::string& part : parts)
        part = printable(part);
    return join(parts, "\t");
}

}  // namespace boxctl::logs
