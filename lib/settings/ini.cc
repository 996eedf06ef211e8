// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/settings/ini.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include <ini.h>

#include "lib/base/text.h"

namespace boxctl::settings {
namespace {

constexpr size_t kNameMax = 49;  // of a section or key: MAX_SECTION and MAX_NAME of inih are 50
constexpr std::string_view kBlank = " \t";

// What inih would act upon inside a value travels as a control character, which a file cannot hold.
constexpr std::string_view kMarks = " \t;#";
constexpr char kFirstMark = '\x01';

std::string encode(std::string_view value) {
    std::string text(value);
    for (char& c : text) {
        const size_t mark = kMarks.find(c);
        if (mark != std::string_view::npos) c = static_cast<char>(kFirstMark + mark);
    }
    return text;
}

std::string decode(std::string_view value) {
    std::string text(value);
    for (char& c : text) {
        const auto mark = static_cast<unsigned char>(c - kFirstMark);
        if (mark < kMarks.size()) c = kMarks[mark];
    }
    return text;
}

bool is_continued(std::string_view line) {
    const size_t last = line.find_last_not_of('\\');
    const size_t backslashes = line.size() - (last == std::string_view::npos ? 0 : last + 1);
    return backslashes % 2 == 1;
}

std::string_view skip_blanks(std::string_view line) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
    return line;
}

Error error_at(unsigned line, const std::string& text) {
    return Error(std::to_string(line) + ": " + text);
}

/// The lines of `text` as inih is given them: sections, and assignments in pieces that fit its
/// buffer, the second and later ones indented, which it takes for more of the same value.
class Feeder {
 public:
    explicit Feeder(std::string_view text) : text_(text) {
        if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
    }

    Result<IniFile> parse() {
        const int failed = ini_parse_stream(&Feeder::read, this, &Feeder::handle, this);
        if (fault_) return std::move(*fault_);
        // It was given nothing that it cannot read.
        if (failed != 0) return error_at(line_, "cannot be read");
        return std::move(file_);
    }

 private:
    static char* read(char* buffer, int size, void* self) {
        return static_cast<Feeder*>(self)->next(buffer, static_cast<size_t>(size));
    }
    static int handle(void* self, const char* section, const char* key, const char* value) {
        static_cast<Feeder*>(self)->take(section, key, value);
        return 1;
    }

    char* next(char* buffer, size_t size) {
        while (!fault_ && rest_.empty()) {
            if (!next_logical_line()) return nullptr;
        }
        if (fault_) return nullptr;
        // The mark of a further piece is a blank at its start.
        const std::string prefix = first_piece_ ? "" : " ";
        const size_t length = std::min(rest_.size(), size - 1 - prefix.size());
        const std::string piece = prefix + rest_.substr(0, length);
        memcpy(buffer, piece.c_str(), piece.size() + 1);
        rest_.erase(0, length);
        continues_ = !first_piece_;
        first_piece_ = false;
        return buffer;
    }

    void take(const char* section, const char* key, const char* value) {
        if (continues_ && !file_.entries.empty()) {
            file_.entries.back().value += decode(value);
        } else {
            file_.entries.push_back({section, key, decode(value), first_line_});
        }
    }

    bool next_physical_line(std::string_view& line) {
        if (text_.empty()) return false;
        const size_t end = std::min(text_.find('\n'), text_.size());
        line = text_.substr(0, end);
        text_.remove_prefix(std::min(end + 1, text_.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        line_++;
        const bool control = std::any_of(line.begin(), line.end(), [](char c) {
            return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
        });
        if (control) fault_ = error_at(line_, "holds a control character");
        line = skip_blanks(line);
        return !control;
    }

    // Joins continued lines; comments may stand between them (systemd.syntax(7)).
    bool next_logical_line() {
        std::string joined;
        bool continued = false;
        std::string_view line;
        while (next_physical_line(line)) {
            if (line.starts_with('#') || line.starts_with(';')) continue;
            if (!continued) first_line_ = line_;
            continued = is_continued(line);
            joined += continued ? std::string(line.substr(0, line.size() - 1)) + " "
                                : std::string(line);
            if (!continued) break;
        }
        if (fault_) return false;
        const std::string_view whole = trim(joined);
        if (!whole.empty()) take_logical_line(whole);
        return !whole.empty() || !text_.empty();
    }

    void take_logical_line(std::string_view line) {
        first_piece_ = true;
        if (line.front() == '[') return take_header(line);
        const size_t equals = line.find('=');
        const std::string_view key = trim(line.substr(0, equals));
        if (equals == std::string_view::npos) return pass_over("no '=' in " + quote(line));
        if (!in_section_) return pass_over("assignment outside of a section");
        if (in_ignored_) return;
        // A ':' separates for inih, a blank inside is part of no key.
        if (key.empty() || key.size() > kNameMax || key.find_first_of(": \t;") != key.npos) {
            return pass_over("no name of a setting: " + quote(key));
        }
        rest_ = std::string(key) + "=" + encode(trim(line.substr(equals + 1)));
    }

    void take_header(std::string_view line) {
        const std::string_view name = line.substr(1, line.size() - 2);
        if (line.back() != ']' || name.find_first_of("[]") != name.npos) {
            fault_ = error_at(first_line_, "section header does not end: " + quote(line));
            return;
        }
        in_section_ = true;
        in_ignored_ = name.empty() || name.size() > kNameMax || name.find(';') != name.npos;
        if (in_ignored_) return pass_over("no name of a section: " + quote(name));
        rest_ = line;
    }

    void pass_over(std::string why) { file_.oddities.push_back({first_line_, std::move(why)}); }

    std::string_view text_;
    std::string rest_;  // of the logical line that inih is still to get
    unsigned line_ = 0;
    unsigned first_line_ = 0;  // of the logical line
    bool first_piece_ = true;
    bool continues_ = false;  // what inih reads now belongs to the entry before
    bool in_section_ = false;
    bool in_ignored_ = false;
    IniFile file_;
    std::optional<Error> fault_;
};

}  // namespace

Result<IniFile> parse_ini(std::string_view text) {
    return Feeder(text).parse();
}

}  // namespace boxctl::settings
