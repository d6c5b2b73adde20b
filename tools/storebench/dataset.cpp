// SPDX-License-Identifier: Apache-2.0
#include "dataset.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <utility>

namespace bongsu::bench {
namespace {

constexpr std::uint32_t kRows = 24;                 // of one host
constexpr std::int64_t kStart = 1'735'689'600'000;  // 2025-01-01T00:00:00Z
constexpr std::int64_t kMinute = 60'000;

// SplitMix64: a million of them, one for each series, need to be small.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15) {}
  std::uint64_t next() {
    std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
  }
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  bool chance(double probability) { return unit() < probability; }

 private:
  std::uint64_t state_;
};

enum class Kind { Octets, Packets, Errors, Status, Speed, Temperature, Cpu, Memory, Rtt };

struct Column {
  std::string_view metric;
  Kind kind;
};
struct Set {
  std::string_view name;
  std::vector<Column> columns;
};

const std::vector<Column> kInterface{{"if_oper_status", Kind::Status},
                                     {"if_in_discards_total", Kind::Errors},
                                     {"if_in_errors_total", Kind::Errors},
                                     {"if_out_discards_total", Kind::Errors},
                                     {"if_out_errors_total", Kind::Errors},
                                     {"if_in_octets_total", Kind::Octets},
                                     {"if_in_unicast_packets_total", Kind::Packets},
                                     {"if_out_octets_total", Kind::Octets},
                                     {"if_out_unicast_packets_total", Kind::Packets},
                                     {"if_speed_mbps", Kind::Speed}};
const std::vector<Column> kGauges{{"temperature_celsius", Kind::Temperature},
                                  {"cpu_usage_percent", Kind::Cpu},
                                  {"memory_used_kib", Kind::Memory},
                                  {"rtt_ms", Kind::Rtt}};

const std::vector<Set>& sets() {
  static const std::vector<Set> all = [] {
    std::vector<Set> made{{"interfaces", kInterface},
                          {"gauges", kGauges},
                          {"octets", {{"octets_total", Kind::Octets}}},
                          {"packets", {{"packets_total", Kind::Packets}}},
                          {"errors", {{"errors_total", Kind::Errors}}},
                          {"status", {{"status", Kind::Status}}},
                          {"speed", {{"speed_mbps", Kind::Speed}}},
                          {"temperature", {kGauges[0]}},
                          {"cpu", {kGauges[1]}},
                          {"memory", {kGauges[2]}},
                          {"rtt", {kGauges[3]}}};
    Set mixed{"mixed", kInterface};
    mixed.columns.insert(mixed.columns.end(), kGauges.begin(), kGauges.end());
    made.push_back(std::move(mixed));
    return made;
  }();
  return all;
}

const Set* find_set(std::string_view name) {
  for (const Set& set : sets()) {
    if (set.name == name) return &set;
  }
  return nullptr;
}

// Roughly normal, of deviation 1.
double bell(Random& random) { return (random.unit() + random.unit() + random.unit() + random.unit() - 2) * std::numbers::sqrt3; }

// One series as it runs through the minutes.
class Walk {
 public:
  Walk(Kind kind, std::uint64_t seed) : kind_(kind), random_(seed) {
    switch (kind_) {
      case Kind::Octets:  // 300 octets to 30 MB a second
        total_ = random_.below(4'000'000'000'000);
        level_ = std::pow(10.0, 2.5 + 5 * random_.unit());
        idle_ = random_.chance(0.3);
        break;
      case Kind::Packets:
        total_ = random_.below(9'000'000'000);
        level_ = std::pow(10.0, 0.5 + 4 * random_.unit());
        idle_ = random_.chance(0.3);
        break;
      case Kind::Errors: {  // 85 % never change
        total_ = random_.below(1000);
        const std::uint64_t dice = random_.below(20);
        level_ = dice == 0 ? 0.2 : dice < 3 ? 0.002 : 0;
        break;
      }
      case Kind::Status:
        total_ = random_.chance(0.1) ? 2 : 1;
        break;
      case Kind::Speed: {
        constexpr std::array<std::uint64_t, 6> kSpeeds{100, 1000, 1000, 1000, 10'000, 25'000};
        total_ = kSpeeds[static_cast<std::size_t>(random_.below(kSpeeds.size()))];
        break;
      }
      case Kind::Temperature:
        level_ = 35 + static_cast<double>(random_.below(32));
        break;
      case Kind::Cpu:
        level_ = 5 + 0.6 * static_cast<double>(random_.below(64));
        break;
      case Kind::Memory:
        total_ = 2'000'000 + random_.below(30'000'000);
        break;
      case Kind::Rtt:
        level_ = 0.2 + 0.03 * static_cast<double>(random_.below(1024));
        break;
    }
  }
  double step(std::uint32_t minute) {
    const double day = 0.55 - 0.45 * std::cos(2 * std::numbers::pi * (minute % 1440) / 1440.0);
    switch (kind_) {
      case Kind::Octets:
      case Kind::Packets: {
        if (burst_ > 0) --burst_;
        else if (random_.chance(0.01)) burst_ = 2 + random_.below(12);
        double rate = 0;
        if (idle_) rate = random_.chance(0.2) ? level_ * 0.001 : 0;
        else rate = level_ * day * (1 + 0.25 * bell(random_)) * (burst_ > 0 ? 4 + 4 * random_.unit() : 1);
        total_ += static_cast<std::uint64_t>(std::max(rate, 0.0) * 60);
        return static_cast<double>(total_);
      }
      case Kind::Errors:
        if (level_ > 0 && random_.chance(level_)) total_ += 1 + random_.below(5);
        return static_cast<double>(total_);
      case Kind::Status:
        if (random_.chance(0.0002)) total_ = 3 - total_;
        return static_cast<double>(total_);
      case Kind::Speed:
        return static_cast<double>(total_);
      case Kind::Temperature:  // in half degrees
        drift_ = 0.98 * drift_ + 0.25 * bell(random_);
        return std::round((level_ + 3 * day + drift_) * 2) / 2;
      case Kind::Cpu:  // whole percents
        drift_ = 0.7 * drift_ + 4 * bell(random_);
        return std::round(std::clamp(level_ * (0.4 + day) + drift_ + (random_.chance(0.01) ? 40 : 0), 0.0, 100.0));
      case Kind::Memory:  // pages of 4 KiB
        total_ += static_cast<std::uint64_t>(static_cast<std::int64_t>(bell(random_) * 500) * 4);
        if (static_cast<std::int64_t>(total_) < 500'000) total_ = 2'000'000;
        return static_cast<double>(total_);
      case Kind::Rtt:  // ms with three decimals
        return std::round(level_ * (1 + 0.08 * std::abs(bell(random_))) * (random_.chance(0.01) ? 3 : 1) * 1000) / 1000;
    }
    return 0;
  }

 private:
  Kind kind_;
  Random random_;
  std::uint64_t total_ = 0;
  double level_ = 0;
  double drift_ = 0;
  std::uint64_t burst_ = 0;  // minutes of it that are left
  bool idle_ = false;
};

bool write_values(const DatasetSpec& spec, const Set& set, const std::filesystem::path& file) {
  std::FILE* out = std::fopen(file.c_str(), "wb");
  if (out == nullptr) return false;
  std::vector<Walk> walks;
  walks.reserve(spec.series);
  for (std::uint32_t i = 0; i < spec.series; ++i) walks.emplace_back(set.columns[i % set.columns.size()].kind, 0x5eed0000 + i);
  std::vector<double> row(spec.series);
  bool well = true;
  for (std::uint32_t step = 0; step < spec.steps && well; ++step) {
    for (std::uint32_t i = 0; i < spec.series; ++i) row[i] = walks[i].step(step);
    well = std::fwrite(row.data(), sizeof(double), row.size(), out) == row.size();
  }
  return std::fclose(out) == 0 && well;
}

}  // namespace

std::string known_sets() {
  std::string out;
  for (const Set& set : sets()) out += (out.empty() ? "" : ", ") + std::string(set.name);
  return out;
}

Result<Dataset> Dataset::make(const DatasetSpec& spec, const std::filesystem::path& file) {
  const Set* set = find_set(spec.set);
  if (set == nullptr) return Error{Code::Invalid, "no set is called " + spec.set + "; there are " + known_sets()};
  if (spec.series == 0 || spec.steps == 0) return Error{Code::Invalid, "a data set needs a series and an hour at least"};
  const Error io{Code::Io, file.string() + ": the data set cannot be written there"};
  const pid_t child = fork();
  if (child < 0) return io;
  if (child == 0) _exit(write_values(spec, *set, file) ? 0 : 1);
  int outcome = 0;
  if (waitpid(child, &outcome, 0) != child || outcome != 0) return io;
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return io;
  const std::size_t values = static_cast<std::size_t>(spec.series) * spec.steps;
  void* mapped = mmap(nullptr, values * sizeof(double), PROT_READ, MAP_SHARED, descriptor, 0);
  ::close(descriptor);
  ::unlink(file.c_str());
  if (mapped == MAP_FAILED) return io;
  return Dataset(spec, {static_cast<const double*>(mapped), values});
}

Dataset::Dataset(Dataset&& other) noexcept : spec_(other.spec_), values_(std::exchange(other.values_, {})) {}

Dataset::~Dataset() {
  if (!values_.empty()) munmap(const_cast<double*>(values_.data()), values_.size_bytes());
}

void Dataset::forget() const { madvise(const_cast<double*>(values_.data()), values_.size_bytes(), MADV_DONTNEED); }

Labels Dataset::labels(std::uint32_t series) const {
  const auto& columns = find_set(spec_.set)->columns;
  const auto row = static_cast<std::uint32_t>(series / columns.size());
  char name[40];
  std::snprintf(name, sizeof name, "sw-%05u.example.net", row / kRows);
  return {{std::string(kMetricName), std::string(columns[series % columns.size()].metric)},
          {"device", name},
          {"row", std::to_string(row % kRows + 1)},
          {"job", "snmp"}};
}

std::string Dataset::metric() const {
  const auto& columns = find_set(spec_.set)->columns;
  return std::string(columns[columns.size() / 2].metric);
}

std::uint32_t Dataset::host(std::uint32_t series) const {
  return static_cast<std::uint32_t>(series / find_set(spec_.set)->columns.size() / kRows);
}

std::int64_t Dataset::start() const { return kStart; }

std::int64_t Dataset::time(std::uint32_t series, std::uint32_t step) const {
  const std::int64_t aligned = kStart + static_cast<std::int64_t>(step) * kMinute;
  if (spec_.jitter_ms == 0) return aligned;
  const std::uint32_t own = host(series);
  Random phase(own);
  Random stray(static_cast<std::uint64_t>(own) << 32 | step);
  return aligned + static_cast<std::int64_t>(phase.below(kMinute)) + static_cast<std::int64_t>(stray.below(spec_.jitter_ms));
}

}  // namespace bongsu::bench
