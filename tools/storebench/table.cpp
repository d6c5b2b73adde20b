// SPDX-License-Identifier: Apache-2.0
#include "table.h"

#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "rivals.h"

namespace bongsu::bench {
namespace {

using Json = nlohmann::json;
using Lines = std::map<std::string, Json>;  // of one run: by store

constexpr const char* kVictoria = "victoriametrics";
constexpr const char* kPrometheus = "prometheus";

// This program with other arguments, and what it prints.
Lines run(std::vector<std::string> arguments) {
  std::string told;
  for (const std::string& each : arguments) told += " " + each;
  std::fprintf(stderr, "bongsu-storebench%s\n", told.c_str());
  arguments.insert(arguments.begin(), "bongsu-storebench");
  arguments.emplace_back("--json");
  std::vector<char*> raw;
  for (std::string& each : arguments) raw.push_back(each.data());
  raw.push_back(nullptr);
  std::array<int, 2> ends{};
  Lines lines;
  if (pipe(ends.data()) != 0) return lines;
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execv("/proc/self/exe", raw.data());
    _exit(127);
  }
  close(ends[1]);
  std::FILE* in = fdopen(ends[0], "r");
  std::array<char, 4096> line{};
  while (std::fgets(line.data(), line.size(), in) != nullptr) {
    Json read = Json::parse(line.data(), nullptr, false);
    if (!read.is_object() || !read.contains("store")) continue;
    const std::string store = read["store"];
    lines[store] = std::move(read);
  }
  std::fclose(in);
  int outcome = 0;
  waitpid(child, &outcome, 0);
  if (outcome != 0) std::fprintf(stderr, "bongsu-storebench: that run failed\n");
  return lines;
}

std::optional<double> find(const Lines& lines, const std::string& store, const std::string& name) {
  const auto line = lines.find(store);
  if (line == lines.end() || !line->second.contains(name)) return std::nullopt;
  return line->second[name].get<double>();
}

std::string text_of(std::optional<double> value) { return value ? fmt::format("{:.4g}", *value) : std::string("-"); }

// `bound`: what is asked; `at_least`, or at most.
void row(const std::string& what, const Lines& lines, const std::string& name, std::optional<double> bound,
         bool at_least = false) {
  const auto own = find(lines, "bongsu", name);
  std::string verdict = "-";
  if (own && bound) verdict = (at_least ? *own >= *bound : *own <= *bound) ? "reached" : "MISSED";
  fmt::print("{:44} {:>10} {:>3}{:>9}  {:8} {:>16} {:>11}\n", what, text_of(own), bound ? (at_least ? ">=" : "<=") : "",
             text_of(bound), verdict, text_of(find(lines, kVictoria, name)), text_of(find(lines, kPrometheus, name)));
  std::fflush(stdout);  // before the next child takes what waits along
}

std::optional<double> share_of(const Lines& lines, double share) {
  const auto rival = find(lines, kVictoria, "bytes_per_sample");
  return rival ? std::optional(*rival * share) : std::nullopt;
}

}  // namespace

int print_table(const TableOptions& options) {
  const auto measure = [&](std::vector<std::string> arguments, bool with_rivals) {
    arguments.insert(arguments.end(), {"--dir", options.dir.string()});
    if (with_rivals && options.rivals) arguments.emplace_back("--rivals");
    return run(std::move(arguments));
  };
  for (const Rival rival : {Rival::VictoriaMetrics, Rival::Prometheus}) {
    if (!options.rivals) fmt::print("{} is not asked: --rivals\n", to_string(rival));
    else if (!installed(rival)) fmt::print("{} is not installed: its column stays empty\n", to_string(rival));
  }
  fmt::print("{:44} {:>10} {:>12}  {:8} {:>16} {:>11}\n", "", "Bongsu", "asked", "", "VictoriaMetrics", "Prometheus");

  const Lines aligned = measure({"--set", "interfaces"}, true);
  row("interfaces, 10,000 x 24 h: octets a sample", aligned, "bytes_per_sample", share_of(aligned, 0.9));
  row("  ingest, samples/s", aligned, "ingest_per_s", 3e6, true);
  row("  CPU s per million, compaction included", aligned, "cpu_s_per_Msample", 0.30);
  row("  one series, 24 h, ms", aligned, "series_24h_ms", 0.1);
  row("  1,000 series, 1 h, ms", aligned, "rate_1000_ms", 4);
  row("  resident, MiB", aligned, "rss_mib", std::nullopt);
  const Lines jitter = measure({"--set", "interfaces", "--jitter", "50"}, true);
  row("interfaces with 50 ms of jitter", jitter, "bytes_per_sample", share_of(jitter, 0.9));
  const Lines rolled = measure({"--set", "interfaces", "--hours", "26"}, false);
  row("interfaces, 26 h: windows, octets a sample", rolled, "rollup_bytes_per_sample", std::nullopt);
  for (const char* kind : {"octets", "packets", "errors", "status", "speed", "temperature", "cpu", "memory", "rtt"}) {
    const Lines lines = measure({"--set", kind, "--series", "1000"}, true);
    row(fmt::format("{}, 1,000 x 24 h: octets a sample", kind), lines, "bytes_per_sample", share_of(lines, 1.0));
  }
  const Lines many = measure({"--set", "interfaces", "--series", "100000", "--hours", "6"}, false);
  row("100,000 series: ingest, samples/s", many, "ingest_per_s", 3e6, true);
  row("  CPU s per million, compaction included", many, "cpu_s_per_Msample", 0.30);
  row("  latest of all, ms", many, "last_100k_ms", 10);
  const Lines million = measure({"--set", "interfaces", "--series", "1000000", "--hours", "6"}, false);
  row("1,000,000 series, 6 h: resident in all, MiB", million, "rss_mib", 600);
  row("  head, octets a series", million, "head_bytes_per_series", 300);
  row("  labels and index, octets a series", million, "index_bytes_per_series", std::nullopt);
  const Lines restart = measure({"--set", "interfaces", "--series", "1000000", "--hours", "2", "--restart"}, false);
  row("  start after kill -9, ms", restart, "start_ms", 3000);
  row("  CPU s of that", restart, "start_cpu_s", std::nullopt);
  const Lines logs = measure({"--set", "logs", "--lines", std::to_string(options.lines)}, false);
  row(fmt::format("logs, {} million lines: lines/s", options.lines / 1'000'000), logs, "lines_per_s", 1e6, true);
  row("  CPU s per million", logs, "cpu_s_per_Mline", std::nullopt);
  row("  octets on disk per octet", logs, "disk_per_raw", 0.2);
  row("  a rare word, ms", logs, "rare_word_ms", 300);
  return 0;
}

}  // namespace bongsu::bench
