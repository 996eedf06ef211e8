// SPDX-License-Identifier: LGPL-2.1-or-later
// Properties: values that objects show (org.freedesktop.DBus.Properties).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "lib/dbus/writer.h"

namespace boxctl::endpoint {

struct ObjectPath {
    std::string text;
};
struct Bytes {
    std::string text;
};
/// A job (uo); number 0: none.
struct JobValue {
    uint32_t number = 0;
    std::string path = "/";
};

using Value = std::variant<bool, int32_t, uint32_t, uint64_t, std::string, ObjectPath, Bytes,
                           JobValue, std::vector<std::string>>;

struct Property {
    const char* name;
    Value value;
};
using Properties = std::vector<Property>;

/// As the value of a variant.
void write_variant(dbus::Writer& writer, const Value& value);
/// As a{sv}.
void write_all(dbus::Writer& writer, const Properties& properties);

}  // namespace boxctl::endpoint
