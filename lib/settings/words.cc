// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/settings/words.h"

#include "lib/settings/values.h"

namespace boxctl::settings {
namespace {

constexpr Word<Volatile> kVolatile[] = {{Volatile::no, "no"},
                                        {Volatile::yes, "yes"},
                                        {Volatile::state, "state"},
                                        {Volatile::overlay, "overlay"}};

constexpr Word<ResolvConf> kResolvConf[] = {
        {ResolvConf::auto_, "auto"},
        {ResolvConf::off, "off"},
        {ResolvConf::copy_host, "copy-host"},
        {ResolvConf::copy_static, "copy-static"},
        {ResolvConf::copy_uplink, "copy-uplink"},
        {ResolvConf::copy_stub, "copy-stub"},
        {ResolvConf::replace_host, "replace-host"},
        {ResolvConf::replace_static, "replace-static"},
        {ResolvConf::replace_uplink, "replace-uplink"},
        {ResolvConf::replace_stub, "replace-stub"},
        {ResolvConf::bind_host, "bind-host"},
        {ResolvConf::bind_static, "bind-static"},
        {ResolvConf::bind_uplink, "bind-uplink"},
        {ResolvConf::bind_stub, "bind-stub"},
        {ResolvConf::delete_, "delete"},
};

constexpr Word<Timezone> kTimezone[] = {
        {Timezone::auto_, "auto"}, {Timezone::off, "off"},         {Timezone::copy, "copy"},
        {Timezone::bind, "bind"},  {Timezone::symlink, "symlink"}, {Timezone::delete_, "delete"},
};

constexpr Word<Registration> kRegistration[] = {
        {Registration::auto_, "auto"}, {Registration::no, "no"}, {Registration::yes, "yes"}};

constexpr Word<Ownership> kOwnership[] = {
        {Ownership::auto_, "auto"}, {Ownership::map, "map"}, {Ownership::off, "off"}};

constexpr Word<Personality> kPersonality[] = {{Personality::x86_64, "x86-64"},
                                              {Personality::x86, "x86"},
                                              {Personality::arm64, "arm64"},
                                              {Personality::arm, "arm"}};

constexpr Word<LinkJournal> kLinkJournal[] = {
        {LinkJournal::no, "no"},       {LinkJournal::auto_, "auto"},
        {LinkJournal::host, "host"},   {LinkJournal::try_host, "try-host"},
        {LinkJournal::guest, "guest"}, {LinkJournal::try_guest, "try-guest"}};

constexpr Word<FileUse> kFileUse[] = {{FileUse::no, "no"},
                                      {FileUse::yes, "yes"},
                                      {FileUse::override_, "override"},
                                      {FileUse::trusted, "trusted"}};

constexpr Word<Console> kConsole[] = {
        {Console::auto_, "auto"},          {Console::interactive, "interactive"},
        {Console::read_only, "read-only"}, {Console::passive, "passive"},
        {Console::pipe, "pipe"},           {Console::autopipe, "autopipe"},
};

constexpr Word<bool SharedNamespaces::*> kShare[] = {
        {&SharedNamespaces::ipc, "ipc"},
        {&SharedNamespaces::uts, "uts"},
        {&SharedNamespaces::cgroup, "cgroup"},
        {&SharedNamespaces::time, "time"},
};

}  // namespace

Error unknown_word(std::string_view what, std::string_view text,
                   const std::vector<std::string>& words) {
    Error error("unknown " + std::string(what) + " " + quote(text));
    const std::string near = nearest(text, words);
    error.set_hint(near.empty() ? "one of " + join(words, ", ") : "did you mean '" + near + "'?");
    return error;
}

Result<Volatile> to_volatile(std::string_view text) {
    if (const auto boolean = parse_boolean(text)) return *boolean ? Volatile::yes : Volatile::no;
    return find_word(kVolatile, "volatile mode", text);
}
std::string write_volatile(const Volatile& value) {
    return word_for(kVolatile, value);
}
std::vector<std::string> volatile_words() {
    return words_of(kVolatile);
}

Result<ResolvConf> to_resolv_conf(std::string_view text) {
    return find_word(kResolvConf, "resolv.conf mode", text);
}
std::string write_resolv_conf(const ResolvConf& value) {
    return word_for(kResolvConf, value);
}
std::vector<std::string> resolv_conf_words() {
    return words_of(kResolvConf);
}

Result<Timezone> to_timezone(std::string_view text) {
    return find_word(kTimezone, "time zone mode", text);
}
std::string write_timezone(const Timezone& value) {
    return word_for(kTimezone, value);
}
std::vector<std::string> timezone_words() {
    return words_of(kTimezone);
}

Result<Registration> to_registration(std::string_view text) {
    if (const auto boolean = parse_boolean(text)) {
        return *boolean ? Registration::yes : Registration::no;
    }
    return find_word(kRegistration, "registration mode", text);
}
std::string write_registration(const Registration& value) {
    return word_for(kRegistration, value);
}
std::vector<std::string> registration_words() {
    return words_of(kRegistration);
}

Result<Ownership> to_ownership(std::string_view text) {
    if (text == "chown" || text == "foreign") {
        Error error("boxctl never changes owners on disk");
        error.set_hint("'map' shows them mapped, at no cost");
        return error;
    }
    return find_word(kOwnership, "ownership", text);
}
std::string write_ownership(const Ownership& value) {
    return word_for(kOwnership, value);
}
std::vector<std::string> ownership_words() {
    return words_of(kOwnership);
}

Result<Personality> to_personality(std::string_view text) {
    return find_word(kPersonality, "personality", text);
}
std::string write_personality(const Personality& value) {
    return value == Personality::none ? "" : word_for(kPersonality, value);
}
std::vector<std::string> personality_words() {
    return words_of(kPersonality);
}

Result<LinkJournal> to_link_journal(std::string_view text) {
    return find_word(kLinkJournal, "journal mode", text);
}
std::string write_link_journal(const LinkJournal& value) {
    return word_for(kLinkJournal, value);
}
std::vector<std::string> link_journal_words() {
    return words_of(kLinkJournal);
}

Result<FileUse> to_file_use(std::string_view text) {
    if (const auto boolean = parse_boolean(text)) return *boolean ? FileUse::yes : FileUse::no;
    return find_word(kFileUse, "use of files", text);
}
std::string write_file_use(const FileUse& value) {
    return word_for(kFileUse, value);
}
std::vector<std::string> file_use_words() {
    return words_of(kFileUse);
}

Result<Console> to_console(std::string_view text) {
    return find_word(kConsole, "console mode", text);
}
std::string write_console(const Console& value) {
    return word_for(kConsole, value);
}
std::vector<std::string> console_words() {
    return words_of(kConsole);
}

Result<SharedNamespaces> to_share(std::string_view text) {
    SharedNamespaces shared;
    for (const std::string& word : split(text, ',')) {
        shared.*BOX_TRY(find_word(kShare, "namespace", word)) = true;
    }
    return shared;
}
std::string write_share(const SharedNamespaces& value) {
    std::vector<std::string> words;
    for (const auto& word : kShare) {
        if (value.*word.value) words.emplace_back(word.text);
    }
    return join(words, ",");
}
std::vector<std::string> share_words() {
    return words_of(kShare);
}

std::vector<std::string> bool_words() {
    return {"yes", "no"};
}

}  // namespace boxctl::settings
