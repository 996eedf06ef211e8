// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <utility>

#include "lib/base/text.h"
#include "lib/settings/paths.h"
#include "lib/settings/values.h"
#include "lib/settings/words.h"

namespace boxctl::settings {
namespace {

enum class BindOption { rbind, norbind, idmap, noidmap, rootidmap, owneridmap, map, control };
constexpr Word<BindOption> kBindOptions[] = {
        {BindOption::rbind, "rbind"},         {BindOption::norbind, "norbind"},
        {BindOption::idmap, "idmap"},         {BindOption::noidmap, "noidmap"},
        {BindOption::rootidmap, "rootidmap"}, {BindOption::owneridmap, "owneridmap"},
        {BindOption::map, "map=HOST/BOX"},    {BindOption::control, "control"},
};
constexpr std::string_view kMap = "map=";

bool overlap(uint32_t one, uint32_t other, const MappedIds& a, const MappedIds& b) {
    return uint64_t{one} < uint64_t{other} + b.count && uint64_t{other} < uint64_t{one} + a.count;
}

/// "1000/0" or "1000/0/10"
Result<MappedIds> parse_map(std::string_view text) {
    const Error malformed("not map=HOST/BOX or map=HOST/BOX/COUNT: " + quote(text));
    const std::vector<std::string> parts = split(text, '/');
    if (parts.size() < 2 || parts.size() > 3) return malformed;
    const auto host = parse_u32(parts[0]);
    const auto box = parse_u32(parts[1]);
    const auto count = parts.size() == 3 ? parse_u32(parts[2]) : 1;
    if (!host || !box || !count || *count == 0) return malformed;
    constexpr uint64_t kIds = UINT32_MAX;  // the last one means "no id", chown(2)
    if (*host + uint64_t{*count} > kIds || *box + uint64_t{*count} > kIds) return malformed;
    return MappedIds{*host, *box, *count};
}

Result<void> add_map(BindMount& bind, std::string_view text) {
    const MappedIds ids = BOX_TRY(parse_map(text));
    for (const MappedIds& other : bind.map) {
        if (overlap(ids.host, other.host, ids, other) || overlap(ids.box, other.box, ids, other)) {
            return Error("bind option " + quote("map=" + std::string(text)) +
                         " maps an id that another one maps");
        }
    }
    bind.ids = BindMount::Ids::listed;
    bind.map.push_back(ids);
    return {};
}

Result<void> apply_bind_options(BindMount& bind, std::string_view text) {
    for (const std::string& word : split(text, ',')) {
        if (word.starts_with(kMap)) {
            BOX_TRY(add_map(bind, std::string_view(word).substr(kMap.size())));
            continue;
        }
        switch (BOX_TRY(find_word(kBindOptions, "bind option", word))) {
            case BindOption::rbind:
                bind.recursive = true;
                break;
            case BindOption::norbind:
                bind.recursive = false;
                break;
            case BindOption::idmap:
                bind.ids = BindMount::Ids::idmap;
                break;
            case BindOption::noidmap:
                bind.ids = BindMount::Ids::noidmap;
                break;
            case BindOption::rootidmap:
                bind.ids = BindMount::Ids::rootidmap;
                break;
            case BindOption::owneridmap:
                bind.ids = BindMount::Ids::owneridmap;
                break;
            case BindOption::map:  // the word of the list of words, with no ids in it
                return add_map(bind, "HOST/BOX").error();
            case BindOption::control:
                bind.control = true;
                break;
        }
    }
    return {};
}

Result<BindMount> parse_bind(std::string_view text, const Caller& caller, bool read_only) {
    const std::vector<std::string> parts = BOX_TRY(split_escaped(text, ':'));
    if (parts.size() > 3) return Error("more than SOURCE:DESTINATION:OPTIONS: " + quote(text));
    BindMount bind;
    bind.read_only = read_only;
    bind.in_tree = parts[0].starts_with('+');
    if (bind.in_tree) {
        bind.source = BOX_TRY(to_inside_path("source in the tree", parts[0].substr(1)));
    } else if (!parts[0].empty()) {
        bind.source = BOX_TRY(to_host_path(parts[0], caller));
    }
    const bool named = parts.size() > 1 && !parts[1].empty();
    if (!named && bind.source.empty()) return Error("neither a source nor a destination");
    bind.destination = BOX_TRY(to_mount_point("destination", named ? parts[1] : bind.source));
    if (parts.size() == 3) BOX_TRY(apply_bind_options(bind, parts[2]));
    if (bind.ids != BindMount::Ids::listed) bind.map.clear();
    const bool own = bind.ids != BindMount::Ids::automatic && bind.ids != BindMount::Ids::idmap &&
                     bind.ids != BindMount::Ids::noidmap;
    if (own && (bind.in_tree || bind.source.empty())) {
        return Error("only owners of a source on the host can be mapped: " + quote(text));
    }
    return bind;
}

std::string write_bind(const BindMount& bind) {
    std::vector<std::string> options;
    if (!bind.recursive) options.emplace_back("norbind");
    switch (bind.ids) {
        case BindMount::Ids::automatic:
            break;
        case BindMount::Ids::idmap:
            options.emplace_back("idmap");
            break;
        case BindMount::Ids::noidmap:
            options.emplace_back("noidmap");
            break;
        case BindMount::Ids::rootidmap:
            options.emplace_back("rootidmap");
            break;
        case BindMount::Ids::owneridmap:
            options.emplace_back("owneridmap");
            break;
        case BindMount::Ids::listed:
            for (const MappedIds& ids : bind.map) {
                options.push_back(format("map=%u/%u", ids.host, ids.box) +
                                  (ids.count == 1 ? "" : format("/%u", ids.count)));
            }
            break;
    }
    if (bind.control) options.emplace_back("control");
    std::string text = (bind.in_tree ? "+" : "") + escape_path(bind.source) + ":" +
                       escape_path(bind.destination);
    if (!options.empty()) text += ":" + join(options, ",");
    return text;
}

template <class Mount>
std::vector<std::string> write_those(const std::vector<Mount>& mounts, bool read_only,
                                     std::string (*write)(const Mount&)) {
    std::vector<std::string> texts;
    for (const Mount& mount : mounts) {
        if (mount.read_only == read_only) texts.push_back(write(mount));
    }
    return texts;
}

}  // namespace

Result<PivotRoot> to_pivot_root(std::string_view text) {
    const std::vector<std::string> parts = BOX_TRY(split_escaped(text, ':'));
    if (parts.size() > 2) return Error("more than NEW:OLD: " + quote(text));
    PivotRoot pivot;
    pivot.new_root = BOX_TRY(to_mount_point("new root", parts[0]));
    if (parts.size() == 2)
        pivot.old_root = BOX_TRY(to_mount_point("place of the old root", parts[1]));
    return pivot;
}

std::string write_pivot_root(const PivotRoot& value) {
    if (value.old_root.empty()) return escape_path(value.new_root);
    return escape_path(value.new_root) + ":" + escape_path(value.old_root);
}

Result<BindMount> to_bind(std::string_view text, const Caller& caller) {
    return parse_bind(text, caller, false);
}
Result<BindMount> to_bind_ro(std::string_view text, const Caller& caller) {
    return parse_bind(text, caller, true);
}
Result<BindMount> make_bind(std::string_view source, std::string_view destination,
                            const Caller& caller, bool read_only) {
    BindMount bind;
    bind.source = BOX_TRY(to_host_path(source, caller));
    bind.destination = BOX_TRY(to_bind_target(destination));
    bind.read_only = read_only;
    return bind;
}
Result<std::string> to_bind_target(std::string_view text) {
    return to_mount_point("target", text);
}
std::vector<std::string> write_binds(const std::vector<BindMount>& values) {
    return write_those(values, false, write_bind);
}
std::vector<std::string> write_binds_ro(const std::vector<BindMount>& values) {
    return write_those(values, true, write_bind);
}

namespace {

// Options of tmpfs(5) and the flags of mount(8) that a mount of the box's own may carry.
const std::vector<std::string>& tmpfs_option_names() {
    static const std::vector<std::string> names = {
            "size", "nr_blocks", "nr_inodes",  "mode",    "uid",      "gid",
            "huge", "mpol",      "inode32",    "inode64", "noswap",   "ro",
            "rw",   "nodev",     "dev",        "nosuid",  "suid",     "noexec",
            "exec", "noatime",   "nodiratime", "atime",   "relatime", "strictatime"};
    return names;
}

Result<void> check_tmpfs_options(std::string_view options) {
    const std::vector<std::string>& known = tmpfs_option_names();
    for (const std::string& option : split(options, ',')) {
        const std::string name = option.substr(0, option.find('='));
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            return unknown_word("tmpfs option", name, known);
        }
    }
    return {};
}

}  // namespace

