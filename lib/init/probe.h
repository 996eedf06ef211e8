// SPDX-License-Identifier: LGPL-2.1-or-later
// Asking a service over the network whether it works, without ever waiting for it.
#pragma once

#include <stddef.h>

#include "lib/init/service.h"

namespace boxctl::init {

enum class ProbeNews : uint8_t {
    pending,  ///< not known yet
    sent,     ///< the question is out: now wait for the answer
    good,
    bad,
};

/// Begins to connect to a tcp or http probe's address. The socket, non-blocking, or -1 with errno.
/// The kernel may have connected it already: it is writable then, like later.
int begin_probe(const Probe& probe);

/// The socket is writable: the connection was made or refused, and for http the request is sent.
ProbeNews probe_connected(const Probe& probe, int socket);

/// The socket is readable: the beginning of the answer. 200 to 399 is good.
ProbeNews probe_answered(int socket);

/// The verdict on the first bytes of an answer.
ProbeNews judge_http(const char* text, size_t length);

}  // namespace boxctl::init
