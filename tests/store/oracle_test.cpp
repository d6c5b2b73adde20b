// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>

#include "base/random.h"
#include "model/marker.h"
#include "store/fixture.h"

namespace bongsu::store {
namespace {

// What a store must answer, in the plainest form there is.
struct Oracle {
  std::map<std::string, std::map<std::int64_t, double>> points;  // by label `n`
  std::vector<std::string> events;                               // by id - 1
  std::map<std::string, std::string> state;

  // The same judgement as Store's, of one point.
  bool take(const std::string& series, std::int64_t ms, double value, std::int64_t now) {
    auto& own = points[series];
    if (ms > now + kDay || ms < 0) return false;
    if (!own.empty() && ms < std::min(own.rbegin()->first, now) - kHour) return false;
    own[ms] = value;
    return true;
  }
};

class RandomLife {
 public:
  RandomLife(std::uint64_t seed, const std::filesystem::path& dir) : random_(seed), store_(dir) {
    for (int i = 0; i < 5; ++i) open_series(std::to_string(i));
  }
  void live(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) step();
    compare_all();
    store_.reopen();
    compare_all();
  }

 private:
  std::int64_t now() const { return to_ms(store_.clock.now()); }
  void open_series(const std::string& name) {
    const auto id = store_->series({{"__name__", "m"}, {"n", name}});
    ASSERT_TRUE(id);
    ids_[name] = *id;
    oracle_.points[name];
  }
  void step() {
    const std::uint64_t dice = random_.below(1000);
    if (dice < 700) append_points();
    else if (dice < 780) compare_some();
    else if (dice < 860) append_events();
    else if (dice < 930) commit();
    else if (dice < 960) search();
    else if (dice < 980) ASSERT_TRUE(store_->flush());
    else if (dice < 990) open_series(std::to_string(ids_.size()));
    else if (dice < 994) store_.reopen();
    else store_.clock.advance(std::chrono::minutes(random_.below(90)));  // blocks are saved and the head log trimmed
  }
  double value() {
    switch (random_.below(6)) {
      case 0:
        return random_.unit();
      case 1:
        return gap_marker(GapCause::Timeout);
      case 2:
        return stale_marker();
      default:
        return static_cast<double>(counter_ += static_cast<std::int64_t>(random_.below(1000)));
    }
  }
  void append_points() {
    std::vector<Point> points;
    store_.clock.advance(std::chrono::seconds(random_.below(30)));
    const std::size_t size = 1 + random_.below(40);
    for (std::size_t i = 0; i < size; ++i) {
      const std::string name = std::to_string(random_.below(ids_.size()));
      std::int64_t ms = now();
      const std::uint64_t kind = random_.below(20);
      if (kind == 0) ms -= static_cast<std::int64_t>(random_.below(2 * kHour));
      else if (kind == 1) ms -= static_cast<std::int64_t>(random_.below(600)) * 1000;
      else if (kind == 2 && random_.below(50) == 0) ms += static_cast<std::int64_t>(random_.below(3 * kHour));
      else if (kind == 3 && !oracle_.points[name].empty()) ms = oracle_.points[name].rbegin()->first;
      const double v = value();
      points.push_back({ids_[name], {time_from_ms(ms), v}});
      oracle_.take(name, ms, v, now());
    }
    ASSERT_TRUE(store_->append(points));
  }
  void compare(std::int64_t from, std::int64_t to) {
    const std::vector<Matcher> all{{Matcher::Op::Equal, "__name__", "m"}};
    const auto found = store_->select(all, time_from_ms(from), time_from_ms(to));
    ASSERT_TRUE(found) << found.error().text;
    std::map<std::string, std::map<std::int64_t, std::uint64_t>> got;
    for (const Series& series : *found) {
      auto& own = got[std::string(series.labels->get("n"))];
      std::int64_t last = INT64_MIN;
      for (const Sample& sample : series.samples) {
        ASSERT_LT(last, to_ms(sample.at));
        last = to_ms(sample.at);
        own[last] = std::bit_cast<std::uint64_t>(sample.value);
      }
    }
    std::map<std::string, std::map<std::int64_t, std::uint64_t>> expected;
    for (const auto& [name, samples] : oracle_.points) {
      for (auto at = samples.lower_bound(from); at != samples.end() && at->first <= to; ++at) {
        expected[name][at->first] = std::bit_cast<std::uint64_t>(at->second);
      }
    }
    for (const auto& [name, samples] : expected) {
      std::string missing;
      for (const auto& [ms, value] : samples) {
        if (!got[name].contains(ms)) missing += std::to_string(ms) + " lacks; ";
        else if (got[name][ms] != value) missing += std::to_string(ms) + " differs; ";
      }
      ASSERT_EQ("", missing.substr(0, 1000)) << "series " << name << " in " << from << ".." << to << ": " << missing.size();
      ASSERT_EQ(samples.size(), got[name].size()) << "series " << name << " in " << from << ".." << to;
    }
    ASSERT_EQ(expected.size(), got.size()) << from << ".." << to;
    const auto latest = store_->latest(all, time_from_ms(from), time_from_ms(to));
    ASSERT_TRUE(latest) << latest.error().text;
    ASSERT_EQ(found->size(), latest->size()) << from << ".." << to;
    for (std::size_t i = 0; i < latest->size(); ++i) {
      const Series& series = (*found)[i];
      const Latest& one = (*latest)[i];
      ASSERT_EQ(*series.labels, *one.labels);
      ASSERT_TRUE(i == 0 || *(*latest)[i - 1].labels < *one.labels);
      ASSERT_EQ(series.samples.back().at, one.sample.at) << series.labels->to_string();
      ASSERT_EQ(std::bit_cast<std::uint64_t>(series.samples.back().value), std::bit_cast<std::uint64_t>(one.sample.value));
    }
    ASSERT_EQ(expected.size(), store_->find(all, time_from_ms(from), time_from_ms(to))->size());
  }
  void compare_some() {
    if (random_.chance(0.5)) {  // what is new, as rules ask
      const std::int64_t to = now() - static_cast<std::int64_t>(random_.below(60'000));
      return compare(to - static_cast<std::int64_t>(random_.below(600'000)), to);
    }
    const std::int64_t from = kStart + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(now() - kStart) + 1));
    compare(from, from + static_cast<std::int64_t>(random_.below(6 * kHour)));
  }
  void compare_all() {
    compare(0, now() + 2 * kDay);
    std::map<std::string, std::string> state;
    ASSERT_TRUE(store_->scan("t", "", [&](std::string_view key, std::string_view kept) {
      state.emplace(key, kept);
      return true;
    }));
    ASSERT_EQ(oracle_.state, state);
    search();
  }
  Event event() {
    Event made{.kind = static_cast<EventKind>(1 + random_.below(6)), .received = store_.clock.now()};
    made.text = std::string(to_string(made.kind)) + " word" + std::to_string(random_.below(20));
    oracle_.events.push_back(made.text);
    return made;
  }
  void append_events() {
    std::vector<Event> events;
    for (std::uint64_t i = random_.below(30); i > 0; --i) events.push_back(event());
    ASSERT_TRUE(store_->append(std::move(events)));
  }
  void commit() {
    StateBatch batch;
    for (std::uint64_t i = random_.below(4); i > 0; --i) {
      const std::string key = "k" + std::to_string(random_.below(30));
      if (random_.chance(0.3)) {
        batch.erase("t", key);
        oracle_.state.erase(key);
      } else {
        const std::string kept = std::to_string(random_.next());
        batch.put("t", key, kept);
        oracle_.state[key] = kept;
      }
    }
    if (random_.chance(0.5)) batch.events.push_back(event());
    ASSERT_TRUE(store_->commit(batch));
  }
  void search() {
    const std::string word = "word" + std::to_string(random_.below(20));
    EventQuery query{.words = {word}, .limit = 1 + random_.below(20)};
    if (random_.chance(0.5)) query.kinds = {static_cast<EventKind>(1 + random_.below(6))};
    std::vector<std::uint64_t> got;
    for (;;) {
      const auto page = store_->search(query);
      ASSERT_TRUE(page) << page.error().text;
      for (const Event& each : page->events) got.push_back(each.id);
      if (page->next == 0) break;
      query.before_id = page->next;
    }
    std::vector<std::uint64_t> expected;
    for (std::size_t id = oracle_.events.size(); id > 0; --id) {
      const std::string& text = oracle_.events[id - 1];
      if (!text.ends_with(" " + word)) continue;
      if (query.kinds.empty() || text.starts_with(to_string(query.kinds.front()))) expected.push_back(id);
    }
    ASSERT_EQ(expected, got) << word;
  }

  Random random_;
  Opened store_;
  Oracle oracle_;
  std::map<std::string, SeriesId> ids_;
  std::int64_t counter_ = 0;
};

TEST(StoreOracle, AnswersAsAPlainMapWouldOverRandomLives) {
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Folder scratch;
    RandomLife life(seed, scratch.path());
    life.live(1500);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace bongsu::store
