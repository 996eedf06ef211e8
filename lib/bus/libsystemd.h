// SPDX-License-Identifier: LGPL-2.1-or-later
// Libsystemd: the functions we use of libsystemd.so.0, loaded when somebody asks for them.
//
// Linking it would make every start of boxctl load it and the compression libraries it brings along
// (3 ms of a launch that takes 5), and there are hosts without it. The version of Debian 12 (252)
// has all of them. Included by .cc files only: the library's types stay out of our headers.
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-journal.h>

#include "lib/base/result.h"

namespace boxctl::bus {

// One line a function. A new one is called as `library.bus_NAME(…)` and cannot be missing: what the
// library does not have makes load_libsystemd() fail.
// clang-format off
#define BOX_LIBSYSTEMD_FUNCTIONS(X)    \
    X(bus_new)                         \
    X(bus_ref)                         \
    X(bus_unref)                       \
    X(bus_flush_close_unref)           \
    X(bus_close_unref)                 \
    X(bus_set_address)                 \
    X(bus_set_bus_client)              \
    X(bus_set_trusted)                 \
    X(bus_set_method_call_timeout)     \
    X(bus_start)                       \
    X(bus_is_ready)                    \
    X(bus_get_unique_name)             \
    X(bus_get_fd)                      \
    X(bus_get_events)                  \
    X(bus_get_timeout)                 \
    X(bus_process)                     \
    X(bus_wait)                        \
    X(bus_flush)                       \
    X(bus_call)                        \
    X(bus_call_async)                  \
    X(bus_send)                        \
    X(bus_match_signal_async)          \
    X(bus_add_match_async)             \
    X(bus_slot_unref)                  \
    X(bus_error_free)                  \
    X(bus_error_get_errno)             \
    X(bus_message_new_method_call)     \
    X(bus_message_ref)                 \
    X(bus_message_unref)               \
    X(bus_message_append_basic)        \
    X(bus_message_append_array)        \
    X(bus_message_open_container)      \
    X(bus_message_close_container)     \
    X(bus_message_read_basic)          \
    X(bus_message_enter_container)     \
    X(bus_message_exit_container)      \
    X(bus_message_at_end)              \
    X(bus_message_skip)                \
    X(bus_message_is_method_error)     \
    X(bus_message_get_error)           \
    X(journal_open)                    \
    X(journal_close)                   \
    X(journal_add_match)               \
    X(journal_get_fd)                  \
    X(journal_process)                 \
    X(journal_seek_head)               \
    X(journal_seek_tail)               \
    X(journal_seek_realtime_usec)      \
    X(journal_next)                    \
    X(journal_previous_skip)           \
    X(journal_get_realtime_usec)       \
    X(journal_get_data)
// clang-format on

struct Libsystemd {
#define BOX_MEMBER(name) decltype(&sd_##name) name = nullptr;
    BOX_LIBSYSTEMD_FUNCTIONS(BOX_MEMBER)
#undef BOX_MEMBER
};

/// Loads it on the first call, for good. An error when it is not installed or lacks a function.
Result<const Libsystemd*> load_libsystemd();

}  // namespace boxctl::bus
