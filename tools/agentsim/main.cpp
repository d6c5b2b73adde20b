// SPDX-License-Identifier: Apache-2.0
// bongsu-agentsim: SNMP agents in bulk, from recordings or synthetic.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>

#include "agent/agents.h"
#include "agent/synthetic.h"
#include "base/hash.h"
#include "net/live.h"
#include "snmp/usm.h"

namespace {

using namespace bongsu;

struct Options {
  std::uint16_t port = 1161;
  std::vector<std::string> addresses;
  std::string first = "127.0.0.1";
  std::string recording;
  std::string synthetic = "switch";
  unsigned ports = 0;
  std::uint64_t seed = 1;
  std::string community = "public";
  bool any_community = false;
  std::uint32_t delay = 0;
  std::uint32_t jitter = 0;
  double loss = 0;
  double dead = 0;
  std::size_t max_size = 0;  // 0: what suits the device
  std::vector<std::string> misbehave;
  bool lab = false;
  std::vector<std::string> users, levels, auth, auth_pass, priv, priv_pass;  // the last of each is for the users that follow
  bool quiet = false;
};

struct Served {
  std::string name;
  std::shared_ptr<const agent::RecordedDevice::Shape> shape;
};

// How one agent does wrong, and the tables of such agents, by what they were made of.
struct Wrong {
  std::string text;
  std::shared_ptr<const agent::Misbehaviour> how;
  std::map<const agent::ObjectTable*, std::shared_ptr<const agent::ObjectTable>> tables;

  std::unique_ptr<agent::Device> apply(std::unique_ptr<agent::Device> device) {
    if (!how->in_tables()) return device;
    auto& table = tables[&device->objects()];
    if (!table) table = std::make_shared<const agent::ObjectTable>(agent::altered(device->objects(), *how));
    return std::make_unique<agent::AlteredDevice>(std::move(device), table);
  }
};

double seconds_of(const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6; }

void print_totals(const agent::Agents& agents) {
  const agent::AgentsStats& stats = agents.stats();
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  std::printf(
      "{\"agents\":%zu,\"requests\":%llu,\"responses\":%llu,\"varbinds\":%llu,\"malformed\":%llu,\"refused\":%llu,"
      "\"reports\":%llu,\"unknown\":%llu,\"ignored\":%llu,\"user\":%.3f,\"sys\":%.3f}\n",
      agents.size(), static_cast<unsigned long long>(stats.requests), static_cast<unsigned long long>(stats.responses),
      static_cast<unsigned long long>(stats.varbinds), static_cast<unsigned long long>(stats.malformed),
      static_cast<unsigned long long>(stats.refused), static_cast<unsigned long long>(stats.reports),
      static_cast<unsigned long long>(stats.unknown), static_cast<unsigned long long>(stats.ignored), seconds_of(used.ru_utime),
      seconds_of(used.ru_stime));
  std::fflush(stdout);
}

int complain(const Error& error, int code = 1) {
  std::fprintf(stderr, "bongsu-agentsim: %s\n", error.text.c_str());
  return code;
}

Result<Served> load(const std::filesystem::path& file) {
  BONGSU_TRY(const agent::Recording recording, agent::Recording::read(file));
  if (recording.skipped > 0) {
    std::fprintf(stderr, "%s: %zu rows skipped, the first at line %zu: %s\n", file.c_str(), recording.skipped,
                 recording.notes[0].line, recording.notes[0].why.c_str());
  }
  return Served{file.stem().string(), agent::RecordedDevice::shape(recording)};
}

// One file, or every *.snmprec of a folder in the order of their names.
Result<std::vector<Served>> load_all(const std::filesystem::path& path) {
  std::vector<Served> out;
  std::error_code fault;
  if (!std::filesystem::is_directory(path, fault)) {
    BONGSU_TRY(Served one, load(path));
    out.push_back(std::move(one));
    return out;
  }
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator at(path, fault), end; !fault && at != end; at.increment(fault)) {
    if (at->path().extension() == ".snmprec") files.push_back(at->path());
  }
  if (fault) return Error{Code::Io, "read folder " + path.string() + ": " + fault.message()};
  if (files.empty()) return Error{Code::NotFound, "no *.snmprec file in " + path.string()};
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    BONGSU_TRY(Served one, load(file));
    out.push_back(std::move(one));
  }
  return out;
}

