// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "lib/base/text.h"
#include "lib/host/facts.h"
#include "lib/os/file.h"

namespace boxctl::host {
namespace {

constexpr size_t kLimit = 1U << 20U;

Result<std::string> read_socket(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return Error(ENAMETOOLONG, "connect");
    memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const os::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.valid()) return errno_error("open a socket");
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) {
        return errno_error("connect");
    }
    return os::read_fd(socket, kLimit);
}

Result<std::string> read_path(const std::string& path) {
    struct stat status = {};
    if (stat(path.c_str(), &status) < 0) return errno_error("look at it");
    return S_ISSOCK(status.st_mode) ? read_socket(path) : os::read_file(path, kLimit);
}

Result<std::string> path_of(const settings::Credential& credential) {
    if (credential.path[0] == '/') return credential.path;
    const char* directory = getenv("CREDENTIALS_DIRECTORY");
    if (directory == nullptr || directory[0] != '/') {
        return Error("boxctl has no credentials of its own ($CREDENTIALS_DIRECTORY)");
    }
    return std::string(directory) + "/" + credential.path;
}

}  // namespace

Result<std::vector<CredentialText>> read_credentials(const settings::Settings& wanted) {
    std::vector<CredentialText> texts;
    for (const settings::Credential& credential : wanted.exec.credentials.value) {
        std::string text = credential.value;
        if (!credential.path.empty()) {
            const std::string what =
                    "load credential " + quote(credential.name) + " from " + quote(credential.path);
            const std::string path = BOX_TRY(path_of(credential).context(what));
            text = BOX_TRY(read_path(path).context(what));
        }
        texts.push_back({credential.name, std::move(text)});
    }
    return texts;
}

}  // namespace boxctl::host
