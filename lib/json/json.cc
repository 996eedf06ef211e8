// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/json/json.h"

#include <limits>
#include <set>
#include <vector>

#include "lib/base/text.h"

namespace boxctl::json {
namespace {

// Walks the text once without building anything and stops at the first thing that is not allowed.
class Inspector final : public nlohmann::json_sax<Value> {
 public:
    explicit Inspector(const Limits& limits) : limits_(limits) {}

    [[nodiscard]] const std::string& fault() const { return fault_; }

    bool null() override { return count(); }
    bool boolean(bool) override { return count(); }
    bool number_integer(number_integer_t) override { return count(); }
    bool number_unsigned(number_unsigned_t) override { return count(); }
    bool number_float(number_float_t, const string_t&) override { return count(); }
    bool string(string_t&) override { return count(); }
    bool binary(binary_t&) override { return refuse("binary value"); }

    bool start_object(std::size_t) override { return open(); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(); }
    bool end_array() override { return close(); }

    bool key(string_t& name) override {
        if (keys_.back().insert(name).second) return true;
        return refuse("duplicate member " + quote(name));
    }

    bool parse_error(std::size_t position, const std::string& token,
                     const nlohmann::json::exception&) override {
        return refuse(format("not JSON at byte %zu", position) +
                      (token.empty() ? "" : ", near " + quote(token.substr(0, 40))));
    }

 private:
    bool refuse(std::string fault) {
        fault_ = std::move(fault);
        return false;
    }
    bool count() {
        if (++values_ <= limits_.values) return true;
        return refuse(format("more than %zu values", limits_.values));
    }
    bool open() {
        if (keys_.size() == limits_.depth) {
            return refuse(format("nested deeper than %zu levels", limits_.depth));
        }
        keys_.emplace_back();
        return count();
    }
    bool close() {
        keys_.pop_back();
        return true;
    }

    const Limits& limits_;
    size_t values_ = 0;
    std::vector<std::set<std::string>> keys_;  // of each object that is open; unused for arrays
    std::string fault_;
};

Result<const Value*> member(const Value& object, std::string_view key) {
    const Value* value = find(object, key);
    if (value == nullptr) return Error("missing member " + quote(key));
    return value;
}

Error wrong_type(std::string_view key, const char* wanted) {
    return Error("member " + quote(key) + " is not " + wanted);
}

}  // namespace

Result<Value> parse(std::string_view text, const Limits& limits) {
    if (text.size() > limits.bytes) return Error(format("larger than %zu bytes", limits.bytes));
    Inspector inspector(limits);
    if (!Value::sax_parse(text, &inspector)) return Error(inspector.fault());
    return Value::parse(text, nullptr, /*allow_exceptions=*/false);
}

std::string to_text(const Value& value, Layout layout) {
    return value.dump(layout == Layout::pretty ? 2 : -1, ' ', /*ensure_ascii=*/false,
                      Value::error_handler_t::replace);
}

const Value* find(const Value& object, std::string_view key) {
    if (!object.is_object()) return nullptr;
    const auto at = object.find(std::string(key));
    return at == object.end() ? nullptr : &*at;
}

Result<std::string> get_string(const Value& object, std::string_view key) {
    const Value* value = BOX_TRY(member(object, key));
    if (!value->is_string()) return wrong_type(key, "a string");
    return value->get_ref<const std::string&>();
}

Result<bool> get_bool(const Value& object, std::string_view key) {
    const Value* value = BOX_TRY(member(object, key));
    if (!value->is_boolean()) return wrong_type(key, "true or false");
    return value->get<bool>();
}

Result<uint64_t> get_u64(const Value& object, std::string_view key) {
    const Value* value = BOX_TRY(member(object, key));
    const bool negative =
            value->is_number_integer() && !value->is_number_unsigned() && value->get<int64_t>() < 0;
    if (!value->is_number_integer() || negative) return wrong_type(key, "a whole number");
    return value->get<uint64_t>();
}

Result<int64_t> get_i64(const Value& object, std::string_view key) {
    const Value* value = BOX_TRY(member(object, key));
    const bool too_large =
            value->is_number_unsigned() &&
            value->get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    if (!value->is_number_integer() || too_large) return wrong_type(key, "a whole number");
    return value->get<int64_t>();
}

Result<const Value*> get_array(const Value& object, std::string_view key) {
    const Value* value = BOX_TRY(member(object, key));
    if (!value->is_array()) return wrong_type(key, "an array");
    return value;
}

Result<const Value*> get_object(const Value& object, std::string_view key) {
    const Value* value = BOX_TRY(member(object, key));
    if (!value->is_object()) return wrong_type(key, "an object");
    return value;
}

}  // namespace boxctl::json
