// SPDX-License-Identifier: LGPL-2.1-or-later
// The Unix sockets of a supervisor: readiness of services, control, and readiness to the host.
//
// They are files below /run/box-init, where only root and the service itself may write to one.
// Where there is no writable /run, readiness sockets have an abstract name, and control is off.
#pragma once

#include <stddef.h>

#include "lib/init/service.h"

namespace boxctl::init {

constexpr char kRuntimeDirectory[] = "/run/box-init";
constexpr char kControlSocket[] = "/run/box-init/control";

/// What a datagram of sd_notify(3) said, as far as it concerns us.
struct Notice {
    bool ready = false;
    char status[96] = {};  ///< STATUS=, cut to fit; empty: none
};

/// Makes the runtime directory; false where it cannot be written.
bool make_runtime_directory();

/// A socket for one service, and in `name` what its NOTIFY_SOCKET says. -1 with errno.
int open_notify(const Service& service, bool in_directory, const char*& name);

/// Takes one datagram; false when none is there.
bool receive_notice(int socket, Notice& notice);

/// The lines of one datagram: what the tests call.
void read_notice(const char* text, size_t length, Notice& notice);

/// A listening socket for control, closed to other users. -1 with errno.
int open_control(const char* path);
/// A connected one, for the client. -1 with errno.
int connect_control(const char* path);

/// The next client whose user may give orders: root, or whoever box-init runs as. -1 with errno:
/// EACCES for another user.
int accept_client(int listener);

/// Readiness told to whoever started box-init; silent where nobody asked for it.
class HostNotifier {
 public:
    /// `address` is $NOTIFY_SOCKET, or null.
    void open(const char* address);
    void say(const char* text) const;

 private:
    int socket_ = -1;
};

}  // namespace boxctl::init
