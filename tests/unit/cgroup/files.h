// SPDX-License-Identifier: LGPL-2.1-or-later
// A directory with files like those of a cgroup, for what only reads and writes them.
#pragma once

#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/os/file.h"

namespace cgroup_test {

class Files {
 public:
    Files() {
        char name[] = "/tmp/boxctl-cgroup.XXXXXX";
        BOOST_REQUIRE(mkdtemp(name) != nullptr);
        path_ = name;
    }
    ~Files() { remove(path_); }
    Files(const Files&) = delete;
    Files& operator=(const Files&) = delete;

    /// Makes the directories above it, too.
    void write(const std::string& name, const std::string& text) const {
        for (size_t at = name.find('/'); at != std::string::npos; at = name.find('/', at + 1))
            mkdir((path_ + "/" + name.substr(0, at)).c_str(), 0700);
        const auto fd =
                boxctl::os::open_host(path_ + "/" + name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        BOOST_REQUIRE(fd.has_value());
        BOOST_REQUIRE(::write(fd->get(), text.data(), text.size()) ==
                      static_cast<ssize_t>(text.size()));
    }
    [[nodiscard]] std::string read(const std::string& name) const {
        const auto text = boxctl::os::read_file(path_ + "/" + name);
        return text ? *text : "none";
    }
    [[nodiscard]] boxctl::os::UniqueFd open() const {
        return boxctl::os::open_host(path_, O_RDONLY | O_DIRECTORY).value();
    }

 private:
    static void remove(const std::string& path) {
        if (const auto dir = boxctl::os::open_host(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)) {
            const auto names = boxctl::os::list_directory(*dir);
            BOOST_REQUIRE(names.has_value());
            for (const std::string& name : *names)
                remove(path + "/" + name);
            rmdir(path.c_str());
        } else {
            unlink(path.c_str());
        }
    }

    std::string path_;
};

}  // namespace cgroup_test
