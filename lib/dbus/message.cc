// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/dbus/message.h"

#include "lib/base/text.h"
#include "lib/dbus/names.h"

namespace boxctl::dbus {
namespace {

constexpr uint8_t kVersion = 1;

enum Field : uint8_t {
    kPath = 1,
    kInterface = 2,
    kMember = 3,
    kErrorName = 4,
    kReplySerial = 5,
    kDestination = 6,
    kSender = 7,
    kSignature = 8,
    kUnixFds = 9,
};

/// The type that the specification gives to a header field; 0: a field to pass over.
char type_of(uint8_t field) {
    static constexpr char kTypes[] = {0, 'o', 's', 's', 's', 'u', 's', 's', 'g', 'u'};
    return field < sizeof kTypes ? kTypes[field] : '\0';
}

std::string* text_of(Message& message, uint8_t field) {
    switch (field) {
        case kPath:
            return &message.path;
        case kInterface:
            return &message.interface;
        case kMember:
            return &message.member;
        case kErrorName:
            return &message.error_name;
        case kDestination:
            return &message.destination;
        case kSender:
            return &message.sender;
        case kSignature:
            return &message.signature;
        default:
            return nullptr;
    }
}

/// One (byte, variant) of the header. Given twice, a field is malformed.
void read_field(Reader& reader, Message& message, uint32_t& seen) {
    reader.structure();
    const uint8_t field = reader.u8();
    const std::string_view type = reader.variant();
    const char expected = type_of(field);
    if (field == 0 || reader.failed()) return reader.fail();
    if (expected == 0) return reader.skip(type);
    if (type.size() != 1 || type[0] != expected || (seen >> field & 1U) != 0) return reader.fail();
    seen |= 1U << field;
    if (expected == 'u') {
        (field == kUnixFds ? message.fds : message.reply_serial) = reader.u32();
        return;
    }
    std::string* const text = text_of(message, field);
    *text = expected == 'o'   ? reader.object_path()
            : expected == 'g' ? reader.signature()
                              : reader.string();
}

bool has_what_its_type_needs(const Message& message) {
    switch (message.type) {
        case Type::method_call:
            return !message.path.empty() && !message.member.empty();
        case Type::method_return:
            return message.reply_serial != 0;
        case Type::error:
            return message.reply_serial != 0 && !message.error_name.empty();
        case Type::signal:
            return !message.path.empty() && !message.interface.empty() && !message.member.empty();
    }
    return false;
}

bool has_valid_names(const Message& message) {
    const auto good = [](const std::string& text, bool (*valid)(std::string_view)) {
        return text.empty() || valid(text);
    };
    return good(message.interface, is_interface) && good(message.member, is_member) &&
           good(message.error_name, is_interface) && good(message.destination, is_bus_name) &&
           good(message.sender, is_bus_name);
}

bool has_sound_body(const Message& message) {
    Reader reader = message.reader();
    std::string_view types = message.signature;
    while (!types.empty() && !reader.failed()) {
        const std::string_view type = first_type(types);
        reader.skip(type);
        types.remove_prefix(type.size());
    }
    return reader.finished();
}

Error malformed(const char* what) {
    return {EBADMSG, std::string("read a D-Bus message: ") + what};
}

void write_text(Writer& writer, Field field, char type, const std::string& text) {
    if (text.empty()) return;
    writer.structure().u8(field).variant(std::string_view(&type, 1));
    type == 'g' ? writer.signature(text) : writer.string(text);
}

void write_number(Writer& writer, Field field, uint32_t value) {
    if (value != 0) writer.structure().u8(field).variant("u").u32(value);
}

Message answer(const Message& call, Type type) {
    Message message;
    message.type = type;
    message.flags = kNoReplyExpected;
    message.reply_serial = call.serial;
    message.destination = call.sender;
    return message;
}

}  // namespace

Result<size_t> message_size(std::string_view begin) {
    if (begin[0] != 'l' && begin[0] != 'B') return malformed("byte order");
    Reader reader(begin.substr(0, kFixedHeader), static_cast<Endian>(begin[0]));
    reader.u32();
    const uint64_t body = reader.u32();
    reader.u32();
    const uint64_t fields = reader.u32();
    const uint64_t size = kFixedHeader + (fields + 7) / 8 * 8 + body;
    if (size > kMaxMessage) return Error(EMSGSIZE, "read a D-Bus message");
    return size;
}

Result<Message> parse_message(std::string_view bytes) {
    if (bytes.size() < kFixedHeader) return malformed("too short");
    if (BOX_TRY(message_size(bytes)) != bytes.size()) return malformed("length");
    Message message;
    message.endian = static_cast<Endian>(bytes[0]);
    Reader reader(bytes, message.endian);
    reader.u8();
    const uint8_t type = reader.u8();
    message.flags = reader.u8();
    if (reader.u8() != kVersion) return malformed("version");
    const uint32_t body = reader.u32();
    message.serial = reader.u32();
    if (type < 1 || type > 4 || message.serial == 0) return malformed("type or serial");
    message.type = static_cast<Type>(type);
    uint32_t seen = 0;
    const size_t end = reader.array('(');
    while (reader.more(end))
        read_field(reader, message, seen);
    reader.structure();
    if (reader.failed() || bytes.size() - reader.position() != body) return malformed("header");
    message.body = bytes.substr(reader.position());
    if (!has_what_its_type_needs(message)) return malformed("header fields");
    if (!has_valid_names(message)) return malformed("names");
    if (!has_sound_body(message)) return malformed("body");
    return message;
}

std::string to_bytes(const Message& message) {
    Writer header;
    header.u8('l').u8(static_cast<uint8_t>(message.type)).u8(message.flags).u8(kVersion);
    header.u32(static_cast<uint32_t>(message.body.size())).u32(message.serial);
    const Writer::Array fields = header.array('(');
    write_text(header, kPath, 'o', message.path);
    write_text(header, kInterface, 's', message.interface);
    write_text(header, kMember, 's', message.member);
    write_text(header, kErrorName, 's', message.error_name);
    write_number(header, kReplySerial, message.reply_serial);
    write_text(header, kDestination, 's', message.destination);
    write_text(header, kSender, 's', message.sender);
    write_text(header, kSignature, 'g', message.signature);
    write_number(header, kUnixFds, message.fds);
    header.end(fields).align(8);
    return std::move(header).take() + message.body;
}

Message make_return(const Message& call, std::string_view signature, Writer body) {
    Message message = answer(call, Type::method_return);
    message.signature = signature;
    message.body = std::move(body).take();
    return message;
}

Message make_return(const Message& call) {
    return answer(call, Type::method_return);
}

Message make_error(const Message& call, std::string_view name, std::string_view text) {
    Message message = answer(call, Type::error);
    message.error_name = name;
    message.signature = "s";
    message.body = std::move(Writer().string(text)).take();
    return message;
}

Message make_signal(std::string_view path, std::string_view interface, std::string_view member,
                    std::string_view signature, Writer body) {
    Message message;
    message.type = Type::signal;
    message.flags = kNoReplyExpected;
    message.path = path;
    message.interface = interface;
    message.member = member;
    message.signature = signature;
    message.body = std::move(body).take();
    return message;
}

}  // namespace boxctl::dbus
