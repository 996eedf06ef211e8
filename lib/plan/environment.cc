// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/plan/environment.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::plan {

void Environment::set(const std::string& name, const std::string& value) {
    const auto same = std::find_if(variables_.begin(), variables_.end(),
                                   [&](const std::string& v) { return v.starts_with(name + "="); });
    if (same != variables_.end()) {
        *same = name + "=" + value;
    } else {
        variables_.push_back(name + "=" + value);
    }
}

std::string Environment::get(const std::string& name) const {
    for (const std::string& variable : variables_) {
        if (variable.starts_with(name + "=")) return variable.substr(name.size() + 1);
    }
    return {};
}

std::vector<std::string> search_path(const std::string& command, const std::string& path,
                                     const std::string& directory) {
    if (os::is_absolute(command)) return {command};
    if (command.find('/') != std::string::npos)
        return {os::normalize_path(directory + "/" + command)};
    std::vector<std::string> candidates;
    for (const std::string& place : split(path, ':')) {
        if (os::is_absolute(place)) candidates.push_back(os::normalize_path(place + "/" + command));
    }
    return candidates;
}

}  // namespace boxctl::plan
