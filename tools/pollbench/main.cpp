// SPDX-License-Identifier: Apache-2.0
// bongsu-pollbench: what polling costs, and a rival beside it.
#include <fmt/core.h>
#include <malloc.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "lab.h"
#include "options.h"
#include "poll.h"

namespace bongsu::pollbench {
namespace {

using Json = nlohmann::ordered_json;

struct Bench {
  Options options;
  std::vector<std::string> addresses;
  std::vector<std::string> oids;
  std::shared_ptr<const snmp::Columns> columns;
  std::unique_ptr<Child> simulator;
  std::unique_ptr<Child> silence;  // an agent that never answers
  std::uint16_t silent_port = 0;

  std::vector<Host> hosts(const std::shared_ptr<const snmp::Credentials>& credentials) const;
  Measured poll(const std::shared_ptr<const snmp::Credentials>& credentials) const;
};

bool is_dead(const Options& options, std::size_t which) {
  const auto nth = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<double>(i) * options.dead / 100); };
  return nth(which + 1) > nth(which);
}

std::vector<Host> Bench::hosts(const std::shared_ptr<const snmp::Credentials>& credentials) const {
  std::vector<Host> out;
  out.reserve(addresses.size());
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const bool living = !is_dead(options, i);
    auto address = net::Address::parse(addresses[i]);
    if (!address) leave(address.error().text, 2);
    Host host{.target = {.name = addresses[i],
                         .endpoint = {*address, living ? options.port : silent_port},
                         .credentials = credentials,
                         .timeout = options.timeout,
                         .retries = options.retries,
                         .max_repetitions = options.repetitions},
              .living = living};
    out.push_back(std::move(host));
  }
  return out;
}

Measured Bench::poll(const std::shared_ptr<const snmp::Credentials>& credentials) const {
  std::vector<Host> all = hosts(credentials);
  return Poll(options, all, columns).run();
}

// The port that a bongsu-agentsim names on stderr.
std::uint16_t port_of(Child& simulator) {
  for (std::string line = simulator.line(); !line.empty(); line = simulator.line()) {
    constexpr std::string_view kBefore = "udp port ";
    const auto at = line.find(kBefore);
    if (at == std::string::npos) leave(line, 1);
    const std::string_view rest = std::string_view(line).substr(at + kBefore.size());
    if (const auto port = parse_unsigned(rest.substr(0, rest.find(',')))) return static_cast<std::uint16_t>(*port);
  }
  leave("bongsu-agentsim did not start", 1);
}

void start_agents(Bench& bench) {
  const Options& options = bench.options;
  if (options.dead > 0) {
    bench.silence = std::make_unique<Child>("bongsu-agentsim", std::vector<std::string>{"-p", "0", "-q", "--dead-pct", "100"}, 2,
                                            processors() - 1);
    bench.silent_port = port_of(*bench.silence);
  }
  if (!options.simulate) return;
  std::vector<std::string> words{"-p", "0", "-q", "-c", options.community};
  if (options.latency > 0) words.insert(words.end(), {"--delay", std::to_string(options.latency)});
  if (options.jitter > 0) words.insert(words.end(), {"--jitter", std::to_string(options.jitter)});
  if (options.v3()) words.insert(words.end(), {"-u", options.user});
  if (!options.auth_pass.empty()) words.insert(words.end(), {"-a", options.auth, "-A", options.auth_pass});
  if (!options.priv_pass.empty()) words.insert(words.end(), {"-x", options.priv, "-X", options.priv_pass});
  if (!options.level.empty()) words.insert(words.end(), {"-l", options.level});
  bench.simulator = std::make_unique<Child>("bongsu-agentsim", words, 2, processors() - 1);
  bench.options.port = port_of(*bench.simulator);
}

// One line of the rival's for the same work.
Json rival(const Bench& bench) {
  const Options& options = bench.options;
  std::vector<std::string> words{std::to_string(options.port),
                                 std::to_string(options.cycles),
                                 "256",
                                 std::to_string(options.repetitions),
                                 std::to_string(options.timeout.count()),
                                 std::to_string(options.retries),
                                 options.small ? "small" : "table",
                                 options.community};
  if (options.v3()) {
    const std::string level = !options.level.empty()       ? options.level
                              : !options.priv_pass.empty() ? "authPriv"
                              : !options.auth_pass.empty() ? "authNoPriv"
                                                           : "noAuthNoPriv";
    words.insert(words.end(), {"v3", options.user, level, options.auth, options.auth_pass, options.priv, options.priv_pass});
  } else {
    words.insert(words.end(), {"v2c"});
  }
  words.push_back("--");
  words.insert(words.end(), bench.oids.begin(), bench.oids.end());
  words.push_back("--");
  words.insert(words.end(), bench.addresses.begin(), bench.addresses.end());
  Child child("bongsu-pollrival", words, 1, 0);
  std::string last;
  for (std::string line = child.line(); !line.empty(); line = child.line()) last = std::move(line);
  Json out = Json::parse(last, nullptr, false);
  if (!out.is_object()) leave("bongsu-pollrival ended without a result: " + last, 1);
  return out;
}

