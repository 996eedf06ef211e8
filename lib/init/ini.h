// SPDX-License-Identifier: LGPL-2.1-or-later
// The lines of a service file: sections, keys and values, as in a systemd unit.
//
//     # a comment, also with ;
//     [Service web]
//     ExecStart=/usr/bin/server --port 80
//
// Pure. A line that ends in a backslash goes on in the next one; blanks around keys, values and
// continued lines do not count.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/init/limits.h"

namespace boxctl::init {

enum class IniKind : uint8_t { end, section, value, fault };

struct IniItem {
    IniKind kind = IniKind::end;
    uint32_t line = 0;          ///< where it begins
    const char* key = nullptr;  ///< name of the section or key; for a fault, what is wrong
    const char* value = nullptr;
};

class IniReader {
 public:
    /// `text` is borrowed and need not end in a zero.
    IniReader(const char* text, size_t size) : text_(text), size_(size) {}

    /// The next item; its strings live until the next call. A fault is the last item.
    IniItem next();

 private:
    /// Puts the next line, with those it goes on in, into line_. False at the end.
    bool read_line(const char*& fault);
    IniItem take_section();
    IniItem take_value();
    IniItem fault(const char* text) const { return {IniKind::fault, begins_, text, nullptr}; }

    const char* text_;
    size_t size_;
    size_t at_ = 0;
    uint32_t number_ = 0;
    uint32_t begins_ = 0;
    char line_[kMaxServiceLine] = {};
};

}  // namespace boxctl::init
