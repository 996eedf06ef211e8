// SPDX-License-Identifier: LGPL-2.1-or-later
// Environment and command search, the same for what a box starts with and for what enters later.
#pragma once

#include <string>
#include <vector>

namespace boxctl::plan {

constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// NAME=VALUE strings, one a name, built from nothing.
class Environment {
 public:
    /// A later setting of a name replaces the earlier one in place.
    void set(const std::string& name, const std::string& value);
    /// Empty when it is not set.
    [[nodiscard]] std::string get(const std::string& name) const;
    std::vector<std::string> take() && { return std::move(variables_); }

 private:
    std::vector<std::string> variables_;
};

/// The absolute paths that `command` can mean: itself, below `directory` when it holds a slash, or
/// in each place of `path`. Relative places are left out.
std::vector<std::string> search_path(const std::string& command, const std::string& path,
                                     const std::string& directory);

}  // namespace boxctl::plan
