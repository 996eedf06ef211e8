// SPDX-License-Identifier: LGPL-2.1-or-later
// The input as a command line (words end at NUL; the first byte chooses the verb), and as the value
// of every row of the settings table. What must hold whatever the text: no crash, messages that a
// terminal can be trusted with, and values that read back as they were written.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/text.h"
#include "lib/settings/cli.h"
#include "lib/settings/dump.h"
#include "lib/settings/table.h"

namespace {

using namespace boxctl::settings;

void require(bool holds) {
    if (!holds) abort();
}

void require_printable(const std::string& text) {
    require(boxctl::printable(text) == text);
}

void try_command_line(std::string_view input) {
    if (input.empty()) return;
    const Mode mode = (static_cast<unsigned char>(input[0]) & 1U) != 0 ? Mode::run : Mode::boot;
    const std::vector<std::string> words = boxctl::split(input.substr(1), '\0');
    const Caller caller{"/home/u", {"HOME=/home/u"}};
    const auto line = parse_command_line(mode, words, caller);
    if (!line) return require_printable(line.error().message());
    for (const std::string& fault : validate(line->settings))
        require_printable(fault);
    const std::string dump = print_settings(line->settings);
    for (const std::string& text : boxctl::split(dump, '\n'))
        require_printable(text);
    require(boxctl::json::parse(boxctl::json::to_text(settings_to_json(line->settings)))
                    .has_value());
}

void require_inside(const std::string& path) {
    require(path.size() > 1 && path[0] == '/' && path.back() != '/');
    for (const std::string& part : boxctl::split(path.substr(1), '/')) {
        require(!part.empty() && part != "." && part != "..");
    }
}

// Whatever was asked for, what is mounted is a proper place in the box, and ids are the box's own.
void require_sound(const Settings& made) {
    for (const BindMount& bind : made.files.binds.value)
        require_inside(bind.destination);
    for (const OverlayMount& overlay : made.files.overlays.value) {
        require_inside(overlay.destination);
        require(!overlay.lowers.empty());
    }
    for (const TmpfsMount& tmpfs : made.files.tmpfs.value)
        require_inside(tmpfs.path);
    for (const HiddenPath& hidden : made.files.inaccessible.value)
        require_inside(hidden.path);
    const UserRange& range = made.exec.private_users.value;
    if (range.kind != UserRange::Kind::fixed) return;
    require(range.count > 0 && range.base >= 65536);
    require(uint64_t{range.base} + range.count <= UINT32_MAX);
}

void try_value(const Row& row, std::string_view text) {
    const Origin origin{Source::option, "fuzz"};
    const Caller caller{"/home/u", {"HOME=/home/u"}};
    Settings made;
    const auto taken = assign(row, made, {text, origin, caller});
    if (!taken) return require_printable(taken.error().message());
    require_sound(made);
    const std::vector<std::string> written = row.access.write(made);
    Settings again;
    for (const std::string& value : written) {
        require(assign(row, again, {value, origin, caller}).has_value());
    }
    require(row.access.write(again) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    try_command_line(input);
    // An argument of a program ends at its first NUL.
    const std::string_view value = input.substr(0, input.find('\0'));
    for (const Row& row : rows())
        try_value(row, value);
    return 0;
}
