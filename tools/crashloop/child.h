// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "check.h"
#include "faults.h"

namespace bongsu::crash {

// What the writer tells, through a pipe, as soon as it is so.
struct Ack {
  enum class Kind : std::uint32_t {
    Appended,  // append() took batch `number`
    Flushed,   // flush() acknowledged batch `number` and all before
    Logs,      // and all log lines below
    States,    // and all states below
    Commit,    // commit() acknowledged `number`
    Failed,    // commit() gave an error for `number`
    Refused,   // append(), flush() or opening gave an error; `number`: how many times so far
    Resumed,   // writing works again after `number` milliseconds
    Injected,  // `number` calls were made to fail
    Wrong,     // a query of the writer's own gave a wrong answer
    Done,      // it comes to its end by itself
  };
  Kind kind{};
  std::int64_t number = 0;
  std::int64_t begun = 0;  // of Appended: the Pulse when append() was called
};
std::int64_t steady_ns();

// Milliseconds in which the writing process could work: a thread of it counts as often as it is woken. So time in which a loaded
// machine runs other processes does not count, nor does a call of the store's writer that waits for the disk; what the store
// leaves undone while it could write does. In memory that both processes see.
class Pulse {
 public:
  Pulse();
  ~Pulse();
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;
  std::int64_t ms() const { return count_->load(); }
  void beat() { count_->fetch_add(1); }

 private:
  std::atomic<std::int64_t>* count_;
};

struct WriterPlan {
  std::filesystem::path dir;
  std::uint64_t seed = 0;
  Found from;                // what is there
  std::int64_t batches = 0;  // then it ends; 0: it goes on until it is killed
  std::optional<FaultPlan> fault;
  bool quiet = false;    // nothing but the store itself writes what waits: neither flushes nor commits nor plenty
  bool failing = false;  // the disk is going to fail: errors are no surprise
};
// The body of the writing process. Gives its exit code.
int write_on(const WriterPlan& plan, int acks, Pulse& pulse);

// A process of its own that writes.
class Writer {
 public:
  explicit Writer(const WriterPlan& plan);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Reads acknowledgements for so long, or until the process ends (false), into `known`.
  bool listen(Millis time, Acknowledged& known);
  void send(int signal) const;
  // Reads what is left and waits for the end: the exit code, or 128 + the signal.
  int end(Acknowledged& known);

  std::int64_t pulse() const { return pulse_.ms(); }
  // For how long the oldest of what was taken and is not kept had been there when it was killed, at `killed` of the pulse.
  Millis lost(std::int64_t kept_batch, std::int64_t killed) const;
  std::int64_t refusals() const { return refused_; }
  std::int64_t injections() const { return injected_; }
  std::optional<std::int64_t> resumed_ms() const { return resumed_; }
  bool wrong() const { return wrong_; }
  bool any() const { return any_; }

 private:
  bool take(Acknowledged& known);
  Pulse pulse_;
  pid_t pid_ = -1;
  int acks_ = -1;
  std::vector<Ack> appended_;
  std::int64_t refused_ = 0, injected_ = 0;
  std::optional<std::int64_t> resumed_;
  bool wrong_ = false, any_ = false;
};

// look() in a process of its own, so that even the end of that process is a finding and not the end of the loop.
Found look_apart(const std::filesystem::path& dir, std::int64_t clock_batch, bool whole, const std::set<std::int64_t>& failed);

}  // namespace bongsu::crash
