// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "lib/base/text.h"
#include "lib/base/unit_name.h"
#include "lib/bus/unit_properties.h"
#include "lib/security/call_groups.h"
#include "lib/security/capability.h"
#include "lib/settings/table.h"
#include "lib/settings/values.h"
#include "lib/settings/words.h"

namespace boxctl::settings {

Result<uint64_t> to_capabilities(std::string_view text) {
    const uint64_t mask = BOX_TRY(security::parse_capabilities(text));
    if (mask == 0) return Error("names no capability");
    return mask;
}

std::string write_capabilities(const uint64_t& value) {
    return value == 0 ? "" : security::describe_capabilities(value);
}

std::vector<std::string> capability_words() {
    std::vector<std::string> words = security::capability_names();
    words.emplace_back("all");
    return words;
}

Result<security::CallWishes> to_call_wishes(std::string_view text) {
    return security::parse_call_wishes(text);
}

std::vector<std::string> write_call_wishes(const security::CallWishes& value) {
    return security::describe(value);
}

std::vector<std::string> call_words() {
    std::vector<std::string> words;
    for (const security::CallGroup& group : security::call_groups())
        words.emplace_back(group.name);
    return words;
}

Result<security::FamilyFilter> to_families(const Input& input) {
    if (input.text.empty()) return security::FamilyFilter();
    security::FamilyFilter filter = BOX_TRY(security::parse_families(input.text));
    filter.widens = input.trusted;
    return filter;
}

std::string write_families(const security::FamilyFilter& value) {
    return security::describe(value);
}

std::vector<std::string> family_words() {
    std::vector<std::string> words = security::family_names();
    words.emplace_back("none");
    return words;
}

Result<LimitSetting> to_rlimit(std::string_view text) {
    return LimitSetting{BOX_TRY(security::parse_limit(text))};
}

std::vector<std::string> write_rlimits(const std::vector<LimitSetting>& values) {
    std::vector<std::string> texts;
    texts.reserve(values.size());
    for (const LimitSetting& wanted : values)
        texts.push_back(security::describe(wanted.limit));
    return texts;
}

std::vector<std::string> rlimit_words() {
    return security::limit_names();
}

Result<Assignment> to_property(std::string_view text) {
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) return Error("not NAME=VALUE: " + quote(text));
    const Assignment property = {std::string(text.substr(0, equals)),
                                 std::string(text.substr(equals + 1))};
    const std::vector<std::string> known = property_words();
    if (std::find(known.begin(), known.end(), property.name) == known.end()) {
        Error error = unknown_word("property", property.name, known);
        if (error.hint().size() > 80) error.set_hint("--property=help lists them");
        return error;
    }
    std::vector<bus::Property> parsed;
    BOX_TRY(bus::assign_property(parsed, property.name, property.value));
    return property;
}

std::vector<std::string> write_properties(const std::vector<Assignment>& values) {
    std::vector<std::string> texts;
    texts.reserve(values.size());
    for (const Assignment& value : values)
        texts.push_back(value.name + "=" + value.value);
    return texts;
}

std::vector<std::string> property_words() {
    return bus::unit_property_names();
}

Result<std::string> to_slice(std::string_view text) {
    std::string slice(text);
    if (!slice.ends_with(".slice")) slice += ".slice";
    const std::string fault = slice_name_fault(slice);
    if (!fault.empty()) return Error("slice " + quote(slice) + " " + fault);
    return slice;
}

}  // namespace boxctl::settings
