// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/host/tree.h"

#include <filesystem>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/os/file.h"

using namespace boxctl;

Tree::Tree() {
    char path[] = "/tmp/boxctl-tree-XXXXXX";
    BOOST_REQUIRE(mkdtemp(path) != nullptr);
    path_ = path;
}

Tree::~Tree() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

os::UniqueFd Tree::open() const {
    os::UniqueFd fd(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    BOOST_REQUIRE(fd.valid());
    return fd;
}

void Tree::make_parents(const std::string& name) const {
    std::filesystem::create_directories(std::filesystem::path(at(name)).parent_path());
}

void Tree::put(const std::string& name, std::string_view text, unsigned mode) const {
    make_parents(name);
    const os::UniqueFd fd(::open(at(name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    BOOST_REQUIRE(fd.valid());
    BOOST_REQUIRE_EQUAL(write(fd.get(), text.data(), text.size()),
                        static_cast<ssize_t>(text.size()));
    BOOST_REQUIRE_EQUAL(fchmod(fd.get(), mode), 0);
}

void Tree::link(const std::string& name, const std::string& target) const {
    make_parents(name);
    BOOST_REQUIRE_EQUAL(symlink(target.c_str(), at(name).c_str()), 0);
}

void Tree::directory(const std::string& name) const {
    std::filesystem::create_directories(at(name));
}

void Tree::clear(const std::string& name) const {
    std::filesystem::remove(at(name));
}

namespace {

using Text = std::string_view;
using Name = const std::string&;

void make_socket(const Tree& tree, Name name, Text) {
    const os::UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    struct sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    tree.at(name).copy(address.sun_path, sizeof address.sun_path - 1);
    BOOST_REQUIRE_EQUAL(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
                        0);
}

void make_sparse(const Tree& tree, Name name, off_t size) {
    tree.put(name, "");
    BOOST_REQUIRE_EQUAL(truncate(tree.at(name).c_str(), size), 0);
}

std::string with_crlf(Text text) {
    std::string out;
    for (const char c : text)
        out += c == '\n' ? std::string("\r\n") : std::string(1, c);
    return out;
}

}  // namespace

// clang-format off
const Shape kShapes[17] = {
    {"plain file", [](const Tree& t, Name n, Text good) { t.put(n, good); }, true},
    {"no newline at the end", [](const Tree& t, Name n, Text good) { t.put(n, good.substr(0, good.rfind('\n'))); }, true},
    {"CRLF", [](const Tree& t, Name n, Text good) { t.put(n, with_crlf(good)); }, true},
    {"link that is absolute inside", [](const Tree& t, Name n, Text good) { t.put("/inside/file", good); t.link(n, "/inside/file"); }, true},
    {"junk before", [](const Tree& t, Name n, Text good) { t.put(n, "\xff\xfe\x1b[31m\x80\n" + std::string("a\0b\n", 4) + std::string(good)); }, true},
    {"FIFO", [](const Tree& t, Name n, Text) { BOOST_REQUIRE_EQUAL(mkfifo(t.at(n).c_str(), 0644), 0); }, false},
    {"socket", make_socket, false},
    {"directory", [](const Tree& t, Name n, Text) { t.directory(n); }, false},
    {"link to itself", [](const Tree& t, Name n, Text) { t.link(n, n); }, false},
    {"link out by dots", [](const Tree& t, Name n, Text) { t.link(n, "../../../../../../../../etc/passwd-of-nobody"); }, false},
    {"link to /dev/zero", [](const Tree& t, Name n, Text) { t.link(n, "/dev/zero"); }, false},
    {"link to /proc/kmsg", [](const Tree& t, Name n, Text) { t.link(n, "/proc/kmsg"); }, false},
    {"link to /proc/self/fd/0", [](const Tree& t, Name n, Text) { t.link(n, "/proc/self/fd/0"); }, false},
    {"300 MB line", [](const Tree& t, Name n, Text) { make_sparse(t, n, 300 << 20); }, false},
    {"4 GiB sparse", [](const Tree& t, Name n, Text) { make_sparse(t, n, off_t{4} << 30); }, false},
    {"empty", [](const Tree& t, Name n, Text) { t.put(n, ""); }, false},
    {"nothing", [](const Tree&, Name, Text) {}, false},
};
// clang-format on
