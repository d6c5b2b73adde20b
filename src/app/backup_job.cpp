// SPDX-License-Identifier: Apache-2.0
#include "app/backup_job.h"

#include <pthread.h>

#include "base/log.h"
#include "base/text.h"
#include "store/backup.h"

namespace bongsu::app {
namespace {

Counter& counter(Metrics& metrics, const char* result) {
  return metrics.counter("bongsu_backups_total", "backups of the store that ended", {{"result", result}});
}

}  // namespace

BackupJob::BackupJob(store::Store& store, const Clock& clock, Metrics& metrics)
    : store_(store), clock_(clock), done_(counter(metrics, "done")), failed_(counter(metrics, "failed")) {}

BackupJob::~BackupJob() {
  stop_ = true;
  if (auto thread = thread_.lock(); thread->joinable()) thread->join();
}

Status BackupJob::start(std::string_view dir) {
  const std::filesystem::path path(dir);
  if (!path.is_absolute())
    return Error{Code::Invalid, "\"" + to_valid_utf8(dir.substr(0, 200)) + "\" is no absolute path, such as /backup/2026-11-23"};
  auto thread = thread_.lock();
  {
    auto state = state_.lock();
    if (state->state == "running")
      return Error{Code::Exists, "a backup to " + state->dir + " is under way already: wait for its end"};
    *state = {.state = "running", .dir = path.string(), .step = "copying", .started = clock_.now()};
  }
  if (thread->joinable()) thread->join();  // it has said all it had to say
  *thread = std::thread([this, path] { run(path); });
  return {};
}

void BackupJob::run(const std::filesystem::path& dir) {
  pthread_setname_np(pthread_self(), "backup");
  const auto made = store::back_up(store_, dir, clock_.now(), [this](std::string_view step, double share) {
    auto state = state_.lock();
    state->step = step;
    state->share = share;
    return !stop_;
  });
  if (made)
    log::info("backup made in {}: {} series, {} samples, {} octets", dir.string(), made->series, made->samples, made->octets);
  else log::error("no backup was made in {}: {}", dir.string(), made.error().text);
  (made ? done_ : failed_).add();
  auto state = state_.lock();
  state->ended = clock_.now();
  state->step.clear();
  if (!made) {
    state->state = "failed";
    state->error = made.error().text;
    return;
  }
  state->state = "done";
  state->share = 1;
  state->series = made->series;
  state->samples = made->samples;
  state->logs = made->logs;
  state->events = made->events;
  state->octets = made->octets;
}

}  // namespace bongsu::app
