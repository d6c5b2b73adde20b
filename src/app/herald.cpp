// SPDX-License-Identifier: Apache-2.0
#include "app/herald.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <vector>

#include "app/setup.h"
#include "base/log.h"
#include "base/metrics.h"
#include "notify/couriers.h"

namespace bongsu::app {
namespace {

constexpr Millis kToldEnough{6 * 3600'000};
constexpr Millis kTryAgain{60'000};
constexpr Millis kPatience{30'000};
constexpr const char* kMarker = "last-alarm";

// In the data directory; where that cannot be written, in the folder for what lives until the machine starts anew.
std::vector<std::filesystem::path> markers(const config::MainConfig& config) {
  std::vector<std::filesystem::path> out{config.data / kMarker};
  for (const char* name : {"RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"}) {
    const char* folder = std::getenv(name);
    if (folder != nullptr && *folder == '/') out.push_back(std::filesystem::path(folder) / "bongsu-last-alarm");
  }
  return out;
}

}  // namespace

Herald::Herald(std::function<std::optional<config::MainConfig>()> config) : config_(std::move(config)) {
  state_.lock()->told = last_told();
  thread_ = std::thread([this] {
    work();
    state_.lock()->ended = true;
    changed_.notify_all();
  });
}

Herald::~Herald() {
  {
    auto state = state_.lock();
    state->stopping = true;
    changed_.notify_all();
    changed_.wait_for(state.hold(), at_the_end_, [&] { return state->ended; });
  }
  enough_.request_stop();
  thread_.join();
}

// What an earlier one told and nobody told the end of.
std::optional<Herald::Told> Herald::last_told() const {
  const auto config = config_();
  if (!config) return std::nullopt;
  for (const std::filesystem::path& marker : markers(*config)) {
    std::ifstream in(marker);
    Told told;
    struct stat about {};
    if (!std::getline(in, told.word.title) || ::stat(marker.c_str(), &about) != 0) continue;
    told.at = told.word.since = time_from_ms(about.st_mtim.tv_sec * 1000);
    told.reached = told.tried = true;
    return told;
  }
  return std::nullopt;
}

void Herald::trouble(const std::string& title, const std::string& why, Millis until) {
  const Time now = clock_.now();
  auto state = state_.lock();
  std::optional<Told>& told = state->told;
  // A clock that was set back makes it look younger, so it is told rather than not.
  if (told && told->word.title == title && !told->word.over && now >= told->at &&
      (!told->reached || now - told->at < kToldEnough)) {
    told->until = until;
    if (told->reached) log::error("{}: {}; this was told before", title, why);
    return;
  }
  told = Told{.word = {.title = title, .why = why, .since = now, .over = false}, .until = until, .at = now};
  changed_.notify_all();
}

void Herald::well() {
  auto state = state_.lock();
  std::optional<Told>& told = state->told;
  if (!told || told->word.over) return;
  // Who never heard of it need not hear that it is over.
  if (!told->reached) return told.reset();
  told->word.over = true;
  told->word.why = "Bongsu is up again.";
  told->reached = told->tried = false;
  changed_.notify_all();
}

bool Herald::troubled() const {
  const auto state = state_.lock();
  return state->told && !state->told->word.over;
}

Millis Herald::until() const {
  const auto state = state_.lock();
  return state->told ? state->told->until : Millis(0);
}

void Herald::work() {
  auto state = state_.lock();
  for (;;) {
    const bool pending = state->told && !state->told->reached;
    if (state->stopping && (!pending || state->told->tried)) return;
    if (!pending) {
      changed_.wait(state.hold());
      continue;
    }
    if (state->told->tried) {
      changed_.wait_for(state.hold(), kTryAgain, [&] { return state->stopping || !state->told || !state->told->tried; });
      if (state->told && !state->stopping) state->told->tried = false;
      continue;
    }
    const notify::LastWord word = state->told->word;
    state.hold().unlock();
    const bool reached = say(word);
    state.hold().lock();
    // Meanwhile something else may have come up.
    if (!state->told || state->told->word.title != word.title || state->told->word.over != word.over) continue;
    state->told->tried = true;
    state->told->reached = reached;
    state->told->at = clock_.now();
    if (reached && word.over) state->told.reset();
  }
}

// Whether somebody was reached.
bool Herald::say(const notify::LastWord& word) const {
  auto config = config_();
  if (!config) {
    log::error("{}: {}; nobody can be told, since the configuration cannot be read", word.title, word.why);
    return false;
  }
  if (!send(*config, word)) return false;
  bool marked = false;
  for (const std::filesystem::path& marker : markers(*config)) {
    std::error_code ignored;
    if (word.over) std::filesystem::remove(marker, ignored);
    else if (!marked) marked = static_cast<bool>(std::ofstream(marker) << word.title << '\n' << std::flush);
  }
  if (!word.over && !marked)
    log::error("{}: that this was told cannot be noted in {}: it is told again when Bongsu is started", word.title,
               config->data.string());
  return true;
}

bool Herald::send(config::MainConfig& config, const notify::LastWord& word) const {
  const notify::Spec spec = notices_of(config);
  if (spec.routes.empty()) {
    log::error("{}: {}; no route says whom to tell", word.title, word.why);
    return false;
  }
  Metrics metrics;
  auto courier = notify::Couriers::start(metrics);
  if (!courier) {
    log::error("{}: {}; {}", word.title, word.why, courier.error().text);
    return false;
  }
  const auto told = notify::tell_last(spec, **courier, word, clock_.now(), kPatience, enough_.get_token());
  for (const std::string& line : told.missed) log::error("{}: not told by {}", word.title, line);
  return told.reached > 0;
}

}  // namespace bongsu::app