std::uint64_t mark_of(const net::Address& address, std::uint64_t seed) {
  const auto octets = address.octets();
  std::uint64_t mark = hash_bytes({reinterpret_cast<const char*>(octets.data()), octets.size()}, kHashSeed ^ seed);
  mark = (mark ^ (mark >> 33)) * 0xff51afd7ed558ccd;
  return mark ^ (mark >> 33);
}

bool is_dead(const Options& options, const net::Address& address) {
  return static_cast<double>(mark_of(address, options.seed) % 1'000'000) < options.dead * 10'000;
}

Result<std::vector<net::Address>> addresses_of(const Options& options, std::size_t needed) {
  std::vector<net::Address> out;
  for (const std::string& word : options.addresses) {
    BONGSU_TRY(const net::Address address, net::Address::parse(word).context("--address"));
    out.push_back(address);
  }
  if (!out.empty() || needed <= 1) return out;
  BONGSU_TRY(const net::Address first, net::Address::parse(options.first).context("--first"));
  if (!first.is_v4()) return Error{Code::Invalid, "--first: takes an IPv4 address; name IPv6 ones with --address"};
  for (std::uint32_t i = 0; i < needed; ++i) out.push_back(net::Address::v4(first.to_v4() + i));
  return out;
}

Result<std::vector<std::shared_ptr<const snmp::User>>> users_of(const Options& options) {
  const auto of = [](const std::vector<std::string>& given, std::size_t user) {
    return given.empty() ? std::string() : given[std::min(user, given.size() - 1)];
  };
  std::vector<std::shared_ptr<const snmp::User>> out;
  snmp::PassPhraseKeys keys;
  for (std::size_t i = 0; i < options.users.size(); ++i) {
    const bool has_auth = !options.auth_pass.empty(), has_priv = !options.priv_pass.empty();
    snmp::SecurityLevel level = has_priv   ? snmp::SecurityLevel::AuthPriv
                                : has_auth ? snmp::SecurityLevel::AuthNoPriv
                                           : snmp::SecurityLevel::NoAuthNoPriv;
    if (!options.levels.empty()) {
      BONGSU_TRY(level, snmp::parse_security_level(of(options.levels, i)).context("-l"));
    }
    snmp::UserSpec spec{.name = options.users[i]};
    if (level != snmp::SecurityLevel::NoAuthNoPriv) {
      BONGSU_TRY(spec.auth, snmp::parse_auth_protocol(options.auth.empty() ? "SHA" : of(options.auth, i)).context("-a"));
      spec.auth_pass_phrase = Secret(of(options.auth_pass, i));
    }
    if (level == snmp::SecurityLevel::AuthPriv) {
      BONGSU_TRY(spec.priv, snmp::parse_priv_protocol(options.priv.empty() ? "AES" : of(options.priv, i)).context("-x"));
      spec.priv_pass_phrase = Secret(of(options.priv_pass, i));
    }
    BONGSU_TRY(auto user, snmp::User::make(spec, keys));
    out.push_back(std::move(user));
  }
  return out;
}

Result<std::vector<Wrong>> wrongs_of(const Options& options) {
  std::vector<Wrong> out;
  for (const std::string& text : options.lab ? agent::lab_misbehaviours() : options.misbehave) {
    BONGSU_TRY(auto how, agent::Misbehaviour::parse(text).context("--misbehave"));
    out.push_back({text, std::make_shared<const agent::Misbehaviour>(std::move(how)), {}});
  }
  return out;
}

