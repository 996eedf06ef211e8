// SPDX-License-Identifier: LGPL-2.1-or-later
// Mount plans as text: stable, one line an operation, for --dry-run and golden tests.
#include <sys/mount.h>
#include <sys/stat.h>

#include "lib/base/scope_guard.h"
#include "lib/base/text.h"
#include "lib/rootfs/plan.h"

namespace boxctl::rootfs {
namespace {

std::string with(const std::string& text, const std::string& more) {
    return more.empty() ? text : text + " " + more;
}

std::string describe_options(const MountOptions& options) {
    std::vector<std::string> parts;
    for (const auto& [key, value] : options)
        parts.push_back(value.empty() ? key : key + "=" + value);
    return join(parts, ",");
}

std::string describe_node(const Node& node) {
    switch (node.mode & S_IFMT) {
        case S_IFCHR:
            return format("character device %u:%u mode=%04o", node.major_number, node.minor_number,
                          node.mode & 07777U);
        case S_IFBLK:
            return format("block device %u:%u mode=%04o", node.major_number, node.minor_number,
                          node.mode & 07777U);
        case S_IFIFO:
            return format("fifo mode=%04o", node.mode & 07777U);
        case S_IFSOCK:
            return format("socket mode=%04o", node.mode & 07777U);
        default:
            return format("empty file mode=%04o", node.mode & 07777U);
    }
}

std::string describe_overlay(const Overlay& overlay) {
    std::vector<std::string> lowers;
    for (const std::string& lower : overlay.lowers)
        lowers.push_back(lower);
    std::string text = "overlay lower=" + printable(join(lowers, ":"));
    if (overlay.scratch) text += " upper=tmpfs";
    if (!overlay.upper.empty()) text += " upper=" + printable(overlay.upper);
    if (overlay.idmapped) text += " idmapped";
    return with(text, describe_attributes(overlay.attributes));
}

std::string describe_set(const SetAttributes& what) {
    std::string text = "set";
    if (what.set != 0) text += " +" + describe_attributes(what.set);
    if (what.clear != 0) text += " -" + describe_attributes(what.clear);
    return what.tree ? text + " recursive" : text;
}

std::string describe_bind(const Bind& what) {
    std::string text = "bind " + printable(what.source);
    if (!what.recursive) text += " norbind";
    switch (what.owners) {
        case Bind::Owners::by_idmapped:
            if (what.idmapped) text += " idmapped";
            break;
        case Bind::Owners::root:
            text += " owner=root";
            break;
        case Bind::Owners::target:
            text += " owner=target's";
            break;
        case Bind::Owners::listed:
            for (const settings::MappedIds& ids : what.map)
                text += format(" owner=%u..%u->%u", ids.host, ids.host + ids.count - 1, ids.box);
            for (const settings::MappedIds& ids : what.group_map)
                text += format(" group=%u..%u->%u", ids.host, ids.host + ids.count - 1, ids.box);
            break;
    }
    if (what.device) text += " device";
    if (what.propagate) text += " slave";
    return with(text, describe_attributes(what.attributes));
}

}  // namespace

std::string describe_attributes(uint64_t attributes) {
    std::vector<std::string> words;
    if ((attributes & MOUNT_ATTR_RDONLY) != 0) words.emplace_back("ro");
    if ((attributes & MOUNT_ATTR_NOSUID) != 0) words.emplace_back("nosuid");
    if ((attributes & MOUNT_ATTR_NODEV) != 0) words.emplace_back("nodev");
    if ((attributes & MOUNT_ATTR_NOEXEC) != 0) words.emplace_back("noexec");
    if ((attributes & MOUNT_ATTR__ATIME) == MOUNT_ATTR_NOATIME) words.emplace_back("noatime");
    if ((attributes & MOUNT_ATTR__ATIME) == MOUNT_ATTR_STRICTATIME)
        words.emplace_back("strictatime");
    if ((attributes & MOUNT_ATTR_NODIRATIME) != 0) words.emplace_back("nodiratime");
    return join(words, " ");
}

std::string describe(const MountOp& op) {
    const std::string what = std::visit(
            Overloaded{
                    [](const ApiFs& fs) {
                        return with(with(fs.type, describe_options(fs.options)),
                                    describe_attributes(fs.attributes));
                    },
                    [](const Bind& bind) { return describe_bind(bind); },
                    [](const BindInside& bind) {
                        return with("bind +" + printable(bind.source) +
                                            (bind.recursive ? "" : " norbind"),
                                    describe_attributes(bind.attributes));
                    },
                    [](const Mask&) { return std::string("mask"); },
                    [](const SetAttributes& change) { return describe_set(change); },
                    [](const Overlay& overlay) { return describe_overlay(overlay); },
                    [](const Node& node) { return describe_node(node); },
                    [](const Symlink& link) { return "link to " + printable(link.to); },
                    [](const Directory& made) { return format("directory mode=%04o", made.mode); },
                    [](const File& file) {
                        return format("file of %zu bytes mode=%04o", file.content.size(),
                                      file.mode);
                    },
                    [](const CopyFile& copy) { return "copy of " + copy.source; },
                    [](const RandomId&) { return std::string("random uuid"); },
                    [](const Remove&) { return std::string("remove"); },
                    [](const NotifySocket&) { return std::string("notify socket"); },
                    [](const Terminal& terminal) { return format("terminal %d", terminal.index); },
                    [](const SameTerminal& terminal) {
                        return format("terminal %d again", terminal.index);
                    },
            },
            op.what);
    return printable(op.target) + "  " + what + "  # " + printable(op.why);
}

std::string describe(const RootPlan& root) {
    std::string text;
    switch (root.kind) {
        case RootPlan::Kind::tree:
            text = printable(root.path);
            break;
        case RootPlan::Kind::overlay:
            text = printable(root.path) + " below a tmpfs";
            break;
        case RootPlan::Kind::usr:
            text = "tmpfs with " + printable(root.path) + "/usr";
            break;
    }
    if (root.idmapped) text += " idmapped";
    if (root.read_only) text += " ro";
    return text;
}

}  // namespace boxctl::rootfs
