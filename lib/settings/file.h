// SPDX-License-Identifier: LGPL-2.1-or-later
// File: the text of one settings file to statements, by the columns `section` and `key` of the
// table. Pure; where files are looked for is files.h.
#pragma once

#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/settings/settings.h"
#include "lib/settings/table.h"

namespace boxctl::settings {

struct FileText {
    std::string path;
    std::string text;
    bool trusted = false;  ///< the administrator's; else it came with the image
};

/// A value for a row that is still to be parsed.
struct Statement {
    const Row* row = nullptr;
    std::string text;
    Origin origin;  ///< of an option: how it was written; of a file: "PATH:LINE"
    bool trusted = true;
    bool resets = false;  ///< an empty value: forget what files said before about this row
};

struct FileSettings {
    std::vector<Statement> statements;
    std::vector<std::string> warnings;  ///< whole sentences that begin with PATH:LINE
};

/// Keys that nobody knows and keys that the file is not trusted with are left out and warned about.
/// An error where the file cannot be read as one.
Result<FileSettings> read_file_settings(const FileText& file);

}  // namespace boxctl::settings