void say(const Options& options, const std::string& text) {
  if (!options.json) fmt::print("{}\n", text);
}

Json shown(const std::vector<double>& values) {
  Json out = Json::array();
  for (const double value : values) out.push_back(std::round(value * 1e4) / 1e4);
  return out;
}

// By how many percent each cycle is longer than the one before without the dead.
std::vector<double> longer(const std::vector<double>& alone, const std::vector<double>& all) {
  std::vector<double> out;
  for (std::size_t i = 0; i < std::min(alone.size(), all.size()); ++i) out.push_back(100 * (all[i] / alone[i] - 1));
  return out;
}

// All rounds of the main figure; true when all that live answered.
bool measure(const Bench& bench, const std::shared_ptr<const snmp::Credentials>& credentials, Json& json) {
  const Options& options = bench.options;
  std::vector<double> cost, cycles, request_cost, rival_cost, rival_request, stretch, stretch_cpu, per_dead;
  Measured last;
  bool all = true;
  for (int round = 0; round < options.rounds; ++round) {
    last = bench.poll(credentials);
    all = all && last.answered == last.polls;
    cost.push_back(last.cpu_per_million());
    request_cost.push_back(last.us_per_request());
    cycles.insert(cycles.end(), last.cycles.begin(), last.cycles.end());
    say(options,
        fmt::format("{} polls, {} varbinds in {} requests, {:.2f} % answered; {:.3f} s, {:.0f} varbinds/s; {:.3f} CPU s, "
                    "{:.4f} per 1 M varbinds, {:.2f} us a request; {:.4f} s a cycle (median)",
                    last.polls, last.varbinds, last.requests,
                    100 * static_cast<double>(last.answered) / static_cast<double>(std::max<std::size_t>(last.polls, 1)),
                    last.wall, static_cast<double>(last.varbinds) / last.wall, last.cpu, last.cpu_per_million(),
                    last.us_per_request(), last.cycle()));
    if (last.stored > 0)
      say(options, fmt::format("{} samples stored, {:.3f} CPU s per 1 M of them ({:.3f} after the first cycle, which makes the "
                               "series)",
                               last.stored, last.per_stored, last.per_stored_later));
    if (options.dead > 0) {
      const std::vector<double> more = longer(last.alone, last.cycles), more_cpu = longer(last.alone_cpu, last.cycles_cpu);
      stretch.insert(stretch.end(), more.begin(), more.end());
      stretch_cpu.insert(stretch_cpu.end(), more_cpu.begin(), more_cpu.end());
      per_dead.insert(per_dead.end(), last.per_dead.begin(), last.per_dead.end());
      say(options, fmt::format("without the dead {:.4f} s a cycle; they lengthen that of the living by {:.1f} % ({:.1f} % of its "
                               "CPU time), and cost {:.1f} us each (medians)",
                               median(last.alone), median(more), median(more_cpu), median(last.per_dead) * 1e6));
    }
    if (!options.rival.empty()) {
      const Json other = rival(bench);
      rival_cost.push_back(other["cpu_s_per_million_varbinds"]);
      rival_request.push_back(other["us_per_request"]);
      say(options, fmt::format("{}: {} varbinds, {} failed; {:.4f} CPU s per 1 M varbinds, {:.2f} us a request", options.rival,
                               other["varbinds"].get<std::uint64_t>(), other["failed"].get<std::uint64_t>(), rival_cost.back(),
                               rival_request.back()));
    }
  }
  json["varbinds"] = last.varbinds;
  json["requests"] = last.requests;
  json["answered_percent"] = 100 * static_cast<double>(last.answered) / static_cast<double>(std::max<std::size_t>(last.polls, 1));
  json["wall"] = last.wall;
  json["cpu"] = last.cpu;
  json["cpu_s_per_million_varbinds"] = median(cost);
  json["us_per_request"] = median(request_cost);
  json["cycle_s"] = median(cycles);
  json["cycles_s"] = shown(cycles);
  json["rss_mib"] = resident_octets() / (1 << 20);
  json["sum"] = last.sum;
  if (last.stored > 0) {
    json["stored"] = last.stored;
    json["cpu_s_per_million_stored"] = last.per_stored;
    json["after_first_cycle"] = last.per_stored_later;
  }
  if (!stretch.empty()) {
    json["stretch_percent"] = median(stretch);
    json["stretches_percent"] = shown(stretch);
    json["stretch_cpu_percent"] = median(stretch_cpu);
    json["us_per_dead_host"] = median(per_dead) * 1e6;
  }
  if (!rival_cost.empty()) {
    json["rival_cpu_s_per_million_varbinds"] = median(rival_cost);
    json["rival_us_per_request"] = median(rival_request);
    const double ratio = options.small ? median(request_cost) / median(rival_request) : median(cost) / median(rival_cost);
    json["ratio"] = ratio;
    say(options, fmt::format("median of {}: {:.4f} CPU s per 1 M varbinds, {} {:.4f}; ratio {:.3f}", options.rounds, median(cost),
                             options.rival, median(rival_cost), ratio));
  }
  return all;
}

