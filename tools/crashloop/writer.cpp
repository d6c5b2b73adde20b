// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "base/random.h"
#include "child.h"

namespace bongsu::crash {
namespace {

using Kind = Ack::Kind;
constexpr std::int64_t kPatienceMs = 60'000;

std::atomic<bool> asked_to_end{false};

class Writing {
 public:
  Writing(const WriterPlan& plan, int acks, Pulse& pulse) : plan_(plan), acks_(acks), pulse_(pulse), clock_(plan.from.batch) {}

  bool open() {
    for (const std::int64_t begin = steady_ns();;) {
      auto opened = store::Store::open(plan_.dir, store_options(), clock_, metrics_);
      if (opened) {
        store_ = *std::move(opened);
        return true;
      }
      refused(opened.error());
      if (plan_.fault) disarm();  // what opening met is over; the next try must do
      else if (!plan_.failing) return false;
      if ((steady_ns() - begin) / 1'000'000 > kPatienceMs || tries_to_open_++ > 20'000) return false;
      if (plan_.failing) ::usleep(5000);
    }
  }

  // Points and log lines, until it is killed or the batches are done.
  void points() {
    Random random(plan_.seed);
    constexpr std::int64_t kPeriods[]{1, 7, 40, INT64_MAX};  // batches from flush to flush
    const std::int64_t period = plan_.fault ? 4 : plan_.quiet ? INT64_MAX : kPeriods[random.below(4)];
    std::vector<SeriesId> ids;
    std::int64_t logs = plan_.from.logs, states = plan_.from.states;
    for (std::int64_t batch = plan_.from.batch + 1; going(batch); ++batch) {
      clock_.set(batch);
      now_ = batch;
      std::vector<Point> points;
      for (const Told& told : batch_of(batch)) {
        while (ids.size() <= told.series) {
          const auto id = store_->series(labels_of(static_cast<std::uint32_t>(ids.size())));
          if (!id) return fail("making a series: " + id.error().text);
          ids.push_back(*id);
        }
        points.push_back({ids[told.series], told.sample});
      }
      std::int64_t begun = 0;
      const auto append = [&] {
        begun = pulse_.ms();
        return store_->append(points);
      };
      if (!insist(append)) return;
      appended_ = batch;
      say(Kind::Appended, batch, begun);
      for (; logs < (batch + 1) * kLogs; ++logs) {
        if (!insist([&] { return store_->append({log_of(logs)}); })) return;
      }
      for (; states <= batch; ++states) {
        if (!insist([&] { return store_->append({state_of(states)}); })) return;
      }
      if (batch % period == 0) {
        if (!insist([&] { return store_->flush(); })) return;
        say(Kind::Flushed, batch);
        say(Kind::Logs, logs);
        say(Kind::States, states);
      }
      if (!plan_.fault) ::usleep(static_cast<useconds_t>((200 + random.below(800)) * (plan_.quiet ? 10 : 1)));
      if (plan_.fault && batch % 3 == 0 && !commit()) return;
      if (plan_.fault && batch % 8 == 0) look_back(random);
    }
    if (plan_.fault && insist([&] { return store_->flush(); })) say(Kind::Flushed, plan_.from.batch + plan_.batches);
  }

  // Commits, one after another.
  void commits() {
    Random random(plan_.seed + 2);
    constexpr useconds_t kPauses[]{500, 10'000, 300'000};  // each commit also writes the points that wait
    const useconds_t pause = kPauses[random.below(3)];
    while (!ended_ && !asked_to_end && commit()) ::usleep(pause);
  }

  // What was taken is there to be read, at once and whole.
  void reads() {
    Random random(plan_.seed + 1);
    while (!ended_ && !asked_to_end) {
      look_back(random);
      ::usleep(2000);
    }
  }

  // Of the process.
  void pulse() {
    while (!ended_) {
      ::usleep(1000);
      if (!writer_waits_for_disk()) pulse_.beat();
    }
  }

  bool wrong() const { return wrong_; }
  void end() { ended_ = true; }
  void close() {
    store_.reset();
    say(Kind::Injected, static_cast<std::int64_t>(injected()));
    say(Kind::Done, 0);
  }

 private:
  bool going(std::int64_t batch) const {
    return !asked_to_end && !wrong_ && (plan_.batches == 0 || batch <= plan_.from.batch + plan_.batches);
  }
  void say(Kind kind, std::int64_t number, std::int64_t begun = 0) const {
    const Ack ack{kind, number, begun};
    // Nobody who listens any more has killed this process, too.
    if (::write(acks_, &ack, sizeof ack) != static_cast<ssize_t>(sizeof ack)) ::_exit(3);
  }
  void fail(const std::string& text) {
    std::fprintf(stderr, "the writer: %s\n", text.c_str());
    wrong_ = true;
    say(Kind::Wrong, 0);
  }
  void refused(const Error& error) {
    say(Kind::Refused, ++refusals_);
    if (!plan_.fault && !plan_.failing) fail("refused: " + error.text);
  }
  // Again and again until it is taken: without faults the first time is right; with them the store must come back by itself.
  template <class Act>
  bool insist(const Act& act, bool once = false) {
    std::int64_t begin = 0;
    for (std::int64_t tries = 0; going(0);) {
      const Status status = act();
      if (status) {
        if (begin != 0) say(Kind::Resumed, (steady_ns() - begin) / 1'000'000);
        return true;
      }
      if (status.error().code == Code::Limit) {
        ::usleep(1000);
        continue;
      }
      refused(status.error());
      if (once) return false;
      // A lasting fault is mended after a while; from then on the time counts.
      if (plan_.fault && ++tries == 3) disarm();
      if (begin == 0 || (plan_.fault && tries == 3)) begin = steady_ns();
      if ((steady_ns() - begin) / 1'000'000 > kPatienceMs) {
        fail(fmt::format("it does not come back: {}", status.error().text));
        return false;
      }
      ::usleep(1000);
    }
    return false;
  }
  bool commit() {
    const std::int64_t number = commit_;
    const bool kept = insist([&] {
      const Status status = store_->commit(commit_of(number, time_of(now_)));
      if (!status) say(Kind::Failed, number);
      return status;
    });
    if (!kept) return false;
    say(Kind::Commit, number);
    ++commit_;
    return true;
  }
  void look_back(Random& random) {
    const auto series = static_cast<std::uint32_t>(random.below(kSeries));
    const std::int64_t complete = appended_;
    const std::int64_t from = std::max(oldest_kept(complete), complete - static_cast<std::int64_t>(random.below(3000)));
    std::string refusal;
    const std::string problem = judge_series(*store_, series, from, complete, INT32_MAX, true, refusal);
    if (!problem.empty()) fail("a query: " + problem);
    if (!refusal.empty() && !plan_.fault && !plan_.failing) fail("a query was refused: " + refusal);
  }

  const WriterPlan& plan_;
  const int acks_;
  Pulse& pulse_;
  BatchClock clock_;
  Metrics metrics_;
  std::unique_ptr<store::Store> store_;
  std::int64_t commit_ = plan_.from.commit + 1;
  std::atomic<std::int64_t> now_{plan_.from.batch};
  std::atomic<std::int64_t> appended_{plan_.from.batch};
  std::atomic<std::int64_t> refusals_{0};
  std::int64_t tries_to_open_ = 0;
  std::atomic<bool> ended_{false}, wrong_{false};
};

}  // namespace

int write_on(const WriterPlan& plan, int acks, Pulse& pulse) {
  struct sigaction action {};
  action.sa_handler = [](int) { asked_to_end = true; };
  ::sigaction(SIGTERM, &action, nullptr);
  if (plan.fault) arm(plan.dir, *plan.fault);
  Writing writing(plan, acks, pulse);
  std::thread pulsing([&] { writing.pulse(); });
  if (!writing.open()) {
    writing.end();
    pulsing.join();
    return 2;
  }
  if (plan.fault) {
    writing.points();
    writing.end();
  } else {
    std::thread commits([&] {
      if (!plan.quiet) writing.commits();
    });
    std::thread reads([&] { writing.reads(); });
    writing.points();
    writing.end();
    commits.join();
    reads.join();
  }
  pulsing.join();
  writing.close();
  return writing.wrong() ? 4 : 0;
}

}  // namespace bongsu::crash
