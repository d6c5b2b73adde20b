// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "base/time.h"
#include "model/state.h"

namespace bongsu {

// Small records written from any thread without waiting for the disk, a reactor's too. Of each key the newest value is
// committed to the StateStore about once an `interval` on a thread of its own, so it may be lost by a crash until then;
// what fails stays and is tried again, less and less often up to once a minute. What must not be lost is committed to the
// StateStore itself. The store and the metrics outlive it.
class StateKeeper {
 public:
  // Octets of keys and values that may wait; a record that does not fit is dropped and counted
  // (bongsu_state_dropped_total), its older value stays.
  static constexpr std::size_t kMostOctets = 64 << 20;

  // An interval of hours leaves the commits to flush() and the end, which is what a test wants.
  StateKeeper(StateStore& store, Metrics& metrics, Millis interval = Millis(1'000), std::size_t most = kMostOctets);
  ~StateKeeper();  // commits what waits, once, then joins
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;

  // Thread: any; neither waits.
  void put(std::string_view table, std::string key, std::string value);
  void erase(std::string_view table, std::string key);

  // Waits until everything put before was handed to the store once; what the store refused waits on. Thread: any but a
  // reactor's.
  void flush();
  std::size_t waiting() const;  // records

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace bongsu
