// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <initializer_list>

#include <signal.h>

namespace boxctl::event {

/// Blocks signals of the calling thread for a scope (pthread_sigmask(3)) and restores the mask as
/// it was. Loop::add_signal wants its signal blocked; a signal that is still pending when the mask
/// is restored takes its ordinary course then.
class [[nodiscard]] SignalMask {
 public:
    SignalMask(std::initializer_list<int> signals);
    SignalMask(const SignalMask&) = delete;
    SignalMask& operator=(const SignalMask&) = delete;
    SignalMask(SignalMask&&) = delete;
    SignalMask& operator=(SignalMask&&) = delete;
    ~SignalMask();

    /// The mask from before: what a child has to set before it executes a program.
    [[nodiscard]] const sigset_t& saved() const { return saved_; }

 private:
    sigset_t saved_;
};

}  // namespace boxctl::event
