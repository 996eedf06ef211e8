// SPDX-License-Identifier: LGPL-2.1-or-later
// What box-init says about itself.
#pragma once

namespace boxctl::init {

constexpr char kVersionText[] = "box-init " BOXCTL_VERSION;
constexpr char kLicenseText[] =
        "box-init is free software under the GNU Lesser General Public License, version 2.1 or "
        "later;\nthere is no warranty. The text: https://www.gnu.org/licenses/lgpl-2.1.html";

}  // namespace boxctl::init
