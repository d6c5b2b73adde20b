// SPDX-License-Identifier: Apache-2.0
// Random lives of a store, beside a MemoryStore that is told the same. Everything follows from the seed: the writer acts only
// when it is asked to, so also what a crash costs is known. BONGSU_MODEL_SEED=n lives one life again, BONGSU_MODEL_LIVES=n
// lives that many.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <map>
#include <optional>
#include <variant>

#include "base/random.h"
#include "base/text.h"
#include "model/marker.h"
#include "store/backup.h"
#include "store/fixture.h"
#include "store/memory.h"
#include "store/random_events.h"

namespace bongsu::store {
namespace {

constexpr auto kPointsKept = std::chrono::hours(60);
constexpr auto kLogsKept = std::chrono::hours(30);
constexpr auto kEventsKept = std::chrono::hours(90);

StoreOptions model_options() {
  // Nothing is written but on request.
  return {.raw_retention = kPointsKept,
          .log_retention = kLogsKept,
          .event_retention = kEventsKept,
          .flush_interval = std::chrono::hours(1)};
}

Labels labels_of(std::uint64_t series) {
  return {{"__name__", series % 3 == 0 ? "cpu" : "up"},
          {"n", std::to_string(series)},
          {"site", series % 4 == 0 ? "" : "s" + std::to_string(series % 4)}};
}

// What the store was told and took.
struct Taken {
  std::uint64_t series;
  Sample sample;
};
using Told = std::variant<std::vector<Taken>, std::vector<Event>, StateBatch>;

// A MemoryStore, and the newest sample of each series, by which late ones are judged.
class Model {
 public:
  // The same judgement as Store's, of one point.
  bool takes(const Taken& one, Time now) const {
    if (one.sample.at > now + std::chrono::hours(24) || one.sample.at < Time{}) return false;
    const auto newest = newest_.find(one.series);
    return newest == newest_.end() || one.sample.at >= std::min(newest->second, now) - std::chrono::hours(1);
  }
  void tell(const Told& told) {
    if (const auto* points = std::get_if<std::vector<Taken>>(&told)) {
      for (const Taken& each : *points) {
        const Point point{*memory_->series(labels_of(each.series)), each.sample};
        ASSERT_TRUE(memory_->append(std::span(&point, 1)));
        auto& newest = newest_.try_emplace(each.series, Time::min()).first->second;
        newest = std::max(newest, each.sample.at);
      }
    } else if (const auto* events = std::get_if<std::vector<Event>>(&told)) {
      ASSERT_TRUE(memory_->append(*events));
    } else {
      const auto& batch = std::get<StateBatch>(told);
      ASSERT_TRUE(memory_->commit(batch));
    }
  }
  const MemoryStore& memory() const { return *memory_; }

 private:
  std::unique_ptr<MemoryStore> memory_ = std::make_unique<MemoryStore>();
  std::map<std::uint64_t, Time> newest_;
};

class Life {
 public:
  Life(std::uint64_t seed, const Folder& folder)
      : random_(seed), events_(random_), folder_(folder), store_(folder / "live", model_options()) {}
  void live(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      SCOPED_TRACE("step " + std::to_string(i));
      step();
    }
    compare_all();
    store_.reopen();
    written_ = told_.size();
    compare_all();
  }

 private:
  Time now() const { return store_.clock.now(); }
  void step() {
    const std::uint64_t dice = random_.below(1000);
    if (dice < 600) append_points();
    else if (dice < 700) append_events();
    else if (dice < 760) commit();
    else if (dice < 840) compare_points();
    else if (dice < 930) compare_events();
    else if (dice < 960) flush();
    else if (dice < 970) ++series_;
    else if (dice < 976) reopen();
    else if (dice < 983) crash();
    else if (dice < 988) back_up();
    else if (dice < 990) restore();
    else if (dice < 996) store_.clock.advance(std::chrono::minutes(random_.below(90)));  // blocks are saved, the head log is cut
    else store_.clock.advance(std::chrono::hours(random_.below(23)));                    // and what is old is dropped
  }

