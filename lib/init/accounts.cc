// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/accounts.h"

#include <fcntl.h>
#include <string.h>

#include "lib/init/arena.h"
#include "lib/init/file.h"
#include "lib/init/text.h"

namespace boxctl::init {

namespace {

constexpr size_t kMaxAccounts = 65536;  // bytes of either file
char passwd_text[kMaxAccounts];
char group_text[kMaxAccounts];

/// One colon-separated line.
struct Fields {
    const char* at[7] = {};
    size_t length[7] = {};
    size_t count = 0;

    [[nodiscard]] bool is(size_t field, const char* text) const {
        return field < count && strlen(text) == length[field] &&
               strncmp(at[field], text, length[field]) == 0;
    }
    /// The field as an id; false for anything else.
    [[nodiscard]] bool id(size_t field, uint32_t& value) const {
        const char* end = nullptr;
        return field < count && read_number(at[field], UINT32_MAX - 1, value, end) &&
               end == at[field] + length[field];
    }
};

/// Takes the next line off `text`; false at the end.
bool next_line(const char*& text, Fields& fields) {
    if (*text == '\0') return false;
    fields.count = 0;
    const char* end = text + strcspn(text, "\n");
    while (fields.count < 7) {
        const size_t length = strcspn(text, ":\n");
        fields.at[fields.count] = text;
        fields.length[fields.count++] = length;
        text += length;
        if (text == end) break;
        ++text;
    }
    text = *end == '\0' ? end : end + 1;
    return true;
}

/// Whether `name` is in the comma-separated list.
bool lists(const char* list, size_t length, const char* name) {
    const size_t wanted = strlen(name);
    while (length >= wanted) {
        const char* comma = static_cast<const char*>(memchr(list, ',', length));
        const size_t one = comma == nullptr ? length : static_cast<size_t>(comma - list);
        if (one == wanted && strncmp(list, name, wanted) == 0) return true;
        if (comma == nullptr) return false;
        list += one + 1;
        length -= one + 1;
    }
    return false;
}

const char* add_groups(const char* group, Identity& identity) {
    Fields fields;
    while (next_line(group, fields)) {
        uint32_t gid = 0;
        if (fields.count < 4 || !fields.id(2, gid) || gid == identity.gid) continue;
        if (!lists(fields.at[3], fields.length[3], identity.name)) continue;
        if (identity.group_count == kMaxGroups) return "is in more than 32 groups";
        identity.groups[identity.group_count++] = gid;
    }
    return nullptr;
}

}  // namespace

const char* find_user(const char* name, const char* passwd, const char* group, Identity& identity) {
    identity = Identity();
    uint32_t wanted = 0;
    const bool number = parse_number(name, UINT32_MAX - 1, wanted);
    Fields fields;
    while (next_line(passwd, fields)) {
        uint32_t uid = 0;
        uint32_t gid = 0;
        if (!fields.id(2, uid) || !fields.id(3, gid)) continue;
        if (number ? uid != wanted : !fields.is(0, name)) continue;
        identity.set = true;
        identity.uid = uid;
        identity.gid = gid;
        identity.name = keep_text(fields.at[0], fields.length[0]);
        identity.home = fields.count > 5 ? keep_text(fields.at[5], fields.length[5]) : "/";
        if (identity.name == nullptr || identity.home == nullptr) return "does not fit in memory";
        return add_groups(group, identity);
    }
    if (!number) return "is no user of /etc/passwd";
    identity.set = true;
    identity.uid = wanted;
    identity.gid = wanted;
    identity.name = keep_text(name, strlen(name));
    identity.home = "/";
    return identity.name == nullptr ? "does not fit in memory" : nullptr;
}

const char* read_user(const char* name, Identity& identity) {
    if (read_small(AT_FDCWD, "/etc/passwd", passwd_text, sizeof passwd_text) < 0) {
        passwd_text[0] = '\0';  // a box without the file has users by number
    }
    if (read_small(AT_FDCWD, "/etc/group", group_text, sizeof group_text) < 0) {
        group_text[0] = '\0';
    }
    return find_user(name, passwd_text, group_text, identity);
}

}  // namespace boxctl::init
