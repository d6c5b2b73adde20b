// SPDX-License-Identifier: Apache-2.0
// serve and check.
#include <csignal>
#include <cstdio>

#include "app/commands.h"
#include "app/daemon.h"
#include "app/errands.h"
#include "app/remedy_hands.h"
#include "app/run.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

namespace bongsu::app {
namespace {

void print_problems(const config::Problems& problems) {
  for (const std::string& line : problems.lines()) std::fprintf(stderr, "%s\n", line.c_str());
  std::fprintf(stderr, "bongsu: %zu problem%s; nothing was started or changed\n", problems.size(),
               problems.size() == 1 ? "" : "s");
}

// The named file, else the usual one, else none.
std::filesystem::path config_file(const std::optional<std::string>& named) {
  if (named) return *named;
  return usual_config().value_or(std::filesystem::path());
}

std::optional<Configured> config_for(const ServeOptions& options, config::Problems& problems) {
  auto out = read_configured(config_file(options.config), options.data, problems);
  if (out && options.http) out->config.http = *net::Endpoint::parse(*options.http);
  return out;
}

std::optional<Setup> setup_for(const ServeOptions& options, config::Problems& problems) {
  auto configured = config_for(options, problems);
  if (!configured) return std::nullopt;
  const std::filesystem::path images = configured->config.data / "mibs";
  auto setup = complete_setup(*std::move(configured), images, problems);
  if (!setup) return setup;
  setup->file = config_file(options.config);
  for (const auto& [name, remedy] : setup->config.remedies.remedies) {
    for (const std::string& line : unwritable(remedy, *setup->tree)) log::warning("{}", line);
  }
  for (const std::string& line : unknown_systems(*setup)) log::warning("{}", line);
  return setup;
}

}  // namespace

sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, kErrandSignal}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int run_daemon(Setup setup, const std::function<std::optional<Setup>(config::Problems&)>& again, const Supervised& supervisor) {
  const sigset_t signals = block_signals();
  std::size_t errors = 0;
  mib_problems(setup, errors);
  if (errors > 0) log::warning("{} problems in MIB modules; bongsu check names each", errors);
  auto daemon = Daemon::start(std::move(setup), supervisor.because());
  if (!daemon) {
    const Code code = daemon.error().code;
    if (code == Code::Corrupt || code == Code::Io || code == Code::Unsupported) supervisor.store_is_lost(daemon.error().text);
    else supervisor.does_not_start(daemon.error().text);
    std::fprintf(stderr, "bongsu: %s\n", daemon.error().text.c_str());
    return 1;
  }
  for (const std::string& line : (*daemon)->banner()) std::printf("%s\n", line.c_str());
  std::fflush(stdout);
  supervisor.is_up();
  for (;;) {
    int number = 0;
    if (sigwait(&signals, &number) != 0) continue;
    if (number == kErrandSignal) {
      (*daemon)->run_errands();
      continue;
    }
    if (number != SIGHUP) break;
    config::Problems problems;
    auto next = again ? again(problems) : std::nullopt;
    if (!problems.empty()) {
      print_problems(problems);
    } else if (next) {
      for (const std::string& line : (*daemon)->reload(*std::move(next))) log::warning("{}", line);
      log::info("configuration read again");
    }
  }
  std::printf("stopping\n");
  std::fflush(stdout);
  daemon->reset();
  return 0;
}

int serve(const ServeOptions& options) {
  if (options.http) {
    if (const auto listen = net::Endpoint::parse(*options.http); !listen) {
      std::fprintf(stderr, "bongsu: --http: %s\n", listen.error().text.c_str());
      return 2;
    }
  }
  if (!options.alone && !options.supervised) {
    std::vector<std::string> words{"bongsu", "serve"};
    const auto add = [&words](const char* option, const std::optional<std::string>& value) {
      if (value) words.insert(words.end(), {option, *value});
    };
    add("--config", options.config);
    add("--data", options.data);
    add("--http", options.http);
    return supervise(std::move(words), [&options]() -> std::optional<config::MainConfig> {
      config::Problems problems;
      auto configured = config_for(options, problems);
      if (!configured) return std::nullopt;
      return std::move(configured->config);
    });
  }
  Supervised supervisor;
  if (options.supervised) {
    auto under = Supervised::under(*options.supervised, options.because);
    if (!under) {
      std::fprintf(stderr, "bongsu: %s\n", under.error().text.c_str());
      return 2;
    }
    supervisor = *std::move(under);
  }
  config::Problems problems;
  auto setup = setup_for(options, problems);
  if (!setup) {
    print_problems(problems);
    supervisor.does_not_start("the configuration cannot be used; its log names each problem");
    return 1;
  }
  return run_daemon(
      *std::move(setup), [&options](config::Problems& found) { return setup_for(options, found); }, supervisor);
}

int check(const CheckOptions& options) {
  config::Problems problems;
  const std::filesystem::path file = config_file(options.config);
  const auto setup = read_setup(file, cache_folder() / "mibs", problems);
  std::vector<std::string> lines = problems.lines();
  std::size_t errors = lines.size();
  if (setup) {
    const auto of_mibs = mib_problems(*setup, errors);
    lines.insert(lines.end(), of_mibs.begin(), of_mibs.end());
    for (const auto& [name, remedy] : setup->config.remedies.remedies) {
      for (std::string& line : unwritable(remedy, *setup->tree)) lines.push_back(std::move(line)), ++errors;
    }
    for (std::string& line : unknown_systems(*setup)) lines.push_back(std::move(line));
  }
  if (options.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().member("ok", errors == 0).member("file", file.string()).key("problems").begin_array();
    for (const std::string& line : lines) json.value(line);
    json.end_array().end_object();
    std::printf("%s\n", out.c_str());
    return errors == 0 ? 0 : 1;
  }
  for (const std::string& line : lines) std::printf("%s\n", escape_terminal(line).c_str());
  if (errors > 0) std::printf("%zu problem%s\n", errors, errors == 1 ? "" : "s");
  if (setup) {
    std::printf("%s: %s: %zu devices, %zu items, %zu profiles, %zu MIB modules\n",
                file.empty() ? "(no file: defaults)" : file.c_str(), errors == 0 ? "ok" : "usable", setup->config.devices.size(),
                setup->items.size(), setup->profiles->profiles().size(), setup->tree->modules().size());
  }
  return errors == 0 ? 0 : 1;
}

}  // namespace bongsu::app