Result<TmpfsMount> to_tmpfs(std::string_view text) {
    // Only the first ':' counts: options such as mpol=bind:0-3 contain them.
    size_t colon = 0;
    while (colon < text.size() && text[colon] != ':')
        colon += text[colon] == '\\' ? 2 : 1;
    colon = std::min(colon, text.size());
    const std::vector<std::string> path = BOX_TRY(split_escaped(text.substr(0, colon), ':'));
    TmpfsMount tmpfs;
    tmpfs.path = BOX_TRY(to_mount_point("path", path[0]));
    if (colon < text.size()) {
        tmpfs.options = text.substr(colon + 1);
        BOX_TRY(check_tmpfs_options(tmpfs.options));
    }
    return tmpfs;
}

std::vector<std::string> write_tmpfs(const std::vector<TmpfsMount>& values) {
    std::vector<std::string> texts;
    texts.reserve(values.size());
    for (const TmpfsMount& tmpfs : values) {
        texts.push_back(escape_path(tmpfs.path) +
                        (tmpfs.options.empty() ? "" : ":" + tmpfs.options));
    }
    return texts;
}

namespace {

// A layer: "+/path" of the tree, or a path of the host.
Result<std::string> to_layer(const std::string& text, const Caller& caller) {
    if (!text.starts_with('+')) return to_host_path(text, caller);
    return "+" + BOX_TRY(to_inside_path("layer in the tree", text.substr(1)));
}

// Two paths: the second is both the top layer and the place. Three and more: the last is the place,
// the one before it the top. The top of a writable overlay is where writes go.
Result<OverlayMount> parse_overlay(std::string_view text, const Caller& caller, bool read_only) {
    std::vector<std::string> parts = BOX_TRY(split_escaped(text, ':'));
    if (parts.size() < 2) return Error("fewer than two paths: " + quote(text));
    OverlayMount overlay;
    overlay.read_only = read_only;
    std::string place;
    if (parts.size() > 2) {
        place = parts.back();
        parts.pop_back();
    }
    std::string top = parts.back();
    parts.pop_back();
    for (const std::string& lower : parts) {
        overlay.lowers.push_back(BOX_TRY(to_layer(lower, caller)));
    }
    if (!top.empty() || read_only) top = BOX_TRY(to_layer(top, caller));
    if (place.empty()) place = top.substr(top.starts_with('+') ? 1 : 0);
    overlay.destination = BOX_TRY(to_mount_point("destination", place));
    if (read_only) {
        overlay.lowers.push_back(std::move(top));
    } else {
        overlay.upper = std::move(top);
    }
    return overlay;
}

std::string write_overlay(const OverlayMount& overlay) {
    std::string text;
    for (const std::string& lower : overlay.lowers)
        text += escape_path(lower) + ":";
    if (!overlay.read_only) text += escape_path(overlay.upper) + ":";
    return text + escape_path(overlay.destination);
}

}  // namespace

Result<OverlayMount> to_overlay(std::string_view text, const Caller& caller) {
    return parse_overlay(text, caller, false);
}
Result<OverlayMount> to_overlay_ro(std::string_view text, const Caller& caller) {
    return parse_overlay(text, caller, true);
}
std::vector<std::string> write_overlays(const std::vector<OverlayMount>& values) {
    return write_those(values, false, write_overlay);
}
std::vector<std::string> write_overlays_ro(const std::vector<OverlayMount>& values) {
    return write_those(values, true, write_overlay);
}

Result<HiddenPath> to_inaccessible(std::string_view text) {
    return HiddenPath{BOX_TRY(to_mount_point("path", text))};
}
std::vector<std::string> write_inaccessible(const std::vector<HiddenPath>& values) {
    std::vector<std::string> texts;
    texts.reserve(values.size());
    for (const HiddenPath& hidden : values)
        texts.push_back(hidden.path);
    return texts;
}

}  // namespace boxctl::settings
