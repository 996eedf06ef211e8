// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <sys/resource.h>

#include <boost/test/unit_test.hpp>

/// As long as it lives this process gets no descriptor above `last`, which it has already.
class NoDescriptors {
 public:
    explicit NoDescriptors(int last) {
        BOOST_REQUIRE(getrlimit(RLIMIT_NOFILE, &former_) == 0);
        const rlimit none = {static_cast<rlim_t>(last) + 1, former_.rlim_max};
        BOOST_REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
    }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;
    ~NoDescriptors() { BOOST_CHECK(setrlimit(RLIMIT_NOFILE, &former_) == 0); }

 private:
    rlimit former_ = {};
};
