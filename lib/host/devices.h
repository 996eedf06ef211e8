// SPDX-License-Identifier: LGPL-2.1-or-later
// Devices by their numbers: those every box has, and those that a rule of DeviceAllow= names
// (systemd.resource-control(5)).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace boxctl::host {

struct DeviceNumber {
    bool block = false;
    unsigned major_number = 0;
    std::optional<unsigned> minor_number = {};  ///< none: all of that major number
    bool operator==(const DeviceNumber&) const = default;
};

struct NamedDevice {
    const char* name;  ///< below /dev
    unsigned major_number;
    unsigned minor_number;
};

// Numbers: Documentation/admin-guide/devices.txt of the kernel. All are character devices.
/// Those that hold nothing of the host's; each box has a node of them.
inline constexpr NamedDevice kPlainDevices[] = {
        {"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
        {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};
/// Where the host has them.
inline constexpr NamedDevice kFuse = {"fuse", 10, 229};
inline constexpr NamedDevice kTun = {"net/tun", 10, 200};

/// What `status`'s st_mode and st_rdev say; nothing when it is no device.
std::optional<DeviceNumber> device_of(mode_t mode, dev_t number);

/// Of "/dev/sda", or of "char-GROUP" and "block-GROUP", where GROUP may be a pattern for the names
/// in /proc/devices (fnmatch(3)). Empty: there is none here.
std::vector<DeviceNumber> find_devices(const std::string& rule);

/// Of a group, by the text of /proc/devices (proc(5)).
std::vector<DeviceNumber> match_device_group(std::string_view proc_devices,
                                             const std::string& rule);

}  // namespace boxctl::host
