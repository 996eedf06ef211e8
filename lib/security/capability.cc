// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/security/capability.h"

#include <cerrno>
#include <iterator>

#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/security/names.h"

namespace boxctl::security {

namespace {

struct Row {
    int capability;
    const char* name;
};

#define BOX_CAPABILITY(name) \
    { name, #name }
// clang-format off
constexpr Row kTable[] = {
        BOX_CAPABILITY(CAP_CHOWN), BOX_CAPABILITY(CAP_DAC_OVERRIDE),
        BOX_CAPABILITY(CAP_DAC_READ_SEARCH), BOX_CAPABILITY(CAP_FOWNER),
        BOX_CAPABILITY(CAP_FSETID), BOX_CAPABILITY(CAP_KILL),
        BOX_CAPABILITY(CAP_SETGID), BOX_CAPABILITY(CAP_SETUID),
        BOX_CAPABILITY(CAP_SETPCAP), BOX_CAPABILITY(CAP_LINUX_IMMUTABLE),
        BOX_CAPABILITY(CAP_NET_BIND_SERVICE), BOX_CAPABILITY(CAP_NET_BROADCAST),
        BOX_CAPABILITY(CAP_NET_ADMIN), BOX_CAPABILITY(CAP_NET_RAW),
        BOX_CAPABILITY(CAP_IPC_LOCK), BOX_CAPABILITY(CAP_IPC_OWNER),
        BOX_CAPABILITY(CAP_SYS_MODULE), BOX_CAPABILITY(CAP_SYS_RAWIO),
        BOX_CAPABILITY(CAP_SYS_CHROOT), BOX_CAPABILITY(CAP_SYS_PTRACE),
        BOX_CAPABILITY(CAP_SYS_PACCT), BOX_CAPABILITY(CAP_SYS_ADMIN),
        BOX_CAPABILITY(CAP_SYS_BOOT), BOX_CAPABILITY(CAP_SYS_NICE),
        BOX_CAPABILITY(CAP_SYS_RESOURCE), BOX_CAPABILITY(CAP_SYS_TIME),
        BOX_CAPABILITY(CAP_SYS_TTY_CONFIG), BOX_CAPABILITY(CAP_MKNOD),
        BOX_CAPABILITY(CAP_LEASE), BOX_CAPABILITY(CAP_AUDIT_WRITE),
        BOX_CAPABILITY(CAP_AUDIT_CONTROL), BOX_CAPABILITY(CAP_SETFCAP),
        BOX_CAPABILITY(CAP_MAC_OVERRIDE), BOX_CAPABILITY(CAP_MAC_ADMIN),
        BOX_CAPABILITY(CAP_SYSLOG), BOX_CAPABILITY(CAP_WAKE_ALARM),
        BOX_CAPABILITY(CAP_BLOCK_SUSPEND), BOX_CAPABILITY(CAP_AUDIT_READ),
        BOX_CAPABILITY(CAP_PERFMON), BOX_CAPABILITY(CAP_BPF),
        BOX_CAPABILITY(CAP_CHECKPOINT_RESTORE)};
// clang-format on
#undef BOX_CAPABILITY

constexpr bool table_is_in_order() {
    for (size_t i = 0; i < std::size(kTable); i++) {
        if (kTable[i].capability != static_cast<int>(i)) return false;
    }
    return std::size(kTable) == kLastCapability + 1;
}
static_assert(table_is_in_order());

}  // namespace

uint64_t default_capabilities(bool private_network) {
    return kDefaultCapabilities | (private_network ? capability_bit(CAP_NET_ADMIN) : 0);
}

Result<int> parse_capability(std::string_view name) {
    std::string wanted = upper(name);
    if (!wanted.starts_with("CAP_")) wanted.insert(0, "CAP_");
    for (const Row& row : kTable) {
        if (wanted == row.name) return row.capability;
    }
    return unknown_name("capability", name, wanted, capability_names());
}

Result<uint64_t> parse_capabilities(std::string_view list) {
    uint64_t mask = 0;
    std::string spaced(list);
    for (char& c : spaced) {
        if (c == ',' || c == '\t' || c == '\n') c = ' ';
    }
    for (const std::string& word : split(spaced, ' ')) {
        if (word.empty()) continue;
        if (upper(word) == "ALL") {
            mask |= kAllCapabilities;
        } else {
            mask |= capability_bit(BOX_TRY(parse_capability(word)));
        }
    }
    return mask;
}

std::string capability_name(int capability) {
    if (capability >= 0 && capability <= kLastCapability) return kTable[capability].name;
    return format("cap_%d", capability);
}

std::vector<std::string> capability_names() {
    std::vector<std::string> names;
    for (const Row& row : kTable)
        names.emplace_back(row.name);
    return names;
}

std::string describe_capabilities(uint64_t mask) {
    if (mask == 0) return "none";
    if (mask == kAllCapabilities) return "all";
    std::vector<std::string> names;
    for (int capability = 0; capability < 64; capability++) {
        if ((mask & capability_bit(capability)) != 0) names.push_back(capability_name(capability));
    }
    return join(names, ",");
}

Result<uint64_t> probe_bounding_set() {
    uint64_t mask = 0;
    for (int capability = 0; capability < 64; capability++) {
        const int held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
        if (held < 0 && errno == EINVAL) break;  // beyond the kernel's last one
        if (held < 0) return errno_error("read the capability bounding set");
        if (held > 0) mask |= capability_bit(capability);
    }
    return mask;
}

int reset_securebits() noexcept {
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return -errno;
    const int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
    if (bits < 0) return -errno;
    if (bits == SECUREBITS_DEFAULT) return 0;
    return prctl(PR_SET_SECUREBITS, SECUREBITS_DEFAULT, 0, 0, 0) == 0 ? 0 : -errno;
}

int drop_bounding(uint64_t keep) noexcept {
    for (int capability = 0; capability < 64; capability++) {
        if ((keep & capability_bit(capability)) != 0) continue;
        const int held = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
        if (held < 0) return errno == EINVAL ? 0 : -errno;  // beyond the kernel's last one: done
        if (held == 0) continue;
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return -errno;
    }
    return 0;
}

int set_capabilities(uint64_t mask, uint64_t ambient) noexcept {
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return -errno;
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
    for (size_t half = 0; half < std::size(data); half++) {
        const auto bits = static_cast<uint32_t>(mask >> (32 * half));
        data[half].effective = bits;
        data[half].permitted = bits;
        data[half].inheritable = static_cast<uint32_t>(ambient >> (32 * half));
    }
    if (syscall(SYS_capset, &header, data) != 0) return -errno;
    for (int capability = 0; capability < 64; capability++) {
        if ((ambient & capability_bit(capability)) == 0) continue;
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) return -errno;
    }
    return 0;
}

}  // namespace boxctl::security