Status populate(agent::Agents& agents, const Options& options, const std::vector<Served>& recordings, std::vector<Wrong>& wrongs,
                const std::vector<net::Address>& addresses, SteadyTime now) {
  agent::Manner manner;
  manner.delay = Millis(options.delay);
  manner.jitter = Millis(options.jitter);
  manner.loss = options.loss / 100;
  if (options.max_size > 0) manner.max_size = options.max_size;
  std::shared_ptr<const agent::Synthetic::Shape> shape;
  if (recordings.empty()) {
    agent::Make make;
    if (options.synthetic == "switch") make = {.kind = agent::Kind::Switch, .ports = 24, .cpus = 1};
    if (options.synthetic == "firewall") make = {.kind = agent::Kind::Firewall, .ports = 6, .cpus = 4};
    if (options.ports > 0) make.ports = options.ports;
    shape = agent::Synthetic::shape(make);
  }
  const auto make_device = [shape, &recordings, &wrongs, own_seed = options.seed](std::size_t which, const net::Address& address,
                                                                                  SteadyTime born, agent::Manner& theirs) {
    std::unique_ptr<agent::Device> device;
    if (shape) {
      const agent::Identity identity{.seed = mark_of(address, own_seed), .name = "sim-" + address.to_string()};
      device = std::make_unique<agent::Synthetic>(shape, identity, born);
    } else {
      device = std::make_unique<agent::RecordedDevice>(recordings[which % recordings.size()].shape, born);
    }
    if (wrongs.empty()) return device;
    Wrong& wrong = wrongs[which % wrongs.size()];
    theirs.misbehaviour = wrong.how;
    return wrong.apply(std::move(device));
  };
  // An agent that was recorded could send what it has.
  const auto widen = [&](agent::Manner& theirs, std::size_t which) {
    if (options.max_size == 0 && !shape) theirs.max_size = std::max(theirs.max_size, recordings[which].shape->largest_answer);
  };
  if (addresses.empty()) {
    if (!recordings.empty()) widen(manner, 0);
    agents.set_default(
        [make_device, options](const net::Address& address, SteadyTime born,
                               agent::Manner& theirs) -> std::unique_ptr<agent::Device> {
          if (!address.is_loopback()) return nullptr;
          theirs.dead = is_dead(options, address);
          return make_device(0, address, born, theirs);
        },
        manner);
    return {};
  }
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    agent::Manner own = manner;
    own.dead = is_dead(options, addresses[i]);
    const std::size_t which = recordings.empty() ? 0 : i % recordings.size();
    widen(own, which);
    auto device = make_device(i, addresses[i], now, own);
    agents.add(addresses[i], std::move(device), own);
  }
  return {};
}

int serve(const Options& options) {
  std::vector<Served> recordings;
  if (!options.recording.empty()) {
    auto loaded = load_all(options.recording);
    if (!loaded) return complain(loaded.error());
    recordings = std::move(*loaded);
  }
  auto wrongs = wrongs_of(options);
  if (!wrongs) return complain(wrongs.error(), 2);
  const auto addresses = addresses_of(options, std::max(recordings.size(), wrongs->size()));
  if (!addresses) return complain(addresses.error());

  // Before the reactor's thread starts, so that it inherits the mask and the signals wait for us.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGUSR1}) {
    std::signal(number, SIG_DFL);  // a shell starts what runs in its background deaf to SIGINT
    sigaddset(&signals, number);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  net::LiveReactor reactor;
  agent::AgentsSpec spec;
  spec.port = options.port;
  spec.seed = options.seed;
  if (auto users = users_of(options); users) spec.users = std::move(*users);
  else return complain(users.error(), 2);
  spec.community = options.any_community ? "" : options.community;
  if (!options.addresses.empty()) spec.listen = *addresses;
  auto agents = agent::Agents::open(reactor, spec);
  if (!agents) return complain(std::move(agents).error().context("--port"));
  if (auto done = populate(**agents, options, recordings, *wrongs, *addresses, reactor.clock().steady()); !done)
    return complain(done.error());
  if (!options.quiet) {
    for (std::size_t i = 0; i < addresses->size() && !(recordings.empty() && wrongs->empty()); ++i) {
      std::printf("%s", (*addresses)[i].to_string().c_str());
      if (!recordings.empty()) {
        const Served& served = recordings[i % recordings.size()];
        std::printf(" %s %zu objects", served.name.c_str(), served.shape->table.size());
      }
      if (!wrongs->empty()) std::printf(" %s", (*wrongs)[i % wrongs->size()].text.c_str());
      std::printf("\n");
    }
  }
  std::fflush(stdout);
  std::fprintf(
      stderr, "SNMP agents on udp port %u, %s; Ctrl-C ends, SIGUSR1 prints totals\n", (*agents)->port(),
      addresses->empty() ? "at every address of 127.0.0.0/8" : (std::to_string(addresses->size()) + " addresses").c_str());
  reactor.start("agents");
  for (int number = 0; sigwait(&signals, &number) == 0 && number == SIGUSR1;) {
    reactor.post([&agents] { print_totals(**agents); });
  }
  reactor.stop();
  print_totals(**agents);
  return 0;
}

