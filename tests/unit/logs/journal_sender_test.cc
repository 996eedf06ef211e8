// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/logs/journal_sender.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

using namespace boxctl;

namespace {

using Fields = std::multimap<std::string, std::string>;

/// What systemd-journald reads out of a datagram.
Fields parse(std::string_view datagram) {
    Fields fields;
    while (!datagram.empty()) {
        const size_t end = datagram.find('\n');
        BOOST_REQUIRE(end != std::string_view::npos);
        const std::string_view line = datagram.substr(0, end);
        datagram.remove_prefix(end + 1);
        if (const size_t equals = line.find('='); equals != std::string_view::npos) {
            fields.emplace(line.substr(0, equals), line.substr(equals + 1));
            continue;
        }
        uint64_t size = 0;
        BOOST_REQUIRE(datagram.size() >= sizeof size);
        memcpy(&size, datagram.data(), sizeof size);
        datagram.remove_prefix(sizeof size);
        BOOST_REQUIRE(datagram.size() > size);
        fields.emplace(line, datagram.substr(0, size));
        BOOST_REQUIRE(datagram[size] == '\n');
        datagram.remove_prefix(size + 1);
    }
    return fields;
}

class Journal {
 public:
    Journal() {
        char name[] = "/tmp/boxctl-journal-XXXXXX";
        BOOST_REQUIRE(mkdtemp(name) != nullptr);
        folder_ = name;
        auto made = event::Loop::create();
        BOOST_REQUIRE(made);
        loop = std::move(made).value();
        listen();
    }
    ~Journal() {
        unlink(path().c_str());
        rmdir(folder_.c_str());
    }
    [[nodiscard]] std::string path() const { return folder_ + "/socket"; }

