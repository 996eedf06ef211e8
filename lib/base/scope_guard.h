// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <utility>

namespace boxctl {

/// Runs `action` when the scope ends, unless dismissed.
template <class Action>
class [[nodiscard]] ScopeGuard {
 public:
    explicit ScopeGuard(Action action) : action_(std::move(action)) {}
    ScopeGuard(const ScopeGuard&) = delete;
    ScopeGuard& operator=(const ScopeGuard&) = delete;
    ScopeGuard(ScopeGuard&&) = delete;
    ScopeGuard& operator=(ScopeGuard&&) = delete;
    ~ScopeGuard() {
        if (armed_) action_();
    }
    void dismiss() { armed_ = false; }

 private:
    Action action_;
    bool armed_ = true;
};

/// Several lambdas as one visitor of a std::variant.
template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace boxctl
