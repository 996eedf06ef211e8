// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a fuzz target on its seeds, on each of them cut short, and on nothing: what a fuzzer found
// once is tested everywhere, also where there is no libFuzzer. A target that misbehaves aborts.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

int run(const std::string& input, size_t size) {
    // A copy of the exact size, so that the sanitizers see every byte read beyond its end.
    const std::vector<uint8_t> bytes(input.begin(),
                                     input.begin() + static_cast<std::ptrdiff_t>(size));
    return LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

}  // namespace

int main() {
    size_t seeds = 0;
    int status = run("", 0);
    for (const auto& entry : std::filesystem::directory_iterator(BOXCTL_SEEDS)) {
        std::printf("%s\n", entry.path().filename().c_str());
        std::fflush(stdout);  // the last line names the culprit of an abort
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        if (!file.good() && !file.eof()) return 1;
        const size_t step = std::max<size_t>(1, text.size() / 64);
        for (size_t size = 0; size < text.size(); size += step)
            status |= run(text, size);
        status |= run(text, text.size());
        seeds++;
    }
    std::printf("%zu seeds\n", seeds);
    return seeds == 0 ? 1 : status;
}
