// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/lock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "http/server.h"
#include "store/store.h"

namespace bongsu::app {

// Backups of the running daemon's store, one at a time, on a thread of its own. Thread: any. `store`, `clock` and `metrics` must
// outlive it.
class BackupJob {
 public:
  BackupJob(store::Store& store, const Clock& clock, Metrics& metrics);
  ~BackupJob();  // ends one that is under way
  BackupJob(const BackupJob&) = delete;
  BackupJob& operator=(const BackupJob&) = delete;

  // Begins one. Errors: Invalid (no absolute path), Exists (one is under way already).
  Status start(std::string_view dir);
  http::BackupState state() const { return *state_.lock(); }

 private:
  void run(const std::filesystem::path& dir);

  store::Store& store_;
  const Clock& clock_;
  Counter &done_, &failed_;
  std::atomic<bool> stop_ = false;
  Guarded<http::BackupState> state_;
  Guarded<std::thread> thread_;
};

}  // namespace bongsu::app
