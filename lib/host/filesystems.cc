// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/host/filesystems.h"

#include "lib/base/text.h"

namespace boxctl::host {
namespace {

struct Type {
    uint64_t magic;
    const char* name;
    bool can_idmap;
};

// Numbers from linux/magic.h and the file systems' own sources; can_idmap is as of Linux 6.18:
// older kernels refuse some of those marked true (tmpfs before 6.3, say) when they are asked.
// clang-format off
constexpr Type kTypes[] = {
    {0x0000ef53, "ext4",      true},   // ext2 and ext3 are mounted by the same driver
    {0x58465342, "xfs",       true},
    {0x9123683e, "btrfs",     true},
    {0xf2f52010, "f2fs",      true},
    {0x01021994, "tmpfs",     true},
    {0x794c7630, "overlay",   true},
    {0x00004d44, "vfat",      true},
    {0x2011bab0, "exfat",     true},
    {0x73717368, "squashfs",  true},
    {0xe0f5e1e2, "erofs",     true},
    {0x7366746e, "ntfs3",     true},
    {0xca451a4e, "bcachefs",  true},
    {0x2fc12fc1, "zfs",       true},   // a module of its own, since 2.2
    {0x00c36400, "ceph",      true},
    {0x00006969, "nfs",       false},
    {0xfe534d42, "smb2",      false},
    {0xff534d42, "cifs",      false},
    {0x01021997, "9p",        false},
    {0x65735546, "fuse",      false},  // only where the server asks for it
    {0x00c0ffee, "hostfs",    false},
    {0x5346414f, "afs",       false},
    {0x786f4256, "vboxsf",    false},
    {0x00009660, "iso9660",   false},
    {0x858458f6, "ramfs",     false},
    {0x00009fa0, "proc",      false},
    {0x62656572, "sysfs",     false},
};
// clang-format on

const Type* find_type(uint64_t magic) {
    for (const Type& type : kTypes) {
        if (type.magic == magic) return &type;
    }
    return nullptr;
}

}  // namespace

std::string filesystem_name(uint64_t magic) {
    const Type* type = find_type(magic);
    return type != nullptr ? type->name
                           : format("type 0x%llx", static_cast<unsigned long long>(magic));
}

bool filesystem_can_idmap(uint64_t magic) {
    const Type* type = find_type(magic);
    return type == nullptr || type->can_idmap;
}

}  // namespace boxctl::host
