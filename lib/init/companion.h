// SPDX-License-Identifier: LGPL-2.1-or-later
// Companion: what stands for a box before machined (see lib/shell/companion.h, which starts it).
//
// Lives in all namespaces of a box beside the box's own init, with no capability. Tells boxctl of
// the signals that are sent to it from outside of the box: there machined and systemd are, which
// ask a machine to power off by a signal to its leader. Whoever is in the box sends its signals
// where they belong; a shutdown that signals all processes must not be taken for a wish. It is
// heeded, though: some wait for whoever does not end by SIGTERM (ten seconds, sysvinit's sendsigs).
#pragma once

namespace boxctl::init {

/// Descriptor number of the pipe that boxctl reads.
constexpr int kCompanionChannel = 3;

/// Exit status by which boxctl sees that the box itself has sent SIGTERM.
constexpr int kCompanionTerminated = 128 + 15;

/// Serves until boxctl or the box is gone, or the box asks it to end; returns an exit status.
int run_companion();

}  // namespace boxctl::init
