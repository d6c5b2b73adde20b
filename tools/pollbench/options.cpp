// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "base/text.h"

namespace bongsu::pollbench {
namespace {

// What a switch is polled for: states, errors and 64-bit traffic of its ports.
constexpr const char* kColumns[] = {"1.3.6.1.2.1.2.2.1.8",    "1.3.6.1.2.1.2.2.1.13",    "1.3.6.1.2.1.2.2.1.14",
                                    "1.3.6.1.2.1.2.2.1.19",   "1.3.6.1.2.1.2.2.1.20",    "1.3.6.1.2.1.31.1.1.1.6",
                                    "1.3.6.1.2.1.31.1.1.1.7", "1.3.6.1.2.1.31.1.1.1.10", "1.3.6.1.2.1.31.1.1.1.11",
                                    "1.3.6.1.2.1.31.1.1.1.15"};

constexpr const char* kFigures =
    "EXAMPLES, each of which starts the simulator itself:\n"
    "  CPU s per 1 M varbinds, and Net-SNMP's           --simulate --count 1000 --cycles 20 --rounds 5 --rival net-snmp\n"
    "  a cycle of 10,000 devices x 240 counters         --simulate --count 10000 --cycles 10\n"
    "  octets per idle device, v2c                      --simulate --count 100000 --memory\n"
    "  octets per idle device, v3                       --simulate --count 100000 --memory -u nms -A 12345678 -X 12345678\n"
    "  what 5 % dead hosts cost the living              --simulate --count 10000 --cycles 15 --dead 5\n"
    "  a cycle at 25 ms of latency                      --latency 20 --jitter 10 --count 10000 --cycles 5\n"
    "  what authPriv costs a small request              --simulate --count 1000 --cycles 50 --small -u nms -A 12345678 -X "
    "12345678\n"
    "  the same beside Net-SNMP                         ... --rival net-snmp\n";

std::vector<std::string> lines_of(const std::string& file) {
  std::ifstream in(file);
  if (!in) leave(file + ": cannot be read", 2);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) {
    const std::string word(trim(line));
    if (!word.empty() && word[0] != '#') out.push_back(word);
  }
  if (out.empty()) leave(file + ": holds nothing", 2);
  return out;
}

}  // namespace

void leave(const std::string& text, int code) {
  std::fprintf(stderr, "bongsu-pollbench: %s\n", text.c_str());
  std::exit(code);
}

std::vector<std::string> hosts_of(const Options& options) {
  if (!options.hosts.empty()) return lines_of(options.hosts);
  std::vector<std::string> out;
  for (std::uint32_t i = 0; i < options.count; ++i) out.push_back(net::Address::v4(0x7f010001 + i).to_string());
  return out;
}

std::vector<std::string> columns_of(const Options& options) {
  if (!options.columns.empty()) return lines_of(options.columns);
  return {std::begin(kColumns), std::end(kColumns)};
}

Result<std::shared_ptr<const snmp::Credentials>> credentials_of(const Options& options, bool v3) {
  auto out = std::make_shared<snmp::Credentials>();
  out->name = "pollbench";
  out->community = Secret(options.community);
  if (!v3) return std::shared_ptr<const snmp::Credentials>(out);
  out->version = snmp::Version::V3;
  snmp::UserSpec spec{.name = options.user};
  if (!options.auth_pass.empty()) {
    BONGSU_TRY(spec.auth, snmp::parse_auth_protocol(options.auth).context("-a"));
    spec.auth_pass_phrase = Secret(options.auth_pass);
  }
  if (!options.priv_pass.empty()) {
    BONGSU_TRY(spec.priv, snmp::parse_priv_protocol(options.priv).context("-x"));
    spec.priv_pass_phrase = Secret(options.priv_pass);
  }
  snmp::PassPhraseKeys keys;
  BONGSU_TRY(out->user, snmp::User::make(spec, keys));
  out->level = out->user->level();
  if (!options.level.empty()) {
    BONGSU_TRY(out->level, snmp::parse_security_level(options.level).context("-l"));
    if (out->level > out->user->level()) return Error{Code::Invalid, "-l " + options.level + ": needs -A, and for authPriv -X"};
  }
  return std::shared_ptr<const snmp::Credentials>(out);
}

