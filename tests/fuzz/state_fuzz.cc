// SPDX-License-Identifier: LGPL-2.1-or-later
// The input as state.json, and as the note of a bind. What must hold whatever the text: no crash,
// messages that a terminal can be trusted with, and records that read back as they were written.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lib/base/text.h"
#include "lib/state/binds.h"
#include "lib/state/record.h"

namespace {

using boxctl::state::Record;

void require(bool holds) {
    if (!holds) abort();
}

void require_readable(const Record& record) {
    const std::string written = boxctl::state::to_json(record);
    const auto again = boxctl::state::from_json(written);
    require(again.has_value());
    require(boxctl::state::to_json(*again) == written);
}

// A path can hold any bytes but NUL.
void try_as_path(std::string_view text) {
    Record record;
    record.name = "web";
    record.root = text.substr(0, text.find('\0'));
    record.notes = {record.root};
    record.poweroff.command = {record.root};
    require_readable(record);
    boxctl::state::BindNote note;
    note.source = note.target = note.place = text;
    const auto again = boxctl::state::bind_from_json(to_json(note, {}));
    require(again.has_value() && again->note.place == text);
}

void require_printable(const boxctl::Error& error) {
    const std::string message = error.message();
    require(!message.empty() && boxctl::printable(message) == message);
}

void try_as_bind(std::string_view text) {
    const auto bind = boxctl::state::bind_from_json(text);
    if (!bind) return require_printable(bind.error());
    const std::string written = to_json(bind->note, bind->leader);
    const auto again = boxctl::state::bind_from_json(written);
    require(again.has_value() && to_json(again->note, again->leader) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    try_as_path(text);
    try_as_bind(text);
    const auto record = boxctl::state::from_json(text);
    if (!record) {
        require_printable(record.error());
        return 0;
    }
    require(record->leader.pid >= 0 && record->supervisor.pid >= 0);
    require_readable(*record);
    return 0;
}