  void tell(Told told) {
    model_.tell(told);
    told_.push_back(std::move(told));
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
    store_.clock.advance(std::chrono::seconds(random_.below(40)));
    std::vector<Point> points;
    std::vector<Taken> taken;
    for (std::uint64_t left = 1 + random_.below(40); left > 0; --left) {
      const std::uint64_t series = random_.below(series_);
      Time at = now();
      switch (random_.below(20)) {
        case 0:  // late, or too late
          at -= std::chrono::seconds(random_.below(7200));
          break;
        case 1:
          at -= std::chrono::seconds(random_.below(600));
          break;
        case 2:  // another clock than ours
          if (random_.chance(0.02)) at += std::chrono::minutes(random_.below(180));
          break;
        case 3:  // again
          if (last_.contains(series)) at = last_[series];
          break;
        default:
          break;
      }
      last_[series] = at;
      const auto id = store_->series(labels_of(series));
      ASSERT_TRUE(id) << id.error().text;
      const Taken one{series, {at, value()}};
      points.push_back({*id, one.sample});
      if (!model_.takes(one, now())) continue;
      taken.push_back(one);
      model_.tell(std::vector<Taken>{one});
    }
    ASSERT_TRUE(store_->append(points));
    told_.emplace_back(std::move(taken));
  }
  Event event() {
    Event made = events_.event();
    made.received = now();
    made.text += " no" + std::to_string(++event_number_);
    return made;
  }
  void append_events() {
    std::vector<Event> events;
    for (std::uint64_t left = random_.below(40); left > 0; --left) events.push_back(event());
    ASSERT_TRUE(store_->append(events));
    if (!events.empty()) tell(std::move(events));
  }
  void commit() {
    StateBatch batch;
    for (std::uint64_t left = random_.below(4); left > 0; --left) {
      const std::string key = "k" + std::to_string(random_.below(30));
      if (random_.chance(0.3)) batch.erase("t", key);
      else batch.put("t", key, std::to_string(random_.next()));
    }
    if (random_.chance(0.5)) batch.events.push_back(event());
    ASSERT_TRUE(store_->commit(batch));
    tell(std::move(batch));
    written_ = told_.size();
  }
  void flush() {
    ASSERT_TRUE(store_->flush());
    written_ = told_.size();
  }
  void reopen() {
    store_.reopen();
    written_ = told_.size();
  }
  // The files as kill -9 leaves them; what was not written by then is as if it had never been told.
  void crash() {
    const std::filesystem::path image = folder_ / "image";
    std::filesystem::remove_all(image);
    // RocksDB may merge tables on threads of its own meanwhile: a list of files that changed is copied again.
    for (std::string before;;) {
      before = files();
      std::error_code gone;
      std::filesystem::remove_all(image);
      std::filesystem::copy(store_.dir, image, std::filesystem::copy_options::recursive, gone);
      if (!gone && files() == before) break;
    }
    store_.store.reset();
    std::filesystem::remove_all(store_.dir);
    std::filesystem::rename(image, store_.dir);
    store_.open();
    go_back_to(written_);
  }
  void go_back_to(std::size_t told) {
    told_.resize(told);
    written_ = told;
    model_ = Model();
    for (const Told& each : told_) model_.tell(each);
    last_.clear();
    ASSERT_EQ(0u, store_->health().lost_records);
    compare_all();
  }
  // Holds all that was told so far.
  void back_up() {
    std::filesystem::remove_all(folder_ / "backup");
    const auto made = store::back_up(*store_.store, folder_ / "backup", now(), {});
    ASSERT_TRUE(made) << made.error().text;
    backed_up_ = written_ = told_.size();
  }
  // In the place of what there is.
  void restore() {
    if (!backed_up_) return;
    store_.store.reset();
    const auto done = store::restore(folder_ / "backup", store_.dir, true, now(), {});
    ASSERT_TRUE(done) << done.error().text;
    std::filesystem::remove_all(done->aside);
    store_.open();
    go_back_to(*backed_up_);
  }
  std::string files() const {
    std::map<std::string, std::uintmax_t> all;
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator(store_.dir))
      all[entry.path().filename().string()] = entry.file_size(gone);
    std::string text;
    for (const auto& [name, size] : all) text += name + " " + std::to_string(size) + "\n";
    return text;
  }

