// SPDX-License-Identifier: LGPL-2.1-or-later
// Messages of Varlink (https://varlink.org): JSON objects on a stream, each with a zero byte behind
// it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/json/json.h"

namespace boxctl::varlink {

constexpr size_t kLongestMessage = 64U << 10U;  ///< bytes, without the zero

struct Call {
    std::string method;  ///< INTERFACE.METHOD
    json::Value parameters = json::Value::object();
    bool more = false;    ///< the caller takes one reply after another
    bool oneway = false;  ///< the caller takes none
};
Result<Call> parse_call(std::string_view text);

struct Reply {
    std::string error;  ///< INTERFACE.ERROR; empty: it worked
    json::Value parameters = json::Value::object();
};
Result<Reply> parse_reply(std::string_view text);

// With the zero byte.
std::string write_call(std::string_view method, const json::Value& parameters);
std::string write_reply(const Reply& reply, bool continues = false);

/// The errors that every service answers with, and the parameter each has.
Reply no_such_method(std::string_view method);
Reply no_such_interface(std::string_view interface);
Reply invalid_parameter(std::string_view parameter);
Reply expected_more();

/// Cuts a stream into messages.
class Splitter {
 public:
    /// EMSGSIZE when a message is longer than allowed, or so much was not taken yet.
    Result<void> add(std::string_view bytes);
    /// The next whole message, without its zero.
    std::optional<std::string> take();

 private:
    std::string rest_;
};

}  // namespace boxctl::varlink
