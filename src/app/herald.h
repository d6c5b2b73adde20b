// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/lock.h"
#include "base/time.h"
#include "config/main.h"
#include "notify/direct.h"

namespace bongsu::app {

// Tells what befell Bongsu itself while it has no store, by the channels that `config` reads, from a thread of its own: once, and
// its end. What reaches nobody is tried again each minute. What was told stands in `last-alarm` in the data directory, so that
// the same is not told again within six hours however often Bongsu is started, and its end is told by whoever comes up. Thread:
// one caller.
class Herald {
 public:
  explicit Herald(std::function<std::optional<config::MainConfig>()> config);
  // Waits until what is being told has been tried once: 20 s at most, and 3 s after hurry().
  ~Herald();
  Herald(const Herald&) = delete;
  Herald& operator=(const Herald&) = delete;

  // `until`: how long Bongsu must be up before this counts as over.
  void trouble(const std::string& title, const std::string& why, Millis until);
  void well();
  // Whoever ends Bongsu waits.
  void hurry() { at_the_end_ = Millis(3'000); }
  bool troubled() const;
  Millis until() const;

 private:
  struct Told {
    notify::LastWord word;
    Millis until{0};
    Time at{};  // when it was told last
    bool reached = false;
    bool tried = false;
  };
  void work();
  bool say(const notify::LastWord& word) const;
  bool send(config::MainConfig& config, const notify::LastWord& word) const;
  std::optional<Told> last_told() const;

  const std::function<std::optional<config::MainConfig>()> config_;
  SystemClock clock_;
  struct State {
    std::optional<Told> told;
    bool stopping = false;
    bool ended = false;  // the thread has nothing left to do
  };
  Guarded<State> state_;
  std::condition_variable changed_;
  std::stop_source enough_;  // of waiting for answers
  Millis at_the_end_{20'000};
  std::thread thread_;
};

}  // namespace bongsu::app