  std::vector<Matcher> matchers() {
    static const Matcher kSome[]{{Matcher::Op::Equal, "__name__", "up"}, {Matcher::Op::NotEqual, "__name__", "up"},
                                 {Matcher::Op::Regex, "n", "1.*|2"},     {Matcher::Op::NotRegex, "n", "1.*"},
                                 {Matcher::Op::Equal, "site", ""},       {Matcher::Op::NotEqual, "site", ""},
                                 {Matcher::Op::Regex, "site", "s[12]|"}, {Matcher::Op::Equal, "n", "3"}};
    std::vector<Matcher> chosen;
    for (std::uint64_t left = random_.below(3); left > 0; --left) chosen.push_back(kSome[random_.below(std::size(kSome))]);
    return chosen;
  }
  void compare_points() {
    if (random_.chance(0.5)) {  // what is new, as rules ask
      const Time to = now() - Millis(random_.below(60'000));
      return compare(matchers(), to - Millis(random_.below(600'000)), to);
    }
    const Time from = now() - Millis(random_.below(static_cast<std::uint64_t>(Millis(kPointsKept).count())));
    compare(matchers(), from, from + Millis(random_.below(10 * kHour)));
  }
  // Older samples than those to be kept may be there or not, but then they are right.
  void compare(const std::vector<Matcher>& wanted, Time from, Time to) {
    SCOPED_TRACE(format_time(from) + " to " + format_time(to));
    const auto expected = model_.memory().select(wanted, from, to);
    const auto found = store_->select(wanted, from, to);
    ASSERT_TRUE(expected);
    ASSERT_TRUE(found) << found.error().text;
    const Time kept = now() - kPointsKept;
    std::map<Labels, std::vector<Sample>> got;
    for (const Series& series : *found) got[*series.labels] = series.samples;
    for (const Series& series : *expected) {
      std::string wrong;
      std::vector<Sample> rest = std::move(got[*series.labels]);
      got.erase(*series.labels);
      std::size_t next = 0;
      for (const Sample& sample : series.samples) {
        const bool there = next < rest.size() && rest[next].at == sample.at;
        if (!there && sample.at >= kept) wrong += format_time(sample.at) + " lacks; ";
        if (there && std::bit_cast<std::uint64_t>(rest[next].value) != std::bit_cast<std::uint64_t>(sample.value))
          wrong += format_time(sample.at) + " differs; ";
        next += there ? 1 : 0;
      }
      if (next != rest.size()) wrong += std::to_string(rest.size() - next) + " that were never told";
      ASSERT_EQ("", wrong.substr(0, 1000)) << series.labels->to_string();
    }
    ASSERT_TRUE(got.empty()) << got.begin()->first.to_string() << " was never told";
    const auto latest = store_->latest(wanted, from, to);
    ASSERT_TRUE(latest) << latest.error().text;
    ASSERT_EQ(found->size(), latest->size());
    for (std::size_t i = 0; i < latest->size(); ++i) {
      ASSERT_EQ(*(*found)[i].labels, *(*latest)[i].labels);
      ASSERT_TRUE(i == 0 || *(*latest)[i - 1].labels < *(*latest)[i].labels);
      ASSERT_EQ((*found)[i].samples.back().at, (*latest)[i].sample.at);
      ASSERT_EQ(std::bit_cast<std::uint64_t>((*found)[i].samples.back().value),
                std::bit_cast<std::uint64_t>((*latest)[i].sample.value));
    }
    const auto names = store_->find(wanted, from, to);
    ASSERT_TRUE(names);
    ASSERT_EQ(found->size(), names->size());
  }

  static Result<std::vector<Event>> all_pages(const EventReader& reader, EventQuery query) {
    std::vector<Event> all;
    for (;;) {
      BONGSU_TRY(EventPage page, reader.search(query));
      for (Event& event : page.events) all.push_back(std::move(event));
      if (page.next == 0) return all;
      query.before_id = page.next;
    }
  }
  // Ids are the store's own: they fall from event to event.
  void compare(const EventQuery& query) {
    auto expected = all_pages(model_.memory(), query);
    auto found = all_pages(*store_.store, query);
    ASSERT_TRUE(expected) << expected.error().text;
    ASSERT_TRUE(found) << found.error().text;
    for (std::size_t i = 1; i < found->size(); ++i) ASSERT_LT((*found)[i].id, (*found)[i - 1].id);
    const auto must = [&](const Event& event) {
      const bool log = event.kind == EventKind::Syslog || event.kind == EventKind::Trap;
      return event.received >= now() - (log ? Millis(kLogsKept) : Millis(kEventsKept));
    };
    std::size_t next = 0;
    for (Event& event : *expected) {
      const bool there = next < found->size() && (*found)[next].text == event.text;
      ASSERT_TRUE(there || !must(event)) << "lacks " << event.text << " of " << format_time(event.received);
      if (!there) continue;
      event.id = (*found)[next].id;
      ASSERT_EQ(event, (*found)[next]);
      ++next;
    }
    ASSERT_EQ(found->size(), next) << "events that were never told";
  }
  void compare_events() {
    EventQuery query = events_.query(0);
    query.before_id = 0;
    query.from.reset();
    query.to.reset();
    if (random_.chance(0.3)) query.from = now() - std::chrono::minutes(random_.below(3000));
    if (random_.chance(0.2)) query.to = now() - std::chrono::minutes(random_.below(600));
    compare(query);
  }
  void compare_all() {
    compare({}, Time{}, now() + std::chrono::hours(48));
    compare(EventQuery{.limit = 1000});
    std::map<std::string, std::string> expected, found;
    const auto into = [](std::map<std::string, std::string>& kept) {
      return [&kept](std::string_view key, std::string_view value) { return kept.emplace(key, value).second; };
    };
    ASSERT_TRUE(model_.memory().scan("t", "", into(expected)));
    ASSERT_TRUE(store_->scan("t", "", into(found)));
    ASSERT_EQ(expected, found);
  }

  Random random_;
  RandomEvents events_;
  const Folder& folder_;
  Opened store_;
  Model model_;
  std::vector<Told> told_;
  std::size_t written_ = 0;               // so many of them a crash leaves
  std::optional<std::size_t> backed_up_;  // so many a backup holds
  std::uint64_t series_ = 5;
  std::uint64_t event_number_ = 0;
  std::map<std::uint64_t, Time> last_;
  std::int64_t counter_ = 0;
};

TEST(StoreModel, AnswersAsAMemoryStoreOverRandomLives) {
  const auto number = [](const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr ? std::nullopt : parse_unsigned(text);
  };
  const auto one = number("BONGSU_MODEL_SEED");
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t i = 1; i <= number("BONGSU_MODEL_LIVES").value_or(10); ++i) seeds.push_back(i);
  seeds.push_back(Random::from_system().next());
  if (one) seeds = {*one};
  for (const std::uint64_t seed : seeds) {
    SCOPED_TRACE("BONGSU_MODEL_SEED=" + std::to_string(seed));
    const Folder scratch;
    Life life(seed, scratch);
    life.live(1500);
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace bongsu::store
