// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/os/file.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/logs/file_log.h"
#include "lib/logs/file_reader.h"

using namespace boxctl;
using logs::Entry;

namespace {

template <class T>
T need(Result<T> result) {
    BOOST_REQUIRE_MESSAGE(result, (result ? "" : result.error().message()));
    return std::move(result).value();
}
void need(Result<void> result) {
    BOOST_REQUIRE_MESSAGE(result, (result ? "" : result.error().message()));
}

class Folder {
 public:
    Folder() {
        char name[] = "/tmp/boxctl-logs-XXXXXX";
        BOOST_REQUIRE(mkdtemp(name) != nullptr);
        path_ = name;
    }
    ~Folder() {
        for (const char* name : {logs::kLogName, logs::kOldLogName})
            unlink((path_ + "/" + name).c_str());
        rmdir(path_.c_str());
    }
    [[nodiscard]] os::UniqueFd open() const {
        return need(os::open_host(path_, O_RDONLY | O_DIRECTORY));
    }
    [[nodiscard]] size_t size_of(const char* name) const {
        struct stat status = {};
        if (stat((path_ + "/" + name).c_str(), &status) < 0) return 0;
        return static_cast<size_t>(status.st_size);
    }
    [[nodiscard]] std::string path(const char* name) const { return path_ + "/" + name; }

 private:
    std::string path_;
};

std::string entry_of(std::string_view text, bool ends_line = true) {
    std::string out;
    logs::append_entry(out, logs::format_time(1795606200123456), text, ends_line);
    return out;
}

Result<void> put(logs::FileLog& log, std::string_view text) {
    return log.append(entry_of(text), text.size());
}

std::vector<std::string> texts(logs::FileReader& reader) {
    std::vector<std::string> found;
    need(reader.read([&](Entry entry) { found.push_back(std::move(entry.text)); }));
    return found;
}

/// Every file of this process ends at `size` bytes, until this goes.
class FileLimit {
 public:
    explicit FileLimit(rlim_t size) {
        signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit = {size, before_.rlim_max};
        BOOST_REQUIRE_EQUAL(setrlimit(RLIMIT_FSIZE, &limit), 0);
    }
    ~FileLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
    rlimit before_ = {};
};

}  // namespace

BOOST_AUTO_TEST_CASE(entry_comes_back_as_it_was) {
    for (const std::string& text :
         {std::string(), std::string("text"), std::string("\0\x1b\xff\r", 4)}) {
        for (const bool ends_line : {true, false}) {
            const std::string line = entry_of(text, ends_line);
            BOOST_REQUIRE(line.back() == '\n');
            const auto entry = logs::parse_entry(std::string_view(line).substr(0, line.size() - 1));
            BOOST_REQUIRE(entry);
            BOOST_TEST(entry->time == 1795606200123456U);
            BOOST_TEST(entry->text == text);
            BOOST_TEST(entry->ends_line == ends_line);
        }
    }
    BOOST_TEST(entry_of("text") == "2026-11-25T11:30:00.123456Z text\n");
}

BOOST_AUTO_TEST_CASE(torn_line_is_no_entry) {
    const std::string line = "2026-11-25T11:30:00.123456Z ";
    BOOST_REQUIRE(logs::parse_entry(line));
    for (size_t size = 0; size < line.size(); size++)
        BOOST_TEST(!logs::parse_entry(line.substr(0, size)));
    for (const char* text : {"2026-11-25T11:30:00.123456Z-", "2026-11-25 11:30:00.123456Z text",
                             "2026-1x-25T11:30:00.123456Z text"}) {
        BOOST_TEST(!logs::parse_entry(text));
    }
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
    const Folder folder;
    logs::FileReader early(folder.open());
    BOOST_TEST(texts(early).empty());
    {
        logs::FileLog log(folder.open());
        need(put(log, "one"));
        need(put(log, "two"));
    }
    logs::FileLog log(folder.open());  // continues
    need(put(log, "three"));
    BOOST_TEST(texts(early) == (std::vector<std::string>{"one", "two", "three"}));
    BOOST_TEST(texts(early).empty());
    need(put(log, "four"));
    BOOST_TEST(texts(early) == (std::vector<std::string>{"four"}));
}

