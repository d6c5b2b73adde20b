// SPDX-License-Identifier: Apache-2.0
// bongsu-devicescore: what Bongsu finds on recorded devices.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <regex>
#include <thread>

#include "agent/agents.h"
#include "app/mibs.h"
#include "app/proposal.h"
#include "app/setup.h"
#include "config/profiles.h"
#include "found.h"
#include "net/sim.h"

namespace {

using namespace bongsu;
using std::chrono_literals::operator""s;

struct Options {
  std::filesystem::path recordings, found;
  std::vector<std::filesystem::path> mibs, rules;
  unsigned jobs = 2;
  std::string only;
  bool anew = false;
  bool stock = false;
};

const net::Address kAgent = net::Address::v4(0x0a000002);
const net::Address kPoller = net::Address::v4(0x0a000001);

asio::awaitable<void> collect_into(net::Reactor& reactor, snmp::Client& client, snmp::Target target,
                                   std::shared_ptr<const poll::ProfileSet> profiles,
                                   std::optional<Result<poll::Collection>>& into) {
  poll::CollectOptions once;
  once.second_reading = Millis(0);  // what was recorded stands still
  auto got = co_await poll::collect(reactor, client, std::move(target), std::move(profiles), once);
  into.emplace(std::move(got));
}

asio::awaitable<void> propose_into(net::Reactor& reactor, snmp::Client& client, snmp::Target target,
                                   std::shared_ptr<const poll::ProfileSet> profiles,
                                   std::optional<Result<discover::Proposal>>& into) {
  auto made = co_await app::propose_for(reactor, client, std::move(target), std::move(profiles));
  into.emplace(std::move(made));
}

// The stock profiles and the user's, and what a proposal is compiled with.
struct Profiles {
  poll::ProfileFiles files;
  std::shared_ptr<const mib::Tree> tree;
  std::shared_ptr<const poll::ProfileSet> set;
};

// One recording on a network of its own, on virtual time.
class Served {
 public:
  static Result<std::unique_ptr<Served>> open(const std::filesystem::path& file) {
    BONGSU_TRY(const agent::Recording recording, agent::Recording::read(file));
    auto served = std::unique_ptr<Served>(new Served(file.stem().string()));
    const auto shape = agent::RecordedDevice::shape(recording);
    for (const net::Address& address : {kAgent, kPoller, net::Address()}) served->sim_.set_link(address, {});
    BONGSU_TRY(served->agents_,
               agent::Agents::open(served->sim_.reactor(), {.port = 161, .community = "public", .listen = {kAgent}}));
    agent::Manner manner;
    manner.max_size = std::max<std::size_t>(manner.max_size, shape->largest_answer);
    served->agents_->add(kAgent, std::make_unique<agent::RecordedDevice>(shape, served->sim_.clock().steady()), manner);
    return served;
  }
  // As `bongsu collect` does.
  Result<poll::Collection> collect(std::shared_ptr<const poll::ProfileSet> profiles) {
    std::optional<Result<poll::Collection>> got;
    sim_.reactor().spawn(collect_into(sim_.reactor(), client_, target(), std::move(profiles), got));
    return wait_for(got, "collected");
  }
  // As `bongsu profile propose` does.
  Result<discover::Proposal> propose(std::shared_ptr<const poll::ProfileSet> profiles) {
    std::optional<Result<discover::Proposal>> got;
    sim_.reactor().spawn(propose_into(sim_.reactor(), client_, target(), std::move(profiles), got));
    return wait_for(got, "looked at");
  }

 private:
  explicit Served(std::string name) : name_(std::move(name)) {}
  snmp::Target target() const { return {.name = name_, .endpoint = {kAgent, 161}, .credentials = credentials_}; }
  template <class T>
  Result<T> wait_for(std::optional<Result<T>>& got, const char* what) {
    for (int minute = 0; minute < 30 && !got; ++minute) sim_.run_for(60s);
    if (!got) return Error{Code::Timeout, name_ + ": not " + what + " within half an hour of its own time"};
    return std::move(*got);
  }

  const std::string name_;
  net::SimWorld sim_{1};
  std::unique_ptr<agent::Agents> agents_;
  Metrics metrics_;
  snmp::Client client_{sim_.reactor(), metrics_};
  const std::shared_ptr<const snmp::Credentials> credentials_ = std::make_shared<const snmp::Credentials>(
      snmp::Credentials{.name = "recording", .version = snmp::Version::V2c, .community = Secret("public")});
};

// Where the loaded modules name more than the profiles read, what they propose is accepted, as a user does with one command.
Result<poll::Collection> collect_recording(const std::filesystem::path& file, const Profiles& profiles, bool propose) {
  BONGSU_TRY(const auto served, Served::open(file));
  if (!propose) return served->collect(profiles.set);
  BONGSU_TRY(const discover::Proposal proposal, served->propose(profiles.set));
  if (proposal.yaml.empty()) return served->collect(profiles.set);
  config::Problems problems;
  poll::ProfileFiles files = profiles.files;
  poll::ProfileFiles more = config::parse_profiles(proposal.yaml, proposal.profile, problems);
  std::move(more.profiles.begin(), more.profiles.end(), std::back_inserter(files.profiles));
  std::vector<poll::Finding> findings;
  const auto set = poll::ProfileSet::compile(files, profiles.tree, findings);
  config::add_findings(findings, problems);
  if (!problems.empty()) return Error{Code::Invalid, "a proposal cannot be read: " + problems.lines().front()};
  return served->collect(set);
}

// Whole, or not there at all: a run that is ended leaves nothing half.
Status write_whole(const std::filesystem::path& file, const std::string& text) {
  const std::filesystem::path part = file.string() + ".part";
  std::ofstream out(part, std::ios::binary);
  out << text;
  out.close();
  std::error_code fault;
  if (out) std::filesystem::rename(part, file, fault);
  if (!out || fault) return Error{Code::Io, "write " + file.string() + ": " + (fault ? fault.message() : "no room?")};
  return {};
}

class Run {
 public:
  Run(std::vector<std::filesystem::path> files, const Options& options, Profiles profiles)
      : files_(std::move(files)), options_(options), profiles_(std::move(profiles)) {}

