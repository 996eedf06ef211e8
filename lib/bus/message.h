// SPDX-License-Identifier: LGPL-2.1-or-later
// Message: one D-Bus message, written or read field by field.
//
// Writing: the first failure sticks, and sending the message reports it; so calls can be chained
// without a check after each. Reading: each step is a Result, because what is read was written by
// another process. Types are named as the specification names them ('u' is uint32).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/result.h"
#include "lib/os/fd.h"

struct sd_bus_message;

namespace boxctl::bus {

struct Libsystemd;

class Message {
 public:
    /// Takes over one reference.
    Message(const Libsystemd& library, sd_bus_message* taken)
            : library_(&library), message_(taken) {}
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;
    Message(Message&& other) noexcept
            : library_(other.library_),
              message_(std::exchange(other.message_, nullptr)),
              fault_(other.fault_) {}
    Message& operator=(Message&& other) noexcept;
    ~Message();

    Message& put_bool(bool value);                         ///< b
    Message& put_byte(uint8_t value);                      ///< y
    Message& put_uint16(uint16_t value);                   ///< q
    Message& put_int32(int32_t value);                     ///< i
    Message& put_uint32(uint32_t value);                   ///< u
    Message& put_uint64(uint64_t value);                   ///< t
    Message& put_text(const std::string& value);           ///< s
    Message& put_path(const std::string& value);           ///< o
    Message& put_fd(os::BorrowedFd value);                 ///< h; a copy of it is sent
    Message& put_bytes(const std::vector<uint8_t>& all);   ///< ay
    Message& put_int32s(const std::vector<int32_t>& all);  ///< ai
    Message& open_array(const char* contents);
    Message& open_struct(const char* contents);
    Message& open_variant(const char* contents);
    Message& close();  ///< what was opened last

    Result<std::string> read_text();  ///< s
    Result<std::string> read_path();  ///< o
    Result<uint32_t> read_uint32();   ///< u
    Result<uint64_t> read_uint64();   ///< t
    Result<bool> read_bool();         ///< b
    Result<void> enter_variant(const char* contents);
    Result<void> enter_array(const char* contents);
    /// False behind the last one of an array.
    Result<bool> enter_struct(const char* contents);
    Result<void> leave();

    /// 0, or the errno of the first field that could not be written.
    [[nodiscard]] int fault() const { return fault_; }
    [[nodiscard]] sd_bus_message* raw() const { return message_; }

 private:
    Message& put(char type, const void* value);
    Message& open(char type, const char* contents);
    Message& note(int done);
    Result<void> read(char type, void* value);
    Result<bool> enter(char type, const char* contents);

    const Libsystemd* library_;
    sd_bus_message* message_;
    int fault_ = 0;
};

}  // namespace boxctl::bus
