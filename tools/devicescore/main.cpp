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
#include "app/setup.h"
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

// Serves one recording on a network of its own, on virtual time, and collects it as `bongsu collect` does.
Result<poll::Collection> collect_recording(const std::filesystem::path& file, std::shared_ptr<const poll::ProfileSet> profiles) {
  BONGSU_TRY(const agent::Recording recording, agent::Recording::read(file));
  const auto shape = agent::RecordedDevice::shape(recording);
  net::SimWorld sim(1);
  for (const net::Address& address : {kAgent, kPoller, net::Address()}) sim.set_link(address, {});
  BONGSU_TRY(auto agents, agent::Agents::open(sim.reactor(), {.port = 161, .community = "public", .listen = {kAgent}}));
  agent::Manner manner;
  manner.max_size = std::max<std::size_t>(manner.max_size, shape->largest_answer);
  agents->add(kAgent, std::make_unique<agent::RecordedDevice>(shape, sim.clock().steady()), manner);
  Metrics metrics;
  snmp::Client client(sim.reactor(), metrics);
  const auto credentials = std::make_shared<const snmp::Credentials>(
      snmp::Credentials{.name = "recording", .version = snmp::Version::V2c, .community = Secret("public")});
  snmp::Target target{.name = file.stem().string(), .endpoint = {kAgent, 161}, .credentials = credentials};
  std::optional<Result<poll::Collection>> got;
  sim.reactor().spawn(collect_into(sim.reactor(), client, std::move(target), std::move(profiles), got));
  for (int minute = 0; minute < 30 && !got; ++minute) sim.run_for(60s);
  if (!got) return Error{Code::Timeout, file.string() + ": not collected within half an hour of its own time"};
  return std::move(*got);
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
  Run(std::vector<std::filesystem::path> files, const Options& options, std::shared_ptr<const poll::ProfileSet> profiles)
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
      auto found = collect_recording(files_[i], profiles_);
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
  const std::shared_ptr<const poll::ProfileSet> profiles_;
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
  const auto profiles = app::load_profiles(rules, *tree, problems);
  for (const std::string& line : problems.lines()) std::fprintf(stderr, "%s\n", line.c_str());
  if (!profiles) return 1;
  return Run(std::move(files), options, profiles).run() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Serves each recording (*.snmprec) as an agent on virtual time, collects it as `bongsu collect` does, and writes what\n"
      "was found as NAME.json. A device whose file is there already is left out, so that a run can be resumed.",
      "bongsu-devicescore");
  app.add_option("--recordings", options.recordings, "Folder of recordings")->required()->check(CLI::ExistingDirectory);
  app.add_option("--found", options.found, "Folder to write to")->required();
  app.add_option("--mibs", options.mibs, "Further folders of MIB modules")->check(CLI::ExistingDirectory);
  app.add_option("--rules", options.rules, "Further folders with profiles/ in them")->check(CLI::ExistingDirectory);
  app.add_option("--jobs,-j", options.jobs, "Devices at once")->check(CLI::Range(1, 256))->capture_default_str();
  app.add_option("--only", options.only, "Only recordings whose name has this in it (regular expression)");
  app.add_flag("--anew", options.anew, "Collect devices again whose file is there");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& refused) {
    return app.exit(refused) == 0 ? 0 : 2;
  }
  return score(options);
}
