// SPDX-License-Identifier: LGPL-2.1-or-later
// JSON: what --json prints and what state files hold.
//
// A thin cover over nlohmann-json, which keeps its types but not its ways to fail: text is checked
// against Limits before anything is built from it, duplicate keys are refused (two readers would
// not agree on which one counts), and members are read through getters that return a Result.
// Writing is plain: Value{{"name", "web"}, {"pid", 42}}. Never call the library's throwing readers
// (at(), get<>() on an unchecked type): without exceptions they abort.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "lib/base/result.h"
#include "lib/json/fwd.h"

namespace boxctl::json {

struct Limits {
    size_t bytes = 1024 * 1024;
    size_t depth = 32;      ///< arrays and objects inside each other; the outermost is 1
    size_t values = 65536;  ///< numbers, words, arrays and objects altogether
};

/// Strict RFC 8259 text, one value, nothing behind it. The error names the place of the fault.
Result<Value> parse(std::string_view text, const Limits& limits = {});

enum class Layout {
    compact,  ///< one line
    pretty,   ///< indented, for people
};
/// Never fails: bytes that are no UTF-8 become U+FFFD. No newline at the end.
std::string to_text(const Value& value, Layout layout = Layout::compact);

/// The member `key` of an object; null when there is none or `object` is something else.
const Value* find(const Value& object, std::string_view key);

// The member `key` as the type named. The error says which member is missing or of another type.
Result<std::string> get_string(const Value& object, std::string_view key);
Result<bool> get_bool(const Value& object, std::string_view key);
/// Whole numbers only: 1.0 and -1 are refused.
Result<uint64_t> get_u64(const Value& object, std::string_view key);
Result<int64_t> get_i64(const Value& object, std::string_view key);
/// Valid as long as `object`.
Result<const Value*> get_array(const Value& object, std::string_view key);
Result<const Value*> get_object(const Value& object, std::string_view key);

}  // namespace boxctl::json