    void listen() {
        unlink(path().c_str());
        socket_.reset(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        sockaddr_un address = {};
        address.sun_family = AF_UNIX;
        strcpy(address.sun_path, path().c_str());
        BOOST_REQUIRE_EQUAL(
                bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }

    /// Messages that have arrived.
    std::vector<std::string> messages() {
        std::vector<std::string> found;
        std::string datagram(65536, '\0');
        for (ssize_t size = 0;
             (size = recv(socket_.get(), datagram.data(), datagram.size(), 0)) >= 0;) {
            last = parse(std::string_view(datagram).substr(0, static_cast<size_t>(size)));
            BOOST_REQUIRE_EQUAL(last.count("MESSAGE"), 1U);
            found.push_back(last.find("MESSAGE")->second);
        }
        return found;
    }

    void run_for(uint64_t time) const {
        const auto stop = loop->add_timer(event::now_us() + time, [this] { loop->exit(0); });
        BOOST_REQUIRE(loop->run());
    }

    std::unique_ptr<event::Loop> loop;
    Fields last;

 private:
    std::string folder_;
    os::UniqueFd socket_;
};

void take(logs::JournalSender& sender, const std::string& text) {
    sender.take(text);
}

}  // namespace

BOOST_AUTO_TEST_CASE(line_is_an_entry_of_the_machine) {
    Journal journal;
    logs::JournalSender sender(*journal.loop, "web", journal.path());
    take(sender, "one\r\n\r\n \ntwo\r\nlogin: ");
    BOOST_TEST(journal.messages() == (std::vector<std::string>{"one", "two"}));
    BOOST_TEST(journal.last == (Fields{{"MESSAGE", "two"},
                                       {"PRIORITY", "6"},
                                       {"SYSLOG_IDENTIFIER", "web"},
                                       {"BOXCTL_MACHINE", "web"}}));
    sender.finish();
    BOOST_TEST(journal.messages() == (std::vector<std::string>{"login: "}));
}

BOOST_AUTO_TEST_CASE(box_cannot_add_fields_or_escape_sequences) {
    Journal journal;
    logs::JournalSender sender(*journal.loop, "web", journal.path());
    take(sender, "\n_SYSTEMD_UNIT=ssh.service\n<0>panic\n\x1b]0;pwn\aMESSAGE\nPRIORITY=0\n");
    BOOST_TEST(journal.messages() ==
               (std::vector<std::string>{"_SYSTEMD_UNIT=ssh.service", "<0>panic", "MESSAGE",
                                         "PRIORITY=0"}));
    BOOST_TEST(journal.last.size() == 4U);
    BOOST_TEST(journal.last.find("PRIORITY")->second == "6");
    // control: the parser does see what stands outside of a length
    BOOST_TEST(parse("MESSAGE=x\n_SYSTEMD_UNIT=ssh.service\n").count("_SYSTEMD_UNIT") == 1U);
}

BOOST_AUTO_TEST_CASE(journal_that_is_busy_gets_all_later) {
    Journal journal;
    logs::JournalSender sender(*journal.loop, "web", journal.path());
    for (int i = 0; i < 1000; i++)
        take(sender, "line " + std::to_string(i) + "\n");
    std::vector<std::string> all;
    const auto collect = [&] {
        const auto some = journal.messages();
        all.insert(all.end(), some.begin(), some.end());
        if (all.size() == 1000) journal.loop->exit(0);
    };
    collect();
    BOOST_TEST(all.size() < 1000U);  // else this would show nothing
    const auto reading = journal.loop->add_hook(collect);
    const auto stop = journal.loop->add_timer(event::now_us() + 10 * event::kSecond,
                                              [&] { journal.loop->exit(1); });
    BOOST_REQUIRE(journal.loop->run());
    BOOST_REQUIRE_EQUAL(all.size(), 1000U);
    for (size_t i = 0; i < all.size(); i++)
        BOOST_TEST_REQUIRE(all[i] == "line " + std::to_string(i));
}

BOOST_AUTO_TEST_CASE(journal_that_stands_still_costs_bounded_memory_and_is_told) {
    Journal journal;
    logs::JournalSender sender(*journal.loop, "web", journal.path());
    const std::string line(1000, 'x');
    for (int i = 0; i < 10000; i++)
        take(sender, line + "\n");
    std::vector<std::string> all = journal.messages();
    BOOST_TEST(all.size() < 10000U);
    for (;;) {
        take(sender, "more\n");
        const auto some = journal.messages();
        all.insert(all.end(), some.begin(), some.end());
        if (all.back() == "more") break;
    }
    size_t notes = 0;
    size_t lost = 0;
    size_t came = 0;
    for (const std::string& text : all) {
        const std::string mark = "boxctl: ";
        if (!text.starts_with(mark)) {
            came++;
            continue;
        }
        notes++;
        lost += std::stoul(text.substr(mark.size()));
    }
    BOOST_TEST(notes == 1U);
    // Every line was either delivered or counted; some of the last ones may still wait.
    BOOST_TEST(came + lost >= 10001U);
    BOOST_TEST(came * line.size() < 4 * logs::kMostWaiting);
}

BOOST_AUTO_TEST_CASE(new_journal_socket_is_found) {
    Journal journal;
    logs::JournalSender sender(*journal.loop, "web", journal.path());
    take(sender, "one\n");
    BOOST_TEST(journal.messages() == (std::vector<std::string>{"one"}));
    journal.listen();
    take(sender, "two\n");  // too early for another attempt
    journal.run_for(event::kSecond + 10000);
    take(sender, "three\n");
    BOOST_TEST(journal.messages() == (std::vector<std::string>{"two", "three"}));
}

BOOST_AUTO_TEST_CASE(no_journal_is_no_trouble) {
    Journal journal;
    logs::JournalSender sender(*journal.loop, "web", "/tmp/there/is/no/such/socket");
    for (int i = 0; i < 10000; i++)
        take(sender, "a line that nobody wants\n");
    sender.finish();
    BOOST_TEST(journal.messages().empty());
}
