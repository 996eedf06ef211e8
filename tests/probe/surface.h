// SPDX-License-Identifier: LGPL-2.1-or-later
// surface-probe: what of the kernel and the host can be reached from where it runs.
//
// Prints rows "NAME open|closed|absent [ERRNO]". open: the attempt worked, or was refused only for
// its deliberately wrong arguments, behind all permission checks. absent: no such thing here, which
// is also what a filter says that hides a call. closed: refused. Every attempt is harmless, on a
// host too: same values are written back, bogus arguments are given, mounts happen in a child with
// a mount namespace of its own. What would not be harmless on a host says "skipped" there.
#pragma once

#include <initializer_list>

namespace probe {

/// Reports `error`, 0 or an errno; those of `reached` mean that the kernel got past its checks.
void report(const char* name, int error, std::initializer_list<int> reached = {});
void report_word(const char* name, const char* word);
/// "NAME open N" if `count` is above 0, else "NAME closed 0".
void report_count(const char* name, long count);

/// 0 or errno of a call's result.
int error_of(long result);

/// Runs `act` in a child of its own; what it returns (0 or an errno), or EINTR if it was killed.
int in_child(int (*act)());

/// An empty directory for nodes and mount points, made on first use; removed by remove_scratch().
const char* scratch();
void remove_scratch();

/// May attempts go ahead that would disturb a host: not in the initial PID namespace.
extern bool guest;
/// --really: mount attempts act on the own mount namespace, not on a copy.
extern bool really;

void probe_files();
void probe_mounts();
void probe_calls();
void probe_processes();

}  // namespace probe
