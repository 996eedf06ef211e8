// SPDX-License-Identifier: LGPL-2.1-or-later
// Where systemd keeps the trees of machines.
#include <sys/stat.h>

#include "lib/host/facts.h"

namespace boxctl::host {

bool exists(const std::string& path) {
    struct stat status = {};
    return lstat(path.c_str(), &status) == 0;
}

std::string find_machine_directory(const std::string& name) {
    if (!settings::machine_name_fault(name).empty()) return {};
    for (const char* parent : {"/etc/machines", "/run/machines", "/var/lib/machines",
                               "/usr/local/lib/machines", "/usr/lib/machines"}) {
        const std::string path = std::string(parent) + "/" + name;
        struct stat status = {};
        if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return path;
    }
    return {};
}

}  // namespace boxctl::host
