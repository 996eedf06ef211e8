// SPDX-License-Identifier: LGPL-2.1-or-later
// Result<T>: a value or the reason why there is none.
//
// Every fallible function of the project returns one. An Error carries an errno value (0 when the
// failure has none) and a sentence that each layer extends on the left with what it was doing:
//
//     mount /proc: fsopen proc: Operation not permitted
//
// The errno text is added once, by message(). No exceptions: errors have to cross clone(2), C
// callbacks and the frames between the processes of a launch. Method names follow std::expected,
// which this becomes an alias of once the baseline compiler has it.
#pragma once

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace boxctl {

class [[nodiscard]] Error {
 public:
    /// A failure of the user's input or of a peer: `text` says it all.
    explicit Error(std::string text) : text_(std::move(text)), act_length_(text_.size()) {}
    /// A failed kernel call: `code` is a positive errno value, `text` what was attempted.
    Error(int code, std::string text)
            : code_(code), text_(std::move(text)), act_length_(text_.size()) {}

    [[nodiscard]] int code() const { return code_; }
    /// The sentence without the errno text; what add_context() builds on.
    [[nodiscard]] const std::string& text() const { return text_; }
    /// The innermost part of it: what was attempted, without what for.
    [[nodiscard]] std::string_view act() const {
        return std::string_view(text_).substr(text_.size() - act_length_);
    }
    /// For an Error that another process has told of: how long act() is.
    void set_act_length(size_t length) {
        act_length_ = length == 0 || length > text_.size() ? text_.size() : length;
    }
    /// Which mount of the plan failed, counted from 1; 0: none.
    [[nodiscard]] unsigned mount() const { return mount_; }
    void set_mount(unsigned mount) { mount_ = mount; }
    /// What the user can do about it; printed on the same line behind "; ". Empty: nothing known.
    [[nodiscard]] const std::string& hint() const { return hint_; }
    /// One line: text, errno text, hint.
    [[nodiscard]] std::string message() const;

    void add_context(std::string_view outer);
    void set_hint(std::string hint) { hint_ = std::move(hint); }

    /// What boxctl exits with when nobody handles this: 125, but 126 or 127 for a command that
    /// cannot be executed or was not found.
    [[nodiscard]] int exit_code() const { return exit_code_; }
    void set_exit_code(int exit_code) { exit_code_ = exit_code; }

 private:
    int code_ = 0;
    int exit_code_ = 125;
    unsigned mount_ = 0;
    std::string text_;
    size_t act_length_ = 0;
    std::string hint_;
};

/// Error of the call that just failed: takes errno at once.
Error errno_error(std::string text);

template <class T = void>
class [[nodiscard]] Result {
 public:
    using value_type = T;
    // NOLINTNEXTLINE(google-explicit-constructor): "return value;" is the point
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    // NOLINTNEXTLINE(google-explicit-constructor): "return error;" is the point
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }
    [[nodiscard]] T& value() & { return *std::get_if<0>(&state_); }
    [[nodiscard]] const T& value() const& { return *std::get_if<0>(&state_); }
    [[nodiscard]] T&& value() && { return std::move(*std::get_if<0>(&state_)); }
    [[nodiscard]] Error& error() & { return *std::get_if<1>(&state_); }
    [[nodiscard]] const Error& error() const& { return *std::get_if<1>(&state_); }
    [[nodiscard]] Error&& error() && { return std::move(*std::get_if<1>(&state_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    /// Says what the caller was doing when this failed; nothing on success.
    Result&& context(std::string_view outer) && {
        if (!has_value()) error().add_context(outer);
        return std::move(*this);
    }

 private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
    using value_type = void;
    Result() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): "return error;" is the point
    Result(Error error) : error_(std::move(error)) {}

    [[nodiscard]] bool has_value() const { return !error_; }
    explicit operator bool() const { return has_value(); }
    void value() const {}
    [[nodiscard]] Error& error() & { return *error_; }
    [[nodiscard]] const Error& error() const& { return *error_; }
    [[nodiscard]] Error&& error() && { return *std::move(error_); }

    Result&& context(std::string_view outer) && {
        if (error_) error_->add_context(outer);
        return std::move(*this);
    }

 private:
    std::optional<Error> error_;
};

namespace detail_result {
template <class T>
T take(Result<T>& result) {
    return std::move(result).value();
}
inline void take(Result<void>&) {
}
}  // namespace detail_result

}  // namespace boxctl

#define BOX_TRY_AS(name, expr)                     \
    __extension__({                                \
        auto name = (expr);                        \
        if (!name) return std::move(name).error(); \
        ::boxctl::detail_result::take(name);       \
    })
#define BOX_TRY_NAME2(number) box_try_##number
#define BOX_TRY_NAME(number) BOX_TRY_NAME2(number)

/// The value of `expr`, or return its Error from the enclosing function. May be nested.
#define BOX_TRY(expr) BOX_TRY_AS(BOX_TRY_NAME(__COUNTER__), expr)
