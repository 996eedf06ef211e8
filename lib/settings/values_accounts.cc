// SPDX-License-Identifier: LGPL-2.1-or-later
// Users of the host that are to be users of the box.
#include "lib/base/text.h"
#include "lib/settings/paths.h"
#include "lib/settings/values.h"

namespace boxctl::settings {
namespace {

Result<std::string> to_account_name(std::string_view what, std::string_view text) {
    std::string name = BOX_TRY(to_user(text));
    if (name.find_first_not_of("0123456789") == std::string::npos) {
        return Error(quote(text) + " is a number; name the " + std::string(what));
    }
    return name;
}

}  // namespace

Result<BoundUser> to_bound_user(std::string_view text) {
    return BoundUser{BOX_TRY(to_account_name("user", text))};
}

std::vector<std::string> write_bound_users(const std::vector<BoundUser>& values) {
    std::vector<std::string> names;
    names.reserve(values.size());
    for (const BoundUser& user : values)
        names.push_back(user.name);
    return names;
}

Result<std::string> to_bound_group(std::string_view text) {
    return to_account_name("group", text);
}

Result<BoundShell> to_bound_shell(std::string_view text) {
    if (!text.starts_with('/')) return BoundShell{BOX_TRY(to_bool(text)), ""};
    BoundShell shell = {false, BOX_TRY(to_mount_point("shell", text))};
    // It becomes a field of passwd(5).
    for (const char c : shell.path) {
        if (c == ':' || static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
            return Error("a shell's path has no colons or control characters: " + quote(text));
        }
    }
    return shell;
}

std::string write_bound_shell(const BoundShell& value) {
    return value.path.empty() ? write_bool(value.hosts) : value.path;
}

}  // namespace boxctl::settings
