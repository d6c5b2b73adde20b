// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <map>

#include "base/text.h"
#include "child.h"

namespace bongsu::crash {
namespace {

constexpr std::int64_t kPatienceNs = 60'000'000'000;

bool same(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

Matcher is(std::string name, std::string value) { return {Matcher::Op::Equal, std::move(name), std::move(value)}; }

std::vector<Matcher> matchers_of(std::uint32_t series) {
  std::vector<Matcher> matchers;
  for (const auto& [name, value] : labels_of(series)) matchers.push_back(is(std::string(name), std::string(value)));
  return matchers;
}

// Of a text "word 17 ..." the number.
std::int64_t number_of(const Event& event) {
  const std::size_t space = event.text.find(' ');
  if (space == std::string::npos) return -1;
  const std::string_view rest = std::string_view(event.text).substr(space + 1);
  const auto number = parse_unsigned(rest.substr(0, rest.find(' ')));
  return number ? static_cast<std::int64_t>(*number) : -1;
}

class Reader {
 public:
  Reader(const store::Store& store, bool whole, Found& found) : store_(store), whole_(whole), found_(found) {}

  void points() {
    const auto newest = store_.latest(matchers_of(0), time_of(-1), time_of(1'000'000'000));
    if (!newest) return refuse(newest.error());
    found_.batch = newest->empty() ? -1 : (to_ms(newest->front().sample.at) - kStart) / kStep;
    // Without all of it a hole may be at the end, so anything that was ever told may be there.
    const std::int64_t possible = whole_ ? found_.batch : INT32_MAX;
    for (std::uint32_t series = 0; series < kSeries && well(); ++series) {
      found_.problem =
          judge_series(store_, series, whole_ ? oldest_kept(found_.batch) : 0, found_.batch, possible, whole_, found_.refusal);
    }
    if (!well()) return;
    const auto all = store_.find({}, time_of(-1), time_of(1'000'000'000));
    if (!all) return refuse(all.error());
    if (all->size() > kSeries) found_.problem = fmt::format("{} series, and {} were ever made", all->size(), kSeries);
    for (const Labels& labels : *all) {
      const auto number = parse_unsigned(labels.get("n"));
      if (!number || *number >= kSeries || labels != labels_of(static_cast<std::uint32_t>(*number)))
        found_.problem = "a series that was never made: " + labels.to_string();
    }
  }

  // Dense numbers of one kind from the newest down; gives how many there are, counted from 0.
  std::int64_t events(EventKind kind, std::int64_t must_reach, const std::set<std::int64_t>& failed) {
    EventQuery query{.kinds = {kind}, .limit = 20'000};
    std::int64_t first = -1, last = -1, of_word = 0;
    const std::string name(to_string(kind));
    while (well()) {
      const auto page = store_.search(query);
      if (!page) {
        refuse(page.error());
        break;
      }
      for (const Event& event : page->events) {
        const std::int64_t number = number_of(event);
        if (first < 0) first = number;
        const bool twice = number == last && failed.contains(number);
        if (number < 0 || (last >= 0 && (whole_ ? number != last - 1 && !twice : number >= last && !twice)))
          found_.problem = fmt::format("of events of kind {}, {} stands before {}", name, number, last);
        last = number;
        Event expected = kind == EventKind::Syslog      ? log_of(number)
                         : kind == EventKind::Discovery ? state_of(number)
                                                        : commit_of(number, event.received).events.front();
        expected.id = event.id;
        if (!(expected == event)) found_.problem = fmt::format("event {} of kind {} differs: {}", number, name, event.text);
        if (number % 97 == 13 && number >= must_reach && kind == EventKind::Syslog) ++of_word;
        if (!well()) break;
      }
      if (page->next == 0) break;
      query.before_id = page->next;
    }
    if (well() && whole_ && first >= 0 && last > must_reach)
      found_.problem = fmt::format("events of kind {} begin with {} and should with {}", name, last, must_reach);
    if (well() && kind == EventKind::Syslog) {
      const auto page = store_.search({.words = {"w13"}, .limit = 10'000'000});
      if (!page) refuse(page.error());
      // Older lines may leave while this reads.
      const auto kept = !page ? 0 : std::count_if(page->events.begin(), page->events.end(), [&](const Event& event) {
        return number_of(event) >= must_reach;
      });
      if (page && kept != of_word && whole_)
        found_.problem = fmt::format("{} lines have the word w13, and {} were found by it", of_word, kept);
    }
    return first + 1;
  }

  void state() {
    const std::int64_t commits = found_.commit + 1;
    std::int64_t last = -1;
    std::map<std::string, std::int64_t> kept;
    const Status read = store_.scan("t", "", [&](std::string_view key, std::string_view value) {
      const auto number = parse_unsigned(value);
      kept[std::string(key)] = number ? static_cast<std::int64_t>(*number) : -1;
      return true;
    });
    if (!read) return refuse(read.error());
    if (const auto at = kept.find("last"); at != kept.end()) last = at->second;
    for (const auto& [key, number] : kept) {
      if (number < 0 || (key != "last" && key != "k" + std::to_string(number % kKeys)))
        found_.problem = fmt::format("the record {} holds {}", key, number);
    }
    if (!whole_) {
      found_.commit = std::max(found_.commit, last);
      return;
    }
    if (last + 1 != commits)
      found_.problem = fmt::format("the state is that of commit {}, its events end with {}", last, commits - 1);
    for (std::int64_t number = std::max<std::int64_t>(0, last - kKeys + 1); number <= last; ++number) {
      const auto at = kept.find("k" + std::to_string(number % kKeys));
      if (at == kept.end() || at->second != number) found_.problem = fmt::format("the record of commit {} is not there", number);
    }
  }

  bool well() const { return found_.problem.empty() && found_.refusal.empty(); }

 private:
  void refuse(const Error& error) { found_.refusal = error.text; }
  const store::Store& store_;
  const bool whole_;
  Found& found_;
};

}  // namespace

std::string judge_series(const store::Store& store, std::uint32_t series, std::int64_t from, std::int64_t complete,
                         std::int64_t possible, bool whole, std::string& refusal) {
  const auto got = store.select(matchers_of(series), time_of(from), time_of(1'000'000'000));
  if (!got) {
    refusal = got.error().text;
    return {};
  }
  const std::vector<Sample> none;
  const std::vector<Sample>& samples = got->empty() ? none : got->front().samples;
  const auto complain = [&](std::int64_t batch, std::string_view what) {
    return fmt::format("series {} batch {} (complete to {}): {}", series, batch, complete, what);
  };
  const std::int64_t begin = std::max(from, first_batch(series));
  const auto told = [&](std::int64_t batch) { return batch + delay_of(series, batch); };
  std::int64_t next = begin;  // the least that has not been seen
  const auto skip_to = [&](std::int64_t end) -> std::string {
    for (; next < end; ++next) {
      if (whole && told(next) <= complete) return complain(next, "missing");
    }
    return {};
  };
  for (const Sample& sample : samples) {
    const std::int64_t ms = to_ms(sample.at) - kStart;
    const std::int64_t batch = ms / kStep;
    if (ms % kStep != 0 || batch < begin || told(batch) > possible) return complain(batch, "never told");
    if (std::string problem = skip_to(batch); !problem.empty()) return problem;
    if (batch != next) return complain(batch, "out of order");
    ++next;
    const auto wrong = wrong_value_of(series, batch);
    const bool may_be_wrong = wrong && (batch + 1 > complete || !whole);
    const bool may_be_right = !wrong || batch + 1 <= possible;
    if (!(may_be_right && same(sample.value, value_of(series, batch))) && !(may_be_wrong && same(sample.value, *wrong)))
      return complain(batch, fmt::format("is {} and was told as {}", sample.value, value_of(series, batch)));
  }
  return skip_to(complete + 1);
}

Found look(const std::filesystem::path& dir, std::int64_t clock_batch, bool whole, const std::set<std::int64_t>& failed) {
  Found found;
  BatchClock clock(clock_batch);
  Metrics metrics;
  const auto opened = store::Store::open(dir, store_options(), clock, metrics);
  if (!opened) {
    found.refusal = opened.error().text;
    if (found.refusal.empty()) found.problem = "the store did not open and does not say why";
    return found;
  }
  const store::Store& store = **opened;
  const auto read = [&] {
    found = {.opened = true};
    Reader reader(store, whole, found);
    if (reader.well()) reader.points();
    const std::int64_t oldest = oldest_kept(std::max(clock_batch, found.batch));
    if (reader.well()) found.logs = reader.events(EventKind::Syslog, oldest * kLogs, failed);
    if (reader.well()) found.states = reader.events(EventKind::Discovery, oldest, failed);
    if (reader.well()) found.commit = reader.events(EventKind::Alarm, INT64_MAX, failed) - 1;
    if (reader.well()) reader.state();
  };
  read();
  // A damaged table is refused where it is met, until it has been set aside.
  for (const std::int64_t begin = steady_ns(); !whole && !found.refusal.empty() && steady_ns() - begin < kPatienceNs;) {
    ::usleep(20'000);
    read();
  }
  const auto health = store.health();
  found.said = health.lost_records > 0 || !health.problem.empty();
  if (whole && found.said && found.problem.empty())
    found.problem = fmt::format("lost records: {}; {}", health.lost_records, health.problem);
  return found;
}

std::string missed(const Acknowledged& before, const Acknowledged& after, const Found& found) {
  if (found.batch < before.flushed)
    return fmt::format("points end with batch {}, flush() acknowledged {}", found.batch, before.flushed);
  if (found.logs < before.logs) return fmt::format("{} log lines, flush() acknowledged {}", found.logs, before.logs);
  if (found.states < before.states) return fmt::format("{} states, flush() acknowledged {}", found.states, before.states);
  if (found.commit < before.commits)
    return fmt::format("the last commit is {}, acknowledged was {}", found.commit, before.commits);
  if (found.batch > after.appended + 1)
    return fmt::format("points end with batch {}, appended were {}", found.batch, after.appended);
  if (found.commit > after.commits + 1)
    return fmt::format("the last commit is {}, one after {} was never begun", found.commit, after.commits + 1);
  return {};
}

}  // namespace bongsu::crash
