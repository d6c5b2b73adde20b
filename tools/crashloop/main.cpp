// SPDX-License-Identifier: Apache-2.0
// Kills, cuts, fills and damages a store while it is written, and looks from outside whether it kept its word.
#include <fmt/core.h>
#include <getopt.h>

#include <cstdio>
#include <map>
#include <random>

#include "base/text.h"
#include "loops.h"

namespace bongsu::crash {
namespace {

constexpr const char* kUsage =
    "usage: bongsu-crashloop [options]\n"
    "A process writes points, log lines, states and commits whose values follow from their numbers, and tells what the store\n"
    "acknowledged. It is ended; then all of it is read again: the store opens by itself, nothing acknowledged is lost but the\n"
    "last second of points, nothing differs and nothing was never told.\n"
    "  --mode MODE      kill     kill -9 at random moments (the default)\n"
    "                   power    power cuts: ext4 on a loop device, shut down beneath it (root)\n"
    "                   full     a small disk runs full and is freed (root)\n"
    "                   damage   after each kill, copies with a torn or zeroed end of the log, flipped bits, cut or missing "
    "tables,\n"
    "                            without CURRENT, with the MANIFEST cut or flipped: it must open and "
    "tell\n"
    "                   faults   write, fdatasync and rename fail: the 1st, the 2nd, the 3rd ... call, once and from then on\n"
    "  --cycles N       (200)\n"
    "  --seed S         repeats the choices of a run, not its moments (a new one each time)\n"
    "  --dir DIR        for the stores, made; what fails is left there (a folder of its own in /tmp or in memory)\n"
    "  --stride N       of faults: only every N-th call (1)\n"
    "  --most-lost MS   of points that were appended and neither flushed nor kept, while the process could work (1000)\n"
    "The last line counts. Exit code: 0, 1 with findings, 2 for wrong options, 77 where the system does not allow the mode.\n";

std::filesystem::path own_folder() {
  std::error_code ignored;
  const std::filesystem::path memory = "/dev/shm";
  const auto space = std::filesystem::space(memory, ignored);
  const bool in_memory = !ignored && space.available > (1U << 30);
  std::string name = ((in_memory ? memory : std::filesystem::temp_directory_path()) / "bongsu-crashloop-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    std::perror("bongsu-crashloop: a folder");
    std::exit(1);
  }
  return name;
}

std::uint64_t number(const char* text) {
  if (const auto value = parse_unsigned(text); value && *value > 0) return *value;
  fmt::print(stderr, "bongsu-crashloop: {}: not a whole number above 0\n", text);
  std::exit(2);
}

int run(int argc, char** argv) {
  enum { kMode = 1, kCycles, kSeed, kDir, kStride, kMostLost, kHelp };
  const option known[] = {{"mode", 1, nullptr, kMode}, {"cycles", 1, nullptr, kCycles}, {"seed", 1, nullptr, kSeed},
                          {"dir", 1, nullptr, kDir},   {"stride", 1, nullptr, kStride}, {"most-lost", 1, nullptr, kMostLost},
                          {"help", 0, nullptr, kHelp}, {nullptr, 0, nullptr, 0}};
  const std::map<std::string_view, Result<int> (*)(const LoopOptions&)> modes{
      {"kill", kill_loop}, {"power", power_loop}, {"full", full_loop}, {"damage", damage_loop}, {"faults", fault_loop}};
  LoopOptions options{.seed = std::random_device()()};
  auto loop = kill_loop;
  for (int found; (found = getopt_long(argc, argv, "", known, nullptr)) != -1;) {
    switch (found) {
      case kMode:
        if (const auto mode = modes.find(optarg); mode != modes.end()) {
          loop = mode->second;
          break;
        }
        fmt::print(stderr, "bongsu-crashloop: no mode {}: kill, power, full, damage or faults\n", optarg);
        return 2;
      case kCycles:
        options.cycles = number(optarg);
        break;
      case kSeed:
        options.seed = number(optarg);
        break;
      case kDir:
        options.dir = optarg;
        break;
      case kStride:
        options.stride = number(optarg);
        break;
      case kMostLost:
        options.most_lost = Millis(number(optarg));
        break;
      case kHelp:
        std::fputs(kUsage, stdout);
        return 0;
      default:
        std::fputs(kUsage, stderr);
        return 2;
    }
  }
  const bool own = options.dir.empty();
  if (own) options.dir = own_folder();
  std::filesystem::create_directories(options.dir);
  const auto findings = loop(options);
  if (own && (!findings || *findings == 0)) std::filesystem::remove_all(options.dir);
  if (findings) return *findings == 0 ? 0 : 1;
  fmt::print(stderr, "bongsu-crashloop: {}\n", findings.error().text);
  return findings.error().code == Code::Denied ? 77 : 1;
}

}  // namespace
}  // namespace bongsu::crash

int main(int argc, char** argv) { return bongsu::crash::run(argc, argv); }
