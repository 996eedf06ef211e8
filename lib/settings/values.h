// SPDX-License-Identifier: LGPL-2.1-or-later
// Values: the text of one setting to its type, and back. Pure.
//
// to_x(text) parses and says in words what is wrong; write_x(value) gives text that to_x() reads
// back to the same value. The rows of the table (table.h) pair them. Syntax is systemd-nspawn's
// (systemd-nspawn(1)) wherever it has the option.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/settings/settings.h"

namespace boxctl::settings {

struct Input;

/// What a value can depend on beyond its own text.
struct Caller {
    std::string directory;  ///< where relative paths start, without links; empty: nowhere (removed)
    std::vector<std::string> environment;  ///< "NAME=VALUE", for --setenv=NAME
    bool file = false;  ///< it is a file that speaks: nothing is relative or taken from the caller

    static Caller current();  ///< of this process
};

// Plain words.
Result<bool> to_bool(std::string_view text);
std::string write_bool(const bool& value);
Result<std::string> to_text(std::string_view text);  ///< anything but nothing
std::string write_text(const std::string& value);
Result<std::string> to_machine_name(std::string_view text);
Result<std::string> to_hostname(std::string_view text);
Result<std::string> to_uuid(std::string_view text);  ///< to 32 lower-case digits; not all zero
Result<std::string> to_user(std::string_view text);  ///< a name, or digits below 2^32-1
Result<std::string> to_log_level(std::string_view text);
std::vector<std::string> log_levels();

// Execution.
Result<std::string> to_argument(std::string_view text);  ///< anything, also nothing
Result<std::string> to_init_path(std::string_view text);
Result<std::string> to_working_directory(std::string_view text);
/// NAME=VALUE, or NAME: the caller's own value, nothing where the caller has none.
Result<std::vector<Variable>> to_environment(std::string_view text, const Caller& caller);
std::vector<std::string> write_variables(const std::vector<Variable>& values);
/// "SIGTERM", "TERM", "15", "SIGRTMIN+3".
Result<int> to_signal(std::string_view text);
std::string write_signal(const int& value);
std::vector<std::string> signal_names();
Result<uint32_t> to_stop_timeout(std::string_view text);
std::string write_stop_timeout(const uint32_t& value);
/// "started", "notify", "tcp:PORT", "unix:PATH", "file:PATH", "log:REGEX" or "exec:COMMAND".
Result<ReadyRule> to_ready(std::string_view text);
Result<ReadyRule> to_notify_ready(std::string_view text);  ///< yes: notify, no: started
std::string write_notify_ready(const ReadyRule& value);
std::string write_ready(const ReadyRule& value);
std::vector<std::string> ready_words();  ///< those that stand alone
Result<UserRange> to_user_range(std::string_view text);
Result<Registration> to_registration(std::string_view text);
std::string write_registration(const Registration& value);
std::vector<std::string> registration_words();

Result<Ownership> to_ownership(std::string_view text);
std::string write_ownership(const Ownership& value);
std::vector<std::string> ownership_words();
Result<Personality> to_personality(std::string_view text);
std::string write_personality(const Personality& value);
std::vector<std::string> personality_words();
Result<LinkJournal> to_link_journal(std::string_view text);
std::string write_link_journal(const LinkJournal& value);
std::vector<std::string> link_journal_words();
Result<std::optional<int>> to_oom_score_adjust(std::string_view text);
std::string write_oom_score_adjust(const std::optional<int>& value);
/// "0-3,5", also with blanks between.
Result<std::vector<uint32_t>> to_cpu_affinity(std::string_view text);
std::string write_cpu_affinity(const std::vector<uint32_t>& value);
/// ID:VALUE, VALUE with C escapes.
Result<Credential> to_set_credential(std::string_view text);
/// ID:PATH; a PATH without '/' is the name of a credential of the caller's own.
Result<Credential> to_load_credential(std::string_view text);
std::vector<std::string> write_set_credentials(const std::vector<Credential>& values);
std::vector<std::string> write_load_credentials(const std::vector<Credential>& values);
std::string write_user_range(const UserRange& value);
std::vector<std::string> user_range_words();

// Files.
Result<BindMount> to_bind(std::string_view text, const Caller& caller);
Result<BindMount> to_bind_ro(std::string_view text, const Caller& caller);
/// The same of two words: nothing in them separates or escapes.
Result<BindMount> make_bind(std::string_view source, std::string_view destination,
                            const Caller& caller, bool read_only);
std::vector<std::string> write_binds(const std::vector<BindMount>& values);
std::vector<std::string> write_binds_ro(const std::vector<BindMount>& values);
Result<TmpfsMount> to_tmpfs(std::string_view text);
std::vector<std::string> write_tmpfs(const std::vector<TmpfsMount>& values);
/// A place in a box where something can be mounted: absolute, without "..", and not "/".
Result<std::string> to_bind_target(std::string_view text);
Result<OverlayMount> to_overlay(std::string_view text, const Caller& caller);
Result<OverlayMount> to_overlay_ro(std::string_view text, const Caller& caller);
std::vector<std::string> write_overlays(const std::vector<OverlayMount>& values);
std::vector<std::string> write_overlays_ro(const std::vector<OverlayMount>& values);
Result<PivotRoot> to_pivot_root(std::string_view text);
std::string write_pivot_root(const PivotRoot& value);
Result<HiddenPath> to_inaccessible(std::string_view text);
std::vector<std::string> write_inaccessible(const std::vector<HiddenPath>& values);
std::vector<std::string> write_texts(const std::vector<std::string>& values);

/// A user's or group's name, never a number: those of the host and the box are not the same.
Result<BoundUser> to_bound_user(std::string_view text);
std::vector<std::string> write_bound_users(const std::vector<BoundUser>& values);
Result<std::string> to_bound_group(std::string_view text);
Result<BoundShell> to_bound_shell(std::string_view text);
std::string write_bound_shell(const BoundShell& value);

// Words of a fixed list; x_words() are all of them, in the order to show.
Result<Volatile> to_volatile(std::string_view text);
std::string write_volatile(const Volatile& value);
std::vector<std::string> volatile_words();
Result<ResolvConf> to_resolv_conf(std::string_view text);
std::string write_resolv_conf(const ResolvConf& value);
std::vector<std::string> resolv_conf_words();
Result<Timezone> to_timezone(std::string_view text);
std::string write_timezone(const Timezone& value);
std::vector<std::string> timezone_words();
Result<FileUse> to_file_use(std::string_view text);
std::string write_file_use(const FileUse& value);
std::vector<std::string> file_use_words();
Result<Console> to_console(std::string_view text);
std::string write_console(const Console& value);
std::vector<std::string> console_words();
Result<SharedNamespaces> to_share(std::string_view text);
std::string write_share(const SharedNamespaces& value);
std::vector<std::string> share_words();
std::vector<std::string> bool_words();

// Security and resources.
Result<uint64_t> to_capabilities(std::string_view text);
std::string write_capabilities(const uint64_t& value);
std::vector<std::string> capability_words();
/// "read @clock", or "~read @clock" to deny.
Result<security::CallWishes> to_call_wishes(std::string_view text);
std::vector<std::string> write_call_wishes(const security::CallWishes& value);
std::vector<std::string> call_words();  ///< the groups
/// "AF_UNIX AF_INET", "~AF_PACKET" or "none"; nothing: as if it had never been said. A file that
/// came with the tree allows no family that a box does not have anyway.
Result<security::FamilyFilter> to_families(const Input& input);
std::string write_families(const security::FamilyFilter& value);
std::vector<std::string> family_words();
Result<LimitSetting> to_rlimit(std::string_view text);
std::vector<std::string> write_rlimits(const std::vector<LimitSetting>& values);
std::vector<std::string> rlimit_words();
/// NAME=VALUE of a resource property, both checked.
Result<Assignment> to_property(std::string_view text);
std::vector<std::string> write_properties(const std::vector<Assignment>& values);
std::vector<std::string> property_words();
/// "web" and "web.slice" are both web.slice.
Result<std::string> to_slice(std::string_view text);

}  // namespace boxctl::settings
