// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/userns/mount_map.h"

#include "lib/base/text.h"
#include "lib/os/userns.h"

namespace boxctl::userns {

std::string mount_map_lines(uint32_t base, uint32_t count) {
    return format("0 %u %u\n%u 0 1\n", base, count, kHostRootOnDisk);
}

Result<os::UniqueFd> make_mount_map(uint32_t base, uint32_t count) {
    const std::string lines = mount_map_lines(base, count);
    return os::make_userns(lines, lines);
}

}  // namespace boxctl::userns