std::string misbehaviours_help() {
  std::string out = "MISBEHAVIOURS (--misbehave NAME[=VALUE][,NAME...]):\n";
  for (const agent::MisbehaviourName& one : agent::misbehaviours()) {
    std::string name = "  " + std::string(one.name) + std::string(one.value);
    name.resize(std::max<std::size_t>(name.size() + 1, 26), ' ');
    out += name + std::string(one.help) + "\n";
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "SNMP agents in bulk, v1, v2c and with --user v3: one for each address, from recordings or synthetic. Without --address "
      "each\n"
      "address of 127.0.0.0/8 is an agent.",
      "bongsu-agentsim");
  app.add_option("--port,-p", options.port, "UDP port; 0: any free one")->capture_default_str();
  app.add_option("--address", options.addresses, "Answer at these addresses alone");
  app.add_option("--recording,-r", options.recording, "Serve this .snmprec file, or each of a folder at an address of its own");
  app.add_option("--first", options.first, "First address where there are several recordings or misbehaviours")
      ->capture_default_str();
  app.add_option("--synthetic,-s", options.synthetic, "Without --recording: what the devices are")
      ->check(CLI::IsMember({"switch", "server", "firewall"}))
      ->capture_default_str();
  app.add_option("--ports", options.ports, "Interfaces of a synthetic device (switch 24, firewall 6, server 2)")
      ->check(CLI::Range(1, 4'096));
  app.add_option("--seed", options.seed, "Of synthetic traffic, of what is lost, and of the choice of dead agents")
      ->capture_default_str();
  auto* community = app.add_option("--community,-c", options.community, "Answer to this one alone")->capture_default_str();
  app.add_flag("--any-community", options.any_community, "Answer whatever the community")->excludes(community);
  app.add_option("--user,-u", options.users,
                 "v3: a user; several of them take -l, -a, -A, -x and -X in their order, the last of each\n"
                 "for all further ones");
  app.add_option("--level,-l", options.levels,
                 "v3: noAuthNoPriv, authNoPriv or authPriv: the keys a user has, and has to use\n"
                 "(what -A and -X allow)");
  app.add_option("--auth,-a", options.auth, "v3: MD5, SHA, SHA-224, SHA-256, SHA-384 or SHA-512 (SHA)");
  app.add_option("--auth-pass,-A", options.auth_pass, "v3: pass phrase for authentication");
  app.add_option("--priv,-x", options.priv, "v3: DES, AES, AES-192, AES-256, AES-192-C or AES-256-C (AES)");
  app.add_option("--priv-pass,-X", options.priv_pass, "v3: pass phrase for privacy");
  app.add_option("--delay", options.delay, "Milliseconds before an answer leaves")->check(CLI::Range(0, 600'000));
  app.add_option("--jitter", options.jitter, "Milliseconds added at random, up to this")->check(CLI::Range(0, 600'000));
  app.add_option("--loss", options.loss, "Percent of requests that are not answered")->check(CLI::Range(0.0, 100.0));
  app.add_option("--dead-pct", options.dead, "Percent of agents that never answer")->check(CLI::Range(0.0, 100.0));
  app.add_option("--max-size", options.max_size,
                 "Octets of the largest answer (1472, or what the largest object of a recording needs)")
      ->check(CLI::Range(64, 65'507));
  auto* misbehave = app.add_option("--misbehave,-m", options.misbehave,
                                   "Do wrong, as below. Given once: all agents; several times: one agent for each, at addresses\n"
                                   "from --first on");
  app.add_flag("--lab", options.lab, "One agent for each misbehaviour below, from --first on")->excludes(misbehave);
  app.footer(misbehaviours_help());
  app.add_flag("--quiet,-q", options.quiet, "Do not list what stands at which address");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& refused) {
    return app.exit(refused) == 0 ? 0 : 2;
  }
  return serve(options);
}
