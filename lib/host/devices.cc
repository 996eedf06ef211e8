// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/host/devices.h"

#include <fnmatch.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/base/text.h"
#include "lib/host/lines.h"
#include "lib/os/file.h"

namespace boxctl::host {
namespace {

constexpr std::string_view kChar = "char-";
constexpr std::string_view kBlock = "block-";
constexpr size_t kMostText = 64U << 10U;

}  // namespace

std::optional<DeviceNumber> device_of(mode_t mode, dev_t number) {
    if (!S_ISCHR(mode) && !S_ISBLK(mode)) return std::nullopt;
    return DeviceNumber{S_ISBLK(mode), gnu_dev_major(number), gnu_dev_minor(number)};
}

std::vector<DeviceNumber> match_device_group(std::string_view proc_devices,
                                             const std::string& rule) {
    const bool block = rule.starts_with(kBlock);
    if (!block && !rule.starts_with(kChar)) return {};
    const std::string pattern = rule.substr(block ? kBlock.size() : kChar.size());
    std::vector<DeviceNumber> found;
    bool here = false;
    while (!proc_devices.empty()) {
        const std::string_view line = trim(take_line(proc_devices));
        if (line.ends_with(':')) here = line == (block ? "Block devices:" : "Character devices:");
        const size_t blank = line.find(' ');
        if (!here || blank == std::string_view::npos) continue;
        const auto number = parse_u32(line.substr(0, blank));
        const std::string name(trim(line.substr(blank)));
        if (number && fnmatch(pattern.c_str(), name.c_str(), 0) == 0) {
            found.push_back({block, *number, std::nullopt});
        }
    }
    return found;
}

std::vector<DeviceNumber> find_devices(const std::string& rule) {
    if (!os::is_absolute(rule)) {
        const auto text = os::read_file("/proc/devices", kMostText);
        return text ? match_device_group(*text, rule) : std::vector<DeviceNumber>();
    }
    struct stat status = {};
    if (stat(rule.c_str(), &status) < 0) return {};
    const auto device = device_of(status.st_mode, status.st_rdev);
    return device ? std::vector{*device} : std::vector<DeviceNumber>();
}

}  // namespace boxctl::host