// What v3 adds to a small request, round by round beside v2c, and its keys.
bool compare_small(const Bench& bench, const std::shared_ptr<const snmp::Credentials>& v3, Json& json) {
  Bench plain{.options = bench.options, .addresses = bench.addresses, .oids = bench.oids, .columns = bench.columns};
  plain.options.user.clear();
  const auto v2c = credentials_of(plain.options, false);
  std::vector<double> with, without, rival_with, rival_without;
  bool all = true;
  for (int round = 0; round < bench.options.rounds; ++round) {
    const Measured two = bench.poll(*v2c), three = bench.poll(v3);
    all = all && two.answered == two.polls && three.answered == three.polls;
    without.push_back(two.us_per_request());
    with.push_back(three.us_per_request());
    say(bench.options, fmt::format("v2c {:.2f} us a request, v3 {:.2f}: {:.2f} more", without.back(), with.back(),
                                   with.back() - without.back()));
    if (bench.options.rival.empty()) continue;
    rival_without.push_back(rival(plain)["us_per_request"]);
    rival_with.push_back(rival(bench)["us_per_request"]);
    say(bench.options, fmt::format("{}: v2c {:.2f} us a request, v3 {:.2f}: {:.2f} more", bench.options.rival,
                                   rival_without.back(), rival_with.back(), rival_with.back() - rival_without.back()));
  }
  const SystemClock clock;
  const SteadyTime start = clock.steady();
  constexpr std::uint16_t kEngines = 1'000;
  for (std::uint16_t i = 0; i < kEngines; ++i) {
    const std::uint8_t id[]{0x80, 0, 0x7e, 0xd9, 4, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
    (void)v3->user->localized(id);
  }
  const double localized = std::chrono::duration<double, std::micro>(clock.steady() - start).count() / kEngines;
  say(bench.options, fmt::format("a further engine's keys: {:.2f} us", localized));
  json["v2c_us_per_request"] = median(without);
  json["v3_us_per_request"] = median(with);
  json["v3_more_us"] = median(with) - median(without);
  json["localize_us"] = localized;
  if (!rival_with.empty()) {
    json["rival_v2c_us_per_request"] = median(rival_without);
    json["rival_v3_us_per_request"] = median(rival_with);
    json["rival_v3_more_us"] = median(rival_with) - median(rival_without);
  }
  return all;
}

// The hosts themselves are there before and after.
bool measure_memory(const Bench& bench, const std::shared_ptr<const snmp::Credentials>& credentials, Json& json) {
  std::vector<Host> hosts = bench.hosts(credentials);
  malloc_trim(0);
  const double before = resident_octets();
  Poll poll(bench.options, hosts, bench.columns);
  const Measured measured = poll.run();
  malloc_trim(0);
  const double more = resident_octets() - before;
  const double each = more / static_cast<double>(hosts.size());
  say(bench.options, fmt::format("{} devices known, {} of {} polls answered: {:.1f} MiB more, {:.0f} octets a device",
                                 hosts.size(), measured.answered, measured.polls, more / (1 << 20), each));
  json["octets_per_device"] = each;
  json["grown_mib"] = more / (1 << 20);
  json["answered_percent"] =
      100 * static_cast<double>(measured.answered) / static_cast<double>(std::max<std::size_t>(measured.polls, 1));
  return measured.answered == measured.polls;
}

int run(int argc, char** argv) {
  Bench bench{.options = read_options(argc, argv)};
  const Options& options = bench.options;
  bench.addresses = hosts_of(options);
  bench.oids = columns_of(options);
  std::vector<Oid> oids;
  for (const std::string& text : bench.oids) {
    auto oid = Oid::parse(text);
    if (!oid) leave("--columns: " + oid.error().text, 2);
    oids.push_back(std::move(*oid));
  }
  auto columns = snmp::Columns::make(oids);
  if (!columns) leave("--columns: " + columns.error().text, 2);
  bench.columns = std::move(*columns);
  const auto credentials = credentials_of(options, options.v3());
  if (!credentials) leave(credentials.error().text, 2);
  start_agents(bench);
  if (processors() > 1 && options.simulate && options.store.empty()) stay_on(0);
  Json json{{"hosts", bench.addresses.size()},
            {"cycles", options.cycles},
            {"columns", bench.oids.size()},
            {"rounds", options.rounds},
            {"version", options.v3() ? "3" : "2c"}};
  const bool all = options.memory                  ? measure_memory(bench, *credentials, json)
                   : options.small && options.v3() ? compare_small(bench, *credentials, json)
                                                   : measure(bench, *credentials, json);
  fmt::print("{}\n", json.dump());
  return all ? 0 : 1;
}

}  // namespace
}  // namespace bongsu::pollbench

int main(int argc, char** argv) { return bongsu::pollbench::run(argc, argv); }
