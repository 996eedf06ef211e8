// SPDX-License-Identifier: LGPL-2.1-or-later
// The input as a settings file; its first byte says whether it is trusted and which verb starts.
// What must hold whatever the text: no crash, messages that a terminal can be trusted with, values
// in the order of their lines, and nothing but what such a file may set.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "lib/base/text.h"
#include "lib/settings/dump.h"
#include "lib/settings/ini.h"
#include "lib/settings/layers.h"

namespace {

using namespace boxctl::settings;

void require(bool holds) {
    if (!holds) abort();
}

void require_printable(const std::string& text) {
    require(boxctl::printable(text) == text);
}

void check_lines(std::string_view text) {
    const auto ini = parse_ini(text);
    if (!ini) return require_printable(ini.error().message());
    unsigned last = 0;
    for (const IniEntry& entry : ini->entries) {
        require(entry.line > last);
        last = entry.line;
        require(!entry.key.empty() && !entry.section.empty());
        require(boxctl::trim(entry.value) == entry.value);
        // It stands in the text, but for lines that were joined.
        const bool joined = text.find("\\\n") != text.npos || text.find("\\\r\n") != text.npos;
        require(joined || text.find(entry.value) != text.npos);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    check_lines(text);
    const bool trusted = (data[0] & 1U) != 0;
    auto file = read_file_settings({"web.nspawn", std::string(text), trusted});
    if (!file) return require_printable(file.error().message()), 0;
    for (const std::string& warning : file->warnings)
        require_printable(warning);
    for (const Statement& statement : file->statements) {
        require(is_allowed(*statement.row, statement.text, trusted));
    }
    const Caller caller{"/home/u", {"HOME=/home/u"}};
    const Mode mode = (data[0] & 2U) != 0 ? Mode::run : Mode::boot;
    const auto line = parse_command_line(mode, std::vector<std::string>{"root"}, caller);
    require(line.has_value());
    for (const std::string& warning : drop_foreign(file->statements, line->settings))
        require_printable(warning);
    const auto made = combine(*line, file->statements, caller);
    if (!made) return require_printable(made.error().message()), 0;
    for (const std::string& fault : validate(*made))
        require_printable(fault);
    for (const std::string& value : describe_file_values(*made))
        require_printable(value);
    require(trusted || made->files.binds.value.empty());
    return 0;
}
