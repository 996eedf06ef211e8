// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/bus/message.h"

#include "lib/base/text.h"
#include "lib/bus/libsystemd.h"

namespace boxctl::bus {

Message& Message::operator=(Message&& other) noexcept {
    if (this == &other) return *this;
    if (message_ != nullptr) library_->bus_message_unref(message_);
    library_ = other.library_;
    message_ = std::exchange(other.message_, nullptr);
    fault_ = other.fault_;
    return *this;
}

Message::~Message() {
    if (message_ != nullptr) library_->bus_message_unref(message_);
}

Message& Message::note(int done) {
    if (done < 0 && fault_ == 0) fault_ = -done;
    return *this;
}

Message& Message::put(char type, const void* value) {
    return note(library_->bus_message_append_basic(message_, type, value));
}

Message& Message::put_bool(bool value) {
    const int number = value ? 1 : 0;  // how sd-bus takes a 'b'
    return put('b', &number);
}
Message& Message::put_byte(uint8_t value) {
    return put('y', &value);
}
Message& Message::put_uint16(uint16_t value) {
    return put('q', &value);
}
Message& Message::put_int32(int32_t value) {
    return put('i', &value);
}
Message& Message::put_uint32(uint32_t value) {
    return put('u', &value);
}
Message& Message::put_uint64(uint64_t value) {
    return put('t', &value);
}
Message& Message::put_text(const std::string& value) {
    return put('s', value.c_str());
}
Message& Message::put_path(const std::string& value) {
    return put('o', value.c_str());
}
Message& Message::put_fd(os::BorrowedFd value) {
    const int fd = value.get();
    return put('h', &fd);
}
Message& Message::put_bytes(const std::vector<uint8_t>& all) {
    return note(library_->bus_message_append_array(message_, 'y', all.data(), all.size()));
}
Message& Message::put_int32s(const std::vector<int32_t>& all) {
    const size_t size = all.size() * sizeof(int32_t);
    return note(library_->bus_message_append_array(message_, 'i', all.data(), size));
}

Message& Message::open(char type, const char* contents) {
    return note(library_->bus_message_open_container(message_, type, contents));
}
Message& Message::open_array(const char* contents) {
    return open('a', contents);
}
Message& Message::open_struct(const char* contents) {
    return open('r', contents);
}
Message& Message::open_variant(const char* contents) {
    return open('v', contents);
}
Message& Message::close() {
    return note(library_->bus_message_close_container(message_));
}

Result<void> Message::read(char type, void* value) {
    const int got = library_->bus_message_read_basic(message_, type, value);
    if (got > 0) return {};
    // 0: the message ends here.
    return Error(got < 0 ? -got : ENXIO, format("read a field of type '%c' of a message", type));
}

Result<std::string> Message::read_text() {
    const char* text = nullptr;
    BOX_TRY(read('s', &text));
    return std::string(text);
}
Result<std::string> Message::read_path() {
    const char* path = nullptr;
    BOX_TRY(read('o', &path));
    return std::string(path);
}
Result<uint32_t> Message::read_uint32() {
    uint32_t value = 0;
    BOX_TRY(read('u', &value));
    return value;
}
Result<uint64_t> Message::read_uint64() {
    uint64_t value = 0;
    BOX_TRY(read('t', &value));
    return value;
}
Result<bool> Message::read_bool() {
    int value = 0;
    BOX_TRY(read('b', &value));
    return value != 0;
}

Result<bool> Message::enter(char type, const char* contents) {
    const int entered = library_->bus_message_enter_container(message_, type, contents);
    if (entered >= 0) return entered > 0;
    return Error(-entered, format("read a '%c' of '%s' of a message", type, contents));
}

Result<void> Message::enter_variant(const char* contents) {
    if (BOX_TRY(enter('v', contents))) return {};
    return Error(ENXIO, std::string("read a variant of type '") + contents + "' of a message");
}

Result<void> Message::enter_array(const char* contents) {
    if (BOX_TRY(enter('a', contents))) return {};
    return Error(ENXIO, std::string("read an array of '") + contents + "' of a message");
}

Result<bool> Message::enter_struct(const char* contents) {
    return enter('r', contents);
}

Result<void> Message::leave() {
    const int left = library_->bus_message_exit_container(message_);
    if (left < 0) return Error(-left, "read a message");
    return {};
}

}  // namespace boxctl::bus
