// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/endpoint/properties.h"

#include "lib/base/scope_guard.h"

namespace boxctl::endpoint {

void write_variant(dbus::Writer& writer, const Value& value) {
    std::visit(Overloaded{
                       [&](bool v) { writer.variant("b").boolean(v); },
                       [&](int32_t v) { writer.variant("i").i32(v); },
                       [&](uint32_t v) { writer.variant("u").u32(v); },
                       [&](uint64_t v) { writer.variant("t").u64(v); },
                       [&](const std::string& v) { writer.variant("s").string(v); },
                       [&](const ObjectPath& v) { writer.variant("o").string(v.text); },
                       [&](const Bytes& v) {
                           writer.variant("ay");
                           const auto list = writer.array('y');
                           for (const char byte : v.text)
                               writer.u8(static_cast<uint8_t>(byte));
                           writer.end(list);
                       },
                       [&](const JobValue& v) {
                           writer.variant("(uo)").structure().u32(v.number).string(v.path);
                       },
                       [&](const std::vector<std::string>& v) { writer.variant("as").strings(v); },
               },
               value);
}

void write_all(dbus::Writer& writer, const Properties& properties) {
    const auto list = writer.array('{');
    for (const Property& property : properties) {
        writer.structure().string(property.name);
        write_variant(writer, property.value);
    }
    writer.end(list);
}

}  // namespace boxctl::endpoint
