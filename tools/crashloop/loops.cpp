// SPDX-License-Identifier: Apache-2.0
#include "loops.h"

#include <fmt/core.h>
#include <signal.h>

#include <cerrno>
#include <map>

#include "base/random.h"
#include "child.h"
#include "damage.h"
#include "disk.h"

namespace bongsu::crash {
namespace {

constexpr std::uint64_t kFreshEvery = 100;  // cycles, then the store begins anew
constexpr Millis kLong{120'000};
constexpr std::int64_t kQuiet = 1500;  // of a Pulse

Acknowledged known_of(const Found& found) {
  return {.flushed = found.batch, .appended = found.batch, .logs = found.logs, .states = found.states, .commits = found.commit};
}

class Findings {
 public:
  explicit Findings(const LoopOptions& options) : options_(options) {}
  // The store as it was found stays beside the others.
  void add(std::uint64_t cycle, const std::string& what, const std::filesystem::path& store) {
    std::error_code ignored;
    const auto kept = options_.dir / fmt::format("finding-{}", ++count_);
    if (count_ <= 10) std::filesystem::copy(store, kept, std::filesystem::copy_options::recursive, ignored);
    fmt::print("FINDING seed {} cycle {}: {} ({})\n", options_.seed, cycle, what, kept.string());
    std::fflush(stdout);
  }
  int count() const { return count_; }

 private:
  const LoopOptions& options_;
  int count_ = 0;
};

// The points, log lines and so on of one store over many lives.
class Lives {
 public:
  Lives(const LoopOptions& options, std::filesystem::path store)
      : options_(options), findings_(options), random_(options.seed), store_(std::move(store)) {
    std::filesystem::remove_all(store_);
  }
  Random& random() { return random_; }
  const std::filesystem::path& store() const { return store_; }
  Findings& findings() { return findings_; }
  std::uint64_t cycle() const { return cycle_; }
  const Found& last() const { return last_; }

  WriterPlan begin_cycle(std::uint64_t cycle, bool failing = false, bool may_be_quiet = true) {
    cycle_ = cycle;
    if (cycle > 0 && cycle % kFreshEvery == 0) begin_anew();
    known_ = known_of(last_);
    quiet_ = may_be_quiet && cycle % 12 == 5;
    return {.dir = store_, .seed = random_.next(), .from = last_, .quiet = quiet_, .failing = failing};
  }
  Acknowledged& known() { return known_; }
  bool quiet() const { return quiet_; }

  // Looks at what is there after the writer's end; `before` is what counts.
  void judge(const Writer& writer, const Acknowledged& before, std::int64_t ended, bool clean) {
    const Found found = look_apart(store_, std::max<std::int64_t>(known_.appended, 0), true, known_.failed);
    std::string what = !found.problem.empty() ? found.problem : !found.opened ? "does not open: " + found.refusal : found.refusal;
    if (what.empty()) what = missed(before, known_, found);
    if (what.empty() && clean && found.batch != known_.appended)
      what = fmt::format("a clean end at batch {} left {}", known_.appended, found.batch);
    const Millis lost = writer.lost(found.batch, ended);
    if (what.empty() && lost > options_.most_lost) what = fmt::format("points of {} ms were lost", lost.count());
    if (writer.wrong()) what += " (the writer saw it while it lived)";
    most_lost_ = std::max(most_lost_, lost);
    batches_ += std::max<std::int64_t>(0, found.batch - last_.batch);
    commits_ += std::max<std::int64_t>(0, found.commit - last_.commit);
    logs_ += std::max<std::int64_t>(0, found.logs - last_.logs);
    last_ = found;
    if (what.empty()) return;
    findings_.add(cycle_, what, store_);
    begin_anew();
  }
  void begin_anew() {
    std::filesystem::remove_all(store_);
    last_ = {};
  }
  void summary(std::string_view mode, std::uint64_t cycles) const {
    fmt::print(
        "{}: seed {}, {} cycles, {} findings; kept {} batches ({} points), {} log lines, {} commits; points lost at most {} ms\n",
        mode, options_.seed, cycles, findings_.count(), batches_, batches_ * kSeries, logs_, commits_, most_lost_.count());
  }

 private:
  const LoopOptions& options_;
  Findings findings_;
  Random random_;
  std::filesystem::path store_;
  std::uint64_t cycle_ = 0;
  Found last_;
  Acknowledged known_;
  bool quiet_ = false;
  Millis most_lost_{0};
  std::int64_t batches_ = 0, commits_ = 0, logs_ = 0;
};

// Until something was acknowledged; mostly some time more; now and then only a moment, while it still opens.
bool let_live(Writer& writer, Lives& lives) {
  if (!lives.quiet() && lives.random().chance(0.15)) return writer.listen(Millis(lives.random().below(80)), lives.known());
  const std::int64_t begin = steady_ns();
  while (!writer.any()) {
    if (!writer.listen(Millis(5), lives.known()) || steady_ns() - begin > std::chrono::nanoseconds(kLong).count()) return false;
  }
  if (!lives.quiet()) return writer.listen(Millis(5 + lives.random().below(500)), lives.known());
  // So long that more than may be lost could wait.
  for (const std::int64_t from = writer.pulse(); writer.pulse() < from + kQuiet;) {
    if (!writer.listen(Millis(20), lives.known()) || steady_ns() - begin > std::chrono::nanoseconds(kLong).count()) return false;
  }
  return true;
}

}  // namespace

Result<int> kill_loop(const LoopOptions& options) {
  Lives lives(options, options.dir / "store");
  for (std::uint64_t cycle = 0; cycle < options.cycles; ++cycle) {
    Writer writer(lives.begin_cycle(cycle));
    const bool alive = let_live(writer, lives);
    const bool clean = lives.random().chance(0.1);
    const std::int64_t killed = writer.pulse();
    writer.send(clean ? SIGTERM : SIGKILL);
    const int code = writer.end(lives.known());
    if (!alive || (!clean && code != 128 + SIGKILL))
      lives.findings().add(cycle, fmt::format("the writer ended by itself with {}", code), lives.store());
    // Before it has opened the store a signal ends it either way.
    lives.judge(writer, lives.known(), killed, clean && code == 0 && writer.any());
  }
  lives.summary("kill -9", options.cycles);
  return lives.findings().count();
}

Result<int> power_loop(const LoopOptions& options) {
  BONGSU_TRY(const auto disk, Disk::ext4(options.dir, 512));
  Lives lives(options, disk->path() / "store");
  for (std::uint64_t cycle = 0; cycle < options.cycles; ++cycle) {
    Writer writer(lives.begin_cycle(cycle, true));
    let_live(writer, lives);
    // Only what was read before the cut counts: a sync under way may say yes and be gone.
    writer.listen(Millis(0), lives.known());
    const Acknowledged before = lives.known();
    const std::int64_t cut = writer.pulse();
    BONGSU_TRY_OK(disk->cut());
    writer.send(SIGKILL);
    writer.end(lives.known());
    BONGSU_TRY_OK(disk->come_back());
    lives.judge(writer, before, cut, false);
  }
  lives.summary("power cuts", options.cycles);
  return lives.findings().count();
}

Result<int> full_loop(const LoopOptions& options) {
  BONGSU_TRY(const auto disk, Disk::in_memory(options.dir, 96));
  Lives lives(options, disk->path() / "store");
  std::int64_t refusals = 0;
  Millis slowest{0};
  for (std::uint64_t cycle = 0; cycle < options.cycles; ++cycle) {
    Writer writer(lives.begin_cycle(cycle, true, false));
    Acknowledged& known = lives.known();
    while (!writer.any() && writer.listen(Millis(5), known)) {}
    writer.listen(Millis(100 + lives.random().below(300)), known);
    disk->fill();
    const std::int64_t filled = steady_ns();
    while (writer.refusals() == 0 && writer.listen(Millis(20), known) &&
           steady_ns() - filled < std::chrono::nanoseconds(kLong).count()) {}
    if (writer.refusals() == 0) lives.findings().add(cycle, "nothing was refused although the disk is full", lives.store());
    writer.listen(Millis(lives.random().below(1500)), known);
    const bool resumes = lives.random().chance(0.7);
    if (resumes) {
      disk->free();
      const std::int64_t freed = steady_ns();
      const std::int64_t commits = known.commits;
      while (known.commits <= commits && writer.listen(Millis(10), known) &&
             steady_ns() - freed < std::chrono::nanoseconds(kLong).count()) {}
      const auto took = std::chrono::floor<Millis>(std::chrono::nanoseconds(steady_ns() - freed));
      slowest = std::max(slowest, took);
      if (known.commits <= commits || took > std::max(Millis(10'000), options.most_lost))
        lives.findings().add(cycle,
                             fmt::format("{} ms after there was space again: {} commits", took.count(), known.commits - commits),
                             lives.store());
      writer.listen(Millis(lives.random().below(300)), known);
    }
    const std::int64_t killed = writer.pulse();
    writer.send(SIGKILL);
    writer.end(known);
    refusals += writer.refusals();
    disk->free();
    // What waits in memory while the disk is full goes with the process.
    lives.judge(writer, known, resumes ? killed : 0, false);
  }
  lives.summary("disk full", options.cycles);
  fmt::print("refused {} times; writing again at most {} ms after there was space\n", refusals, slowest.count());
  return lives.findings().count();
}

namespace {

enum class Verdict { Closed, Refused, Said, Shorter, NoEffect, Bad };

// What came of a damaged copy; `what` is told for a Bad one.
Verdict judge_damage(const std::filesystem::path& image, const Acknowledged& known, const Found& whole, std::string& what) {
  const auto spare = image.parent_path() / "spare";
  copy_store(image, spare);
  const auto equal = [&](const Found& found) {
    return found.batch == whole.batch && found.logs == whole.logs && found.states == whole.states && found.commit == whole.commit;
  };
  const Found strict = look_apart(image, known.appended, true, known.failed);
  if (strict.problem.empty() && strict.refusal.empty()) return equal(strict) ? Verdict::NoEffect : Verdict::Shorter;
  const Found lenient = look_apart(spare, known.appended, false, known.failed);
  what = !lenient.problem.empty() ? lenient.problem : !strict.problem.empty() ? strict.problem : strict.refusal;
  if (!lenient.problem.empty()) return Verdict::Bad;
  if (!lenient.refusal.empty()) what = lenient.refusal;
  if (!lenient.refusal.empty()) return lenient.opened ? Verdict::Refused : Verdict::Closed;
  if (lenient.said) return Verdict::Said;
  // Met by the store's own work while it was read the first time, and not yet the second; nothing of what is kept stood there.
  return strict.problem.empty() && equal(lenient) ? Verdict::NoEffect : Verdict::Bad;
}

struct Damage {
  const char* name;
  std::string (*make)(const std::filesystem::path&, Random&);
  int times;                    // a cycle
  bool may_be_shorter = false;  // the end of the log is gone, as a power cut leaves it
  bool may_be_closed = false;   // the list of its files may be damaged behind what was copied of it
};
constexpr Damage kDamages[]{
    {"torn log", tear_newest_log, 2, true}, {"zeroed log", zero_newest_log, 2, true},
    {"cut MANIFEST", cut_manifest, 1},      {"flipped bit in a table", flip_in_table, 12},
    {"lost table", lose_a_table, 2},        {"flipped bit in the MANIFEST", flip_in_manifest, 1, false, true},
    {"lost CURRENT", lose_current, 1},      {"flipped bit elsewhere", flip_elsewhere, 2}};

}  // namespace

Result<int> damage_loop(const LoopOptions& options) {
  Lives lives(options, options.dir / "store");
  std::map<std::string, std::map<Verdict, int>> verdicts;
  for (std::uint64_t cycle = 0; cycle < options.cycles; ++cycle) {
    Writer writer(lives.begin_cycle(cycle, false, false));
    while (!writer.any() && writer.listen(Millis(5), lives.known())) {}
    writer.listen(Millis(50 + lives.random().below(400)), lives.known());
    const std::int64_t killed = writer.pulse();
    writer.send(lives.random().chance(0.2) ? SIGTERM : SIGKILL);
    writer.end(lives.known());
    const auto killed_store = options.dir / "killed", image = options.dir / "image";
    copy_store(lives.store(), killed_store);
    lives.judge(writer, lives.known(), killed, false);
    for (const Damage& damage : kDamages) {
      for (int time = 0; time < damage.times; ++time) {
        copy_store(killed_store, image);
        const std::string done = damage.make(image, lives.random());
        if (done.empty()) continue;
        copy_store(image, options.dir / "damaged");
        std::string what;
        const Verdict verdict = judge_damage(image, lives.known(), lives.last(), what);
        ++verdicts[damage.name][verdict];
        if (verdict == Verdict::Bad || (verdict == Verdict::Shorter && !damage.may_be_shorter) || verdict == Verdict::Refused ||
            (verdict == Verdict::Closed && !damage.may_be_closed))
          lives.findings().add(cycle,
                               fmt::format("{}: {}", done,
                                           verdict == Verdict::Shorter  ? std::string("the end is gone and nothing says so")
                                           : verdict == Verdict::Closed ? "does not open: " + what
                                                                        : what),
                               options.dir / "damaged");
      }
    }
  }
  lives.summary("damage", options.cycles);
  for (auto& [name, of] : verdicts) {
    fmt::print("{}: {} without effect, {} shorter, {} said, {} refused a query, {} did not open, {} bad\n", name,
               of[Verdict::NoEffect], of[Verdict::Shorter], of[Verdict::Said], of[Verdict::Refused], of[Verdict::Closed],
               of[Verdict::Bad]);
  }
  return lives.findings().count();
}

Result<int> fault_loop(const LoopOptions& options) {
  using Call = FaultPlan::Call;
  struct Kind {
    const char* name;
    FaultPlan plan;
  };
  const Kind kinds[]{{"write EIO", {.call = Call::Write, .error = EIO}},
                     {"write ENOSPC", {.call = Call::Write, .error = ENOSPC}},
                     {"torn write", {.call = Call::Write, .error = EIO, .torn = true}},
                     {"sync EIO", {.call = Call::Sync, .error = EIO}},
                     {"rename EIO", {.call = Call::Rename, .error = EIO}}};
  Findings findings(options);
  std::int64_t injected = 0, died = 0, refused = 0, resumed = 0, slowest = 0;
  for (const Kind& kind : kinds) {
    for (const bool for_good : {false, true}) {
      std::uint64_t points = 0;
      for (std::uint64_t at = 1;; at += options.stride) {
        const auto store = options.dir / "store";
        std::filesystem::remove_all(store);
        WriterPlan plan{.dir = store, .seed = options.seed, .batches = 24, .fault = kind.plan};
        plan.fault->for_good = for_good;
        plan.fault->at = at;
        Acknowledged known;
        Writer writer(plan);
        const int code = writer.end(known);
        if (code == 0 && writer.injections() == 0) break;
        ++points;
        ++injected;
        refused += writer.refusals() > 0 ? 1 : 0;
        if (code != 0) ++died;
        if (writer.resumed_ms()) {
          ++resumed;
          slowest = std::max(slowest, *writer.resumed_ms());
        }
        std::string what;
        if (code != 0 && code != 128 + SIGABRT) what = fmt::format("the writer ended with {}", code);
        const Found found = look_apart(store, std::max<std::int64_t>(known.appended, 0), true, known.failed);
        if (what.empty()) what = !found.problem.empty() ? found.problem : found.refusal;
        if (what.empty()) what = missed(known, known, found);
        if (!what.empty())
          findings.add(at, fmt::format("{} {} at call {}: {}", kind.name, for_good ? "from then on" : "once", at, what), store);
      }
      fmt::print("{} {}: {} faults\n", kind.name, for_good ? "from then on" : "once", points);
      std::fflush(stdout);
    }
  }
  fmt::print(
      "faults: seed {}, {} injected, {} seen as errors, {} resumed (at most {} ms after), {} ended the process; {} findings\n",
      options.seed, injected, refused, resumed, slowest, died, findings.count());
  return findings.count();
}

}  // namespace bongsu::crash