BOOST_AUTO_TEST_CASE(two_files_of_bounded_size_are_kept) {
    const Folder folder;
    logs::FileLog log(folder.open());
    logs::FileReader follower(folder.open());
    const std::string text(4000, 'x');
    size_t followed = 0;
    for (size_t i = 0; i < 1000; i++) {
        need(put(log, format("%zu ", i) + text));
        for (const std::string& line : texts(follower)) {
            BOOST_TEST_REQUIRE(line.starts_with(format("%zu ", followed)));
            followed++;
        }
        BOOST_TEST_REQUIRE(folder.size_of(logs::kLogName) <= logs::kMostLogBytes);
        BOOST_TEST_REQUIRE(folder.size_of(logs::kOldLogName) <= logs::kMostLogBytes);
    }
    BOOST_TEST(followed == 1000U);  // through three rotations
    logs::FileReader late(folder.open());
    const auto kept = texts(late);
    BOOST_TEST(kept.size() > logs::kMostLogBytes / 4100);
    BOOST_TEST(kept.back().starts_with("999 "));
}

BOOST_AUTO_TEST_CASE(slow_reader_is_told_what_it_missed) {
    const Folder folder;
    logs::FileLog log(folder.open());
    logs::FileReader reader(folder.open());
    need(put(log, "first"));
    BOOST_TEST(texts(reader).size() == 1U);
    const std::string text(4000, 'x');
    for (size_t i = 0; i < 1000; i++)
        need(put(log, text));
    const auto rest = texts(reader);
    const std::string note = "boxctl: output was rotated away before it could be shown";
    BOOST_TEST(std::count(rest.begin(), rest.end(), note) == 1);
    BOOST_TEST(rest.front() == text);  // what stands in the file it had open
    BOOST_TEST(rest.back() == text);
}

BOOST_AUTO_TEST_CASE(reader_keeps_up_with_a_torn_write) {
    const Folder folder;
    logs::FileReader reader(folder.open());
    const std::string line = entry_of("halves");
    const os::UniqueFd file(open(folder.path(logs::kLogName).c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    BOOST_REQUIRE(file.valid());
    for (const char byte : line) {
        BOOST_TEST(texts(reader).empty());
        BOOST_REQUIRE_EQUAL(write(file.get(), &byte, 1), 1);
    }
    BOOST_TEST(texts(reader) == (std::vector<std::string>{"halves"}));
}

BOOST_AUTO_TEST_CASE(full_disk_loses_whole_entries_and_says_so) {
    const Folder folder;
    logs::FileLog log(folder.open());
    need(put(log, "before"));
    {
        const FileLimit limit(100);
        const auto refused = put(log, std::string(200, 'x'));
        BOOST_REQUIRE(!refused);
        BOOST_TEST(!put(log, std::string(50, 'y')));
    }
    need(put(log, "after"));
    logs::FileReader reader(folder.open());
    BOOST_TEST(texts(reader) ==
               (std::vector<std::string>{"before", "boxctl: 250 bytes of output are missing here",
                                         "after"}));
}

BOOST_AUTO_TEST_CASE(pieces_become_lines_of_bounded_length) {
    logs::LineJoiner joiner;
    BOOST_TEST(!joiner.add({1, "a", false}));
    BOOST_TEST(!joiner.add({2, "b", false}));
    const auto line = joiner.add({3, "c", true});
    BOOST_REQUIRE(line);
    BOOST_TEST(line->text == "abc");
    BOOST_TEST(line->time == 1U);
    BOOST_TEST(!joiner.finish());
    size_t longest = 0;
    for (int i = 0; i < 100; i++) {
        if (const auto piece = joiner.add({4, std::string(4096, 'x'), false}))
            longest = std::max(longest, piece->text.size());
    }
    BOOST_TEST(longest >= logs::kLongestLine);
    BOOST_TEST(longest < logs::kLongestLine + 4096);
    BOOST_REQUIRE(joiner.finish());
}