Options read_options(int argc, char** argv) {
  Options out;
  std::int64_t timeout = out.timeout.count();
  CLI::App app("Polls hosts in cycles, all columns at once, and says what that cost. The last line is one JSON object.",
               "bongsu-pollbench");
  auto* hosts = app.add_option("--hosts", out.hosts, "File with one address a line");
  app.add_option("--count", out.count, "Instead of a file: so many addresses from 127.1.0.1 on")
      ->excludes(hosts)
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--columns", out.columns, "File with one column OID a line (ten of IF-MIB)");
  app.add_option("--port", out.port, "UDP port of the agents")->check(CLI::Range(1, 65'535))->capture_default_str();
  app.add_option("--cycles", out.cycles, "Polls of every host")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--rounds", out.rounds, "Measurements, of which the median counts")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  app.add_option("--community", out.community, "Of v2c")->capture_default_str();
  app.add_option("--window", out.window, "Hosts under way at once (2048; with --dead all)")->check(CLI::PositiveNumber);
  app.add_option("--repetitions", out.repetitions, "Rows asked for by one GETBULK")
      ->check(CLI::Range(1, 127))
      ->capture_default_str();
  app.add_option("--timeout", timeout, "Milliseconds of one try")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  app.add_option("--retries", out.retries, "Further tries")->check(CLI::Range(0, 100))->capture_default_str();
  app.add_flag("--coroutines", out.coroutines, "One coroutine for each host, as the daemon does, instead of callbacks");
  app.add_option("--store", out.store, "Append every value to a store in this folder, as a poll each 60 s would");
  app.add_flag("--json", out.json, "The JSON object alone");
  app.add_flag("--small", out.small, "A GET of sysUpTime instead of columns; with --user in v2c, too, to compare");
  app.add_flag("--memory", out.memory,
               "What the process grows by for each device that it knows, when all are idle; a window of\n"
               "1000 unless --window says otherwise, for requests under way cost more");
  app.add_option("--dead", out.dead, "Percent of the hosts that never answer; each cycle goes beside one without them")
      ->check(CLI::Range(0.0, 90.0));
  app.add_option("--rival", out.rival, "Measure this one beside: net-snmp (its single-session API, one socket a host)")
      ->check(CLI::IsMember({"net-snmp"}));
  app.add_flag("--simulate", out.simulate, "Start bongsu-agentsim on the last processor, and poll it");
  app.add_option("--latency", out.latency, "Milliseconds before it answers; starts it, too")->check(CLI::Range(0, 600'000));
  app.add_option("--jitter", out.jitter, "Milliseconds added at random, up to this")->check(CLI::Range(0, 600'000));
  app.add_option("--user,-u", out.user, "Ask in v3 as this user");
  app.add_option("--level,-l", out.level, "noAuthNoPriv, authNoPriv or authPriv (what -A and -X allow)");
  app.add_option("--auth,-a", out.auth, "Authentication protocol")->capture_default_str();
  app.add_option("--auth-pass,-A", out.auth_pass, "Pass phrase for authentication");
  app.add_option("--priv,-x", out.priv, "Privacy protocol")->capture_default_str();
  app.add_option("--priv-pass,-X", out.priv_pass, "Pass phrase for privacy");
  app.footer(kFigures);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& refused) {
    std::exit(app.exit(refused) == 0 ? 0 : 2);
  }
  out.timeout = Millis(timeout);
  if (out.latency >= 0) out.simulate = true;
  if (out.hosts.empty() && out.count == 0) leave("give --hosts FILE or --count N; --help tells more", 2);
  if (out.window == 0 && out.dead == 0) out.window = out.memory ? 1'000 : 2'048;
  if (out.jitter > 0 && !out.simulate) leave("--jitter is the simulator's; give --latency, too", 2);
  if (out.memory && (out.dead > 0 || !out.rival.empty() || !out.store.empty())) leave("--memory goes alone", 2);
  if (out.small && (out.dead > 0 || !out.store.empty())) leave("--small goes without --dead and --store", 2);
  if (!out.store.empty() && (out.dead > 0 || out.rounds > 1)) leave("--store goes without --dead and --rounds", 2);
  return out;
}

}  // namespace bongsu::pollbench
