// SPDX-License-Identifier: LGPL-2.1-or-later
// What a valid type signature, object path or name is (D-Bus specification, "Type System" and
// "Message Protocol"). Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace boxctl::dbus {

/// How deep containers may nest; the specification's limits are 32 for arrays and structs each.
constexpr int kMaxDepth = 32;
constexpr size_t kMaxSignature = 255;
constexpr size_t kMaxName = 255;

/// The first complete type of `signature`; empty when it does not begin with one.
std::string_view first_type(std::string_view signature);
/// Zero or more complete types.
bool is_signature(std::string_view text);
bool is_object_path(std::string_view text);
/// org.example.Name: of an interface or an error.
bool is_interface(std::string_view text);
bool is_member(std::string_view text);
/// A well-known name or a unique one (":1.5").
bool is_bus_name(std::string_view text);
/// UTF-8 without NUL, surrogates or overlong forms.
bool is_utf8(std::string_view text);

/// Where a value of the type that begins with `code` has to begin: a multiple of this.
size_t alignment_of(char code);

}  // namespace boxctl::dbus
