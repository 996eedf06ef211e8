// SPDX-License-Identifier: LGPL-2.1-or-later
// A temporary directory and children for the tests of lib/os.
#pragma once

#include <string>
#include <string_view>

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/os/file.h"
#include "lib/os/process.h"

namespace os_test {

using boxctl::os::BorrowedFd;
using boxctl::os::UniqueFd;

template <class T>
T need(boxctl::Result<T> result) {
    BOOST_REQUIRE_MESSAGE(result, (result ? "" : result.error().message()));
    return std::move(result).value();
}
inline void need(boxctl::Result<void> result) {
    BOOST_REQUIRE_MESSAGE(result, (result ? "" : result.error().message()));
}

/// errno of a result; 0 when there is none.
template <class T>
int code_of(const boxctl::Result<T>& result) {
    return result ? 0 : result.error().code();
}

class Directory {
 public:
    Directory() {
        char name[] = "/tmp/boxctl-os-XXXXXX";
        BOOST_REQUIRE(mkdtemp(name) != nullptr);
        path_ = name;
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() {
        nftw(
                path_.c_str(),
                [](const char* path, const struct stat*, int, struct FTW*) {
                    return ::remove(path);
                },
                16, FTW_DEPTH | FTW_PHYS);
    }

    [[nodiscard]] std::string at(const std::string& name) const { return path_ + "/" + name; }
    [[nodiscard]] UniqueFd open(const std::string& name = ".") const {
        UniqueFd fd(::open(at(name).c_str(), O_PATH | O_CLOEXEC));
        BOOST_REQUIRE(fd.valid());
        return fd;
    }
    void directory(const std::string& name) const {
        BOOST_REQUIRE_EQUAL(mkdir(at(name).c_str(), 0755), 0);
    }
    void link(const std::string& name, const std::string& to) const {
        BOOST_REQUIRE_EQUAL(symlink(to.c_str(), at(name).c_str()), 0);
    }
    void put(const std::string& name, std::string_view text, mode_t mode = 0644) const {
        const UniqueFd fd(::open(at(name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
        BOOST_REQUIRE(fd.valid());
        BOOST_REQUIRE_EQUAL(write(fd.get(), text.data(), text.size()),
                            static_cast<ssize_t>(text.size()));
    }
    [[nodiscard]] bool exists(const std::string& name) const {
        struct stat status = {};
        return lstat(at(name).c_str(), &status) == 0;
    }

 private:
    std::string path_;
};

/// A child that runs `act` and exits with what it returns.
template <class Act>
boxctl::os::Cloned spawn(Act act) {
    boxctl::os::Cloned child = need(boxctl::os::clone_process({}));
    if (child.pid == 0) _exit(act());
    return child;
}

}  // namespace os_test
