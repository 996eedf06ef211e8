// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/varlink/message.h"

#include <algorithm>

#include "lib/base/text.h"

namespace boxctl::varlink {
namespace {

const json::Limits kLimits = {.bytes = kLongestMessage, .depth = 16, .values = 4096};

/// A flag that is not there is not set.
Result<bool> read_flag(const json::Value& value, std::string_view key) {
    const json::Value* found = json::find(value, key);
    if (found == nullptr || found->is_null()) return false;
    return json::get_bool(value, key);
}

/// Nothing, null and an empty object are the same.
Result<json::Value> read_parameters(const json::Value& value) {
    const json::Value* found = json::find(value, "parameters");
    if (found == nullptr || found->is_null()) return json::Value::object();
    return *BOX_TRY(json::get_object(value, "parameters"));
}

Result<json::Value> parse_object(std::string_view text) {
    json::Value value = BOX_TRY(json::parse(text, kLimits));
    if (!value.is_object()) return Error(EBADMSG, "a message is no object");
    return value;
}

std::string finish(const json::Value& value) {
    std::string text = json::to_text(value);
    text.push_back('\0');
    return text;
}

Reply service_error(std::string_view name, const char* key, std::string_view value) {
    return {"org.varlink.service." + std::string(name), {{key, std::string(value)}}};
}

}  // namespace

Result<Call> parse_call(std::string_view text) {
    const json::Value value = BOX_TRY(parse_object(text));
    Call call;
    call.method = BOX_TRY(json::get_string(value, "method"));
    if (call.method.find('.') == std::string::npos) {
        return Error(EBADMSG, "no method of an interface: " + quote(call.method));
    }
    call.parameters = BOX_TRY(read_parameters(value));
    call.more = BOX_TRY(read_flag(value, "more"));
    call.oneway = BOX_TRY(read_flag(value, "oneway"));
    return call;
}

Result<Reply> parse_reply(std::string_view text) {
    const json::Value value = BOX_TRY(parse_object(text));
    Reply reply;
    if (json::find(value, "error") != nullptr) {
        reply.error = BOX_TRY(json::get_string(value, "error"));
        if (reply.error.empty()) return Error(EBADMSG, "an error has no name");
    }
    reply.parameters = BOX_TRY(read_parameters(value));
    return reply;
}

std::string write_call(std::string_view method, const json::Value& parameters) {
    return finish({{"method", std::string(method)}, {"parameters", parameters}});
}

std::string write_reply(const Reply& reply, bool continues) {
    json::Value value = json::Value::object();
    if (!reply.error.empty()) value["error"] = reply.error;
    value["parameters"] = reply.parameters;
    if (continues) value["continues"] = true;
    return finish(value);
}

Reply no_such_method(std::string_view method) {
    return service_error("MethodNotFound", "method", method);
}

Reply no_such_interface(std::string_view interface) {
    return service_error("InterfaceNotFound", "interface", interface);
}

Reply invalid_parameter(std::string_view parameter) {
    return service_error("InvalidParameter", "parameter", parameter);
}

Reply expected_more() {
    return {"org.varlink.service.ExpectedMore", json::Value::object()};
}

Result<void> Splitter::add(std::string_view bytes) {
    if (rest_.size() + bytes.size() > 2 * kLongestMessage) return Error(EMSGSIZE, "read messages");
    rest_.append(bytes);
    if (std::min(rest_.find('\0'), rest_.size()) > kLongestMessage) {
        return Error(EMSGSIZE, "read a message");
    }
    return {};
}

std::optional<std::string> Splitter::take() {
    const size_t end = rest_.find('\0');
    if (end == std::string::npos || end > kLongestMessage) return std::nullopt;
    std::string message = rest_.substr(0, end);
    rest_.erase(0, end + 1);
    return message;
}

}  // namespace boxctl::varlink