  bool run() {
    std::vector<std::thread> workers;
    for (unsigned i = 0; i < options_.jobs; ++i) workers.emplace_back([this] { work(); });
    for (std::thread& worker : workers) worker.join();
    if (isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\n");
    return failed_ == 0;
  }

 private:
  void work() {
    for (std::size_t i = next_++; i < files_.size(); i = next_++) {
      const std::string name = files_[i].stem().string();
      auto found = collect_recording(files_[i], profiles_, !options_.stock);
      // A device that cannot be collected is a finding too.
      Status written =
          write_whole(options_.found / (name + ".json"), devicescore::found_json(name, found ? *found : poll::Collection{}));
      const std::lock_guard lock(mutex_);
      ++done_;
      if (!found) std::fprintf(stderr, "%s: %s\n", name.c_str(), found.error().text.c_str());
      if (!written) {
        ++failed_;
        std::fprintf(stderr, "%s\n", written.error().text.c_str());
      }
      if (isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r%zu of %zu devices \033[K", done_, files_.size());
    }
  }

  const std::vector<std::filesystem::path> files_;
  const Options& options_;
  const Profiles profiles_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::size_t done_ = 0, failed_ = 0;
};

int complain(const std::string& text) {
  std::fprintf(stderr, "bongsu-devicescore: %s\n", text.c_str());
  return 1;
}

int score(const Options& options) {
  std::error_code fault;
  std::filesystem::create_directories(options.found, fault);
  if (fault) return complain("make " + options.found.string() + ": " + fault.message());
  std::vector<std::filesystem::path> files;
  const std::regex only(options.only.empty() ? ".*" : options.only);
  for (std::filesystem::directory_iterator at(options.recordings, fault), end; !fault && at != end; at.increment(fault)) {
    const std::filesystem::path& file = at->path();
    if (file.extension() != ".snmprec" || !std::regex_search(file.stem().string(), only)) continue;
    if (!options.anew && std::filesystem::exists(options.found / (file.stem().string() + ".json"))) continue;
    files.push_back(file);
  }
  if (fault) return complain("read " + options.recordings.string() + ": " + fault.message());
  // The longest first, so that no thread is left with one at the end.
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    std::error_code ignored;
    return std::filesystem::file_size(a, ignored) > std::filesystem::file_size(b, ignored);
  });
  const auto share = app::find_share();
  if (!share) return complain(share.error().text);
  const auto tree = app::load_mibs(*share, options.mibs, app::cache_folder() / (options.mibs.empty() ? "mibs" : "devicescore"));
  if (!tree) return complain(tree.error().text);
  config::Problems problems;
  std::vector<std::filesystem::path> rules{share->rules};
  rules.insert(rules.end(), options.rules.begin(), options.rules.end());
  Profiles profiles{.files = config::read_profile_folders(rules, problems), .tree = *tree, .set = nullptr};
  std::vector<poll::Finding> findings;
  profiles.set = poll::ProfileSet::compile(profiles.files, *tree, findings);
  config::add_findings(findings, problems);
  for (const std::string& line : problems.lines()) std::fprintf(stderr, "%s\n", line.c_str());
  if (!problems.empty()) return 1;
  return Run(std::move(files), options, std::move(profiles)).run() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Serves each recording (*.snmprec) as an agent on virtual time, collects it as `bongsu collect` does, with the\n"
      "profile that `bongsu profile propose` makes of the loaded MIB modules, and writes what was found as NAME.json.\n"
      "A device whose file is there already is left out, so that a run can be resumed.",
      "bongsu-devicescore");
  app.add_option("--recordings", options.recordings, "Folder of recordings")->required()->check(CLI::ExistingDirectory);
  app.add_option("--found", options.found, "Folder to write to")->required();
  app.add_option("--mibs", options.mibs, "Further folders of MIB modules")->check(CLI::ExistingDirectory);
  app.add_option("--rules", options.rules, "Further folders with profiles/ in them")->check(CLI::ExistingDirectory);
  app.add_option("--jobs,-j", options.jobs, "Devices at once")->check(CLI::Range(1, 256))->capture_default_str();
  app.add_option("--only", options.only, "Only recordings whose name has this in it (regular expression)");
  app.add_flag("--profiles-only", options.stock, "Without the profile that the loaded modules propose for each device");
  app.add_flag("--anew", options.anew, "Collect devices again whose file is there");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& refused) {
    return app.exit(refused) == 0 ? 0 : 2;
  }
  return score(options);
}
