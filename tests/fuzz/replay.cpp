// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target without libFuzzer: every file of the corpus folder, every truncation of the small ones, and seeded
// mutations of all. Usage: fuzz_NAME CORPUS [MUTATIONS [SEED]]
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

void run(const Bytes& input) {
  // A fresh block of the exact size, so that a sanitizer sees one octet too far.
  const Bytes copy(input);
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

void mutate(Bytes& input, std::mt19937_64& random) {
  const std::size_t changes = 1 + random() % 4;
  for (std::size_t i = 0; i < changes; ++i) {
    const std::size_t at = input.empty() ? 0 : random() % input.size();
    switch (random() % 5) {
      case 0:
        if (!input.empty()) input[at] = static_cast<std::uint8_t>(random());
        break;
      case 1:
        if (!input.empty()) input[at] ^= static_cast<std::uint8_t>(1U << (random() % 8));
        break;
      case 2:
        input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::uint8_t>(random()));
        break;
      case 3:
        if (!input.empty()) input.erase(input.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      default:
        input.resize(at);
        break;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: %s CORPUS [MUTATIONS [SEED]]\n", argv[0]), 2;
  const unsigned long mutations = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 20'000;
  const unsigned long seed = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 1;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Bytes> inputs;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  if (inputs.empty()) return std::fprintf(stderr, "%s holds no inputs\n", argv[1]), 1;
  run({});
  std::size_t runs = 1;
  for (const Bytes& input : inputs) {
    const std::size_t step = std::max<std::size_t>(1, input.size() / 2048);
    for (std::size_t size = 0; size <= input.size(); size += step, ++runs)
      run(Bytes(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size)));
    run(input);
  }
  std::mt19937_64 random(seed);
  for (unsigned long i = 0; i < mutations; ++i, ++runs) {
    Bytes input = inputs[random() % inputs.size()];
    mutate(input, random);
    run(input);
  }
  std::printf("%zu inputs from %zu files, seed %lu\n", runs, inputs.size(), seed);
}
