// SPDX-License-Identifier: LGPL-2.1-or-later
// Field: a value of Settings that knows where it comes from.
#pragma once

#include <string>

namespace boxctl::settings {

/// Where a value was set. Later enumerators win over earlier ones.
enum class Source {
    builtin,
    file,
    option,
    overriding_file,  ///< a file under --settings=override
};

struct Origin {
    Source source = Source::builtin;
    std::string text;  ///< as printed behind a value: "--bind=/srv", "web.nspawn:7"; empty: default
};

/// A value that knows who set it.
template <class T>
struct Field {
    T value{};
    Origin origin;
    [[nodiscard]] bool is_set() const { return origin.source != Source::builtin; }
};

}  // namespace boxctl::settings
