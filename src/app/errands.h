// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>
#include <unistd.h>

#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "base/lock.h"
#include "base/result.h"

namespace bongsu::app {

// Work that belongs to the main thread, which owns what files say, asked for by a worker that waits for its end. The main
// thread waits for signals: kErrandSignal tells it to look here.
constexpr int kErrandSignal = SIGUSR1;

class Errands {
 public:
  // Thread: any but the main one. Waits. Error: Unavailable (the daemon ends, or others wait already).
  template <class T>
  Result<T> ask(std::function<Result<T>()> work) {
    auto done = std::make_shared<std::promise<std::optional<Result<T>>>>();
    auto answer = done->get_future();
    const auto run = [done, work = std::move(work)](bool closed) {
      if (closed) done->set_value(std::nullopt);
      else done->set_value(std::optional<Result<T>>(work()));
    };
    {
      const auto queue = queue_.lock();
      if (queue->closed) return Error{Code::Unavailable, "Bongsu is stopping"};
      if (queue->waiting.size() >= kMostWaiting)
        return Error{Code::Unavailable, "several files are being taken already; try again in a moment"};
      queue->waiting.push_back(run);
    }
    ::kill(::getpid(), kErrandSignal);
    auto result = answer.get();
    if (!result) return Error{Code::Unavailable, "Bongsu is stopping"};
    return *std::move(result);
  }

  // Thread: the main one.
  void run_all() {
    while (auto next = take()) next(false);
  }
  // Sends home who waits and who comes; before the workers end.
  void close() {
    queue_.lock()->closed = true;
    while (auto next = take()) next(true);
  }

 private:
  using Errand = std::function<void(bool closed)>;
  static constexpr std::size_t kMostWaiting = 16;
  struct Queue {
    std::deque<Errand> waiting{};
    bool closed = false;
  };
  Errand take() {
    const auto queue = queue_.lock();
    if (queue->waiting.empty()) return {};
    Errand next = std::move(queue->waiting.front());
    queue->waiting.pop_front();
    return next;
  }
  Guarded<Queue> queue_;
};

}  // namespace bongsu::app
