// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/settings/file.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/settings/ini.h"
#include "lib/settings/refused.h"

namespace boxctl::settings {
namespace {

bool is_family(const Row& row) {
    return row.key.ends_with('*');
}
std::string_view stem(const Row& row) {
    return row.key.substr(0, row.key.size() - 1);
}

std::vector<std::string> known_sections() {
    std::vector<std::string> sections;
    for (const Row& row : rows()) {
        if (row.section.empty()) continue;
        if (std::find(sections.begin(), sections.end(), row.section) == sections.end()) {
            sections.emplace_back(row.section);
        }
    }
    return sections;
}

std::string suggestion(const std::string& near) {
    return near.empty() ? std::string() : "; did you mean " + near + "?";
}

std::string unknown_key(const IniEntry& entry) {
    std::vector<std::string> keys;
    std::string elsewhere;
    for (const Row& row : rows()) {
        if (row.section == entry.section && !is_family(row)) keys.emplace_back(row.key);
        if (row.key == entry.key) elsewhere = "[" + std::string(row.section) + "]";
    }
    std::string text = "unknown key " + quote(entry.key) + " in [" + entry.section + "], ignored";
    if (!elsewhere.empty()) return text + "; it belongs to " + elsewhere;
    const std::string near = nearest(entry.key, keys);
    return text + suggestion(near.empty() ? "" : quote(near));
}

std::string unknown_section(const std::string& section) {
    const std::string near = nearest(section, known_sections());
    return "unknown section [" + printable(section) + "], ignored" +
           suggestion(near.empty() ? "" : "[" + near + "]");
}

// Words between blanks; quotes hold blanks together and go, a backslash is a character as any other
// (what systemd calls unquoting with escapes retained).
Result<std::vector<std::string>> split_words(std::string_view text) {
    std::vector<std::string> words;
    char open = 0;
    bool inside = false;
    for (const char c : text) {
        if (open == 0 && (c == ' ' || c == '\t')) {
            inside = false;
            continue;
        }
        if (!inside) words.emplace_back();
        inside = true;
        if (c == open) {
            open = 0;
        } else if (open == 0 && (c == '"' || c == '\'')) {
            open = c;
        } else {
            words.back() += c;
        }
    }
    if (open != 0) return Error("a quote does not end: " + quote(text));
    return words;
}

class FileReader {
 public:
    explicit FileReader(const FileText& file) : file_(file) {}

    Result<FileSettings> read() {
        const auto ini = parse_ini(file_.text);
        if (!ini) return Error(printable(file_.path) + ":" + ini.error().text());
        for (const IniFile::Oddity& oddity : ini->oddities)
            warn(oddity.line, oddity.text + ", ignored");
        for (const IniEntry& entry : ini->entries)
            BOX_TRY(take(entry).context(place(entry.line)));
        return std::move(made_);
    }

 private:
    [[nodiscard]] std::string place(unsigned line) const {
        return printable(file_.path) + ":" + std::to_string(line);
    }
    void warn(unsigned line, const std::string& text) {
        made_.warnings.push_back(place(line) + ": " + text);
    }

    Result<void> take(const IniEntry& entry) {
        const Row* row = find_key(entry.section, entry.key);
        if (row == nullptr) {
            const RefusedRow* refused = find_refused_key(entry.section, entry.key);
            if (refused == nullptr) return warn_unknown(entry);
            // What an image wants and cannot have is no reason not to start it.
            return file_.trusted ? refusal(entry.key + "=", *refused) : refuse(entry);
        }
        const Origin origin{Source::file, place(entry.line)};
        if (entry.value.empty()) {
            if (!is_allowed(*row, "", file_.trusted)) return refuse(entry);
            made_.statements.push_back({row, "", origin, file_.trusted, true});
            return {};
        }
        std::vector<std::string> values = {entry.value};
        if (row->file_value == FileValue::words) values = BOX_TRY(split_words(entry.value));
        for (std::string& value : values) {
            if (!is_allowed(*row, value, file_.trusted)) return refuse(entry);
            if (is_family(*row)) value = entry.key.substr(stem(*row).size()) + "=" + value;
            made_.statements.push_back({row, std::move(value), origin, file_.trusted, false});
        }
        return {};
    }

    Result<void> warn_unknown(const IniEntry& entry) {
        const std::vector<std::string> sections = known_sections();
        const bool known =
                std::find(sections.begin(), sections.end(), entry.section) != sections.end();
        // systemd.syntax(7): what begins with "X-" is for somebody else.
        if (known && !entry.key.starts_with("X-")) warn(entry.line, unknown_key(entry));
        const bool other = entry.section.starts_with("X-") || entry.section == last_unknown_;
        if (known || other) return {};
        last_unknown_ = entry.section;
        warn(entry.line, unknown_section(entry.section));
        return {};
    }

    Result<void> refuse(const IniEntry& entry) {
        warn(entry.line, quote(entry.key) +
                                 " is not taken from a file beside the tree, ignored; move it to "
                                 "/etc/systemd/nspawn, or use --settings=trusted");
        return {};
    }

    const FileText& file_;
    FileSettings made_;
    std::string last_unknown_;
};

}  // namespace

Result<FileSettings> read_file_settings(const FileText& file) {
    return FileReader(file).read();
}

}  // namespace boxctl::settings
