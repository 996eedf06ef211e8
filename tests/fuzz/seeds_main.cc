// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a fuzzer's function over each of its seeds, a Boost.Test case a seed.
#define BOOST_TEST_ALTERNATIVE_INIT_API
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

std::string read_all(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void feed(const std::string& text) {
    BOOST_TEST(LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(text.data()), text.size()) ==
               0);
}

bool add_seeds() {
    using namespace boost::unit_test;
    std::vector<std::filesystem::path> seeds;
    for (const auto& entry : std::filesystem::directory_iterator(SEEDS)) {
        seeds.push_back(entry.path());
    }
    std::sort(seeds.begin(), seeds.end());
    for (const auto& seed : seeds) {
        framework::master_test_suite().add(make_test_case(
                [seed] { feed(read_all(seed)); }, seed.filename().string(), __FILE__, __LINE__));
    }
    // what every parser must bear, seed or not
    framework::master_test_suite().add(
            make_test_case([] { feed(""); }, "empty", __FILE__, __LINE__));
    return !seeds.empty();
}

}  // namespace

int main(int argc, char** argv) {
    return boost::unit_test::unit_test_main(add_seeds, argc, argv);
}
