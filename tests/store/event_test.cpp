// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/random.h"
#include "store/event_block.h"
#include "store/event_codec.h"
#include "store/fixture.h"
#include "store/memory.h"
#include "store/random_events.h"

namespace bongsu::store {
namespace {

TEST(EventBlock, KeepsEveryField) {
  const Event full{.id = 7,
                   .kind = EventKind::Trap,
                   .severity = Severity::Unknown,
                   .syslog_severity = 7,
                   .facility = 23,
                   .clean = false,
                   .received = time_from_ms(5),
                   .device_time = time_from_ms(-5),
                   .device = "d",
                   .sender = "s",
                   .host = "h",
                   .app = "a",
                   .process = "p",
                   .message_id = "m",
                   .text = std::string("t\0x", 3),
                   .fields = {{"k", "v"}, {"", ""}},
                   .raw = "\xff"};
  const Event plain{.id = 900, .received = time_from_ms(1)};
  const std::vector<const Event*> events{&full, &plain};
  EventEncoder encoder;
  const std::string whole = encoder.encode(events).body;
  EXPECT_EQ(whole, encoder.encode_without_filters(events));
  const auto read = read_events(whole);
  ASSERT_TRUE(read);
  EXPECT_EQ((std::vector<Event>{full, plain}), *read);
  const auto summary = decode_summary(7, encode(summarize(events)));
  ASSERT_TRUE(summary);
  EXPECT_EQ(900u, summary->last_id);
  EXPECT_EQ(time_from_ms(1), summary->oldest);
  EXPECT_EQ(time_from_ms(5), summary->newest);
  EXPECT_TRUE(summary->may_hold({.kinds = {EventKind::Syslog}}));
  EXPECT_FALSE(summary->may_hold({.kinds = {EventKind::Alarm}}));
  EXPECT_FALSE(summary->may_hold({.min_severity = Severity::Caution}));
  EXPECT_TRUE(summary->may_hold({.max_syslog_severity = 7}));
  EXPECT_FALSE(summary->may_hold({.max_syslog_severity = 6}));
  EXPECT_FALSE(summary->may_hold({.before_id = 7}));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(read_events(std::string_view(whole).substr(0, length))) << length;
  }
}

TEST(EventFilter, FindsWordsAsTheyAreDefined) {
  const auto finds = [](bool expected, const std::string& word, const std::string& text) {
    SCOPED_TRACE(word + " in " + text);
    Folded folded;
    const WordPattern pattern(word);
    EXPECT_EQ(expected, pattern.occurs_in(folded.assign(text)));
    if (!expected) return;
    std::vector<std::uint64_t> hashes;
    each_word(folded, [&](std::uint64_t hash) { hashes.push_back(hash); });
    for (const std::uint64_t hash : pattern.hashes()) EXPECT_NE(hashes.end(), std::find(hashes.begin(), hashes.end(), hash));
  };
  finds(true, "10.1.2.3", "from 10.1.2.3 port 22");
  finds(true, "10.1.2.3", "[10.1.2.3]:514");
  finds(true, "10.1.2.3", "9.10.1.2.3.4");
  finds(false, "10.1.2.3", "110.1.2.3");
  finds(false, "10.1.2.3", "10.1.2.34 10-1-2-3");
  finds(true, "10.1.2.*", "a 10.1.2.34");
  finds(true, "10.1.2*", "a 10.1.234");
  finds(true, "2001:db8::5", "peer 2001:DB8::5, up");
  finds(true, "00:1a:2B:3c", "00:1A:2b:3C:4d");
  finds(true, "FAILED", "Failed password");
  finds(false, "fail", "Failed password");
  finds(true, "fail*", "Failed password");
  finds(true, "failed pass*", "Failed password");
  finds(false, "failed pass", "Failed password");
  finds(true, "gi0/1", "Interface Gi0/1, changed");
  finds(false, "gi0/1", "Interface Gi0/12");
  finds(false, "user", "user_name");
  finds(true, "연결", "서버 연결이 끊김");
  finds(true, "연", "연");
  finds(true, "서버1", "웹서버1: down");
  finds(false, "서버1", "웹서버12: down");
  finds(true, "\xb0\xa1\xb3\xaa", "x \xb0\xa1\xb3\xaa\xb4\xd9");  // EUC-KR
  finds(true, "ж", "Жж");
  finds(false, "ж", "Ж");
  finds(true, "", "x");
  finds(true, "*", "");
  finds(true, "**", "a**");
  finds(false, "**", "a b");
  finds(true, "a", "ab a");
  finds(true, std::string(200, 'x') + "-1", "pad " + std::string(200, 'X') + "-1");
}

TEST(EventFilter, ComparesFields) {
  const Event event{.device = "sw1", .app = "sshd", .fields = {{"ip", "::1"}, {"ip", "::2"}, {"app", "other"}}};
  const auto passes = [&](bool expected, const std::string& name, const std::string& value) {
    SCOPED_TRACE(name + "=" + value);
    const EventQuery query{.fields = {{name, value}}};
    EXPECT_EQ(expected, EventFilter(query)(event));
  };
  passes(true, "device", "sw1");
  passes(false, "device", "SW1");
  passes(true, "ip", "::2");
  passes(true, "app", "sshd");
  passes(true, "app", "other");
  passes(false, "app", "");
  passes(true, "host", "");
  passes(true, "nothing", "");
  passes(false, "nothing", "x");
}

TEST(EventBlock, FiltersHoldTheWordsAndFewOthers) {
  Random random(7);
  RandomEvents source(random);
  std::vector<Event> events;
  std::vector<const Event*> all;
  for (std::uint64_t id = 1; id <= 2000; ++id) {
    events.push_back(source.event());
    events.back().id = id;
  }
  for (const Event& event : events) all.push_back(&event);
  EventEncoder encoder;
  const auto block = encoder.encode(all);
  const auto may_hold = [&](const EventQuery& query) {
    const EventFilter filter(query);
    return std::all_of(filter.hashes().begin(), filter.hashes().end(),
                       [&](std::uint64_t hash) { return filter_may_hold(block.filters[word_partition(hash)], hash); });
  };
  for (const Event& event : events) {
    EXPECT_TRUE(may_hold({.device = event.device, .words = {event.text}}));
    for (const auto& [name, value] : event.fields) EXPECT_TRUE(may_hold({.fields = {{name, value}}, .words = {value}}));
  }
  int wrong = 0;
  for (int i = 0; i < 10'000; ++i) wrong += may_hold({.words = {"nobody" + std::to_string(i)}});
  EXPECT_LT(wrong, 300);
}

TEST(EventLog, RefusesAnEventThatNoBlockCouldHold) {
  const Folder scratch;
  Opened store(scratch.path());
  const std::vector<Event> large{{.text = std::string(17 << 20, 'x')}};
  EXPECT_EQ(Code::Invalid, store->append(large).error().code);
  StateBatch batch;
  batch.put("t", "k", "v");
  batch.events = large;
  EXPECT_EQ(Code::Invalid, store->commit(batch).error().code);
  EXPECT_EQ(std::nullopt, *store->get("t", "k"));
  ASSERT_TRUE(store->append(std::vector<Event>{{.text = std::string(15 << 20, 'x')}}));
  ASSERT_TRUE(store->flush());
  store.reopen();
  EXPECT_EQ(15u << 20, store->search({})->events.at(0).text.size());
}

// The store and the plain one answer alike, whatever happens.
TEST(EventOracle, StoreAndMemoryAgree) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    RandomEvents source(random);
    const Folder scratch;
    Opened store(scratch.path());
    MemoryStore plain;
    std::uint64_t last = 0;
    for (int step = 0; step < 300; ++step) {
      const std::uint64_t dice = random.below(100);
      if (dice < 55) {
        std::vector<Event> events;
        for (std::uint64_t left = 1 + random.below(dice < 3 ? 6000 : 60); left > 0; --left) events.push_back(source.event());
        last += events.size();
        ASSERT_TRUE(plain.append(events));
        ASSERT_TRUE(store->append(std::move(events)));
      } else if (dice < 65) {
        StateBatch batch;
        for (std::uint64_t left = random.below(3); left > 0; --left) batch.events.push_back(source.event());
        last += batch.events.size();
        ASSERT_TRUE(plain.commit(batch));
        ASSERT_TRUE(store->commit(batch));
      } else if (dice < 70) {
        ASSERT_TRUE(store->flush());
      } else if (dice < 72) {
        store.reopen();
      } else {
        EventQuery query = source.query(last);
        SCOPED_TRACE("step " + std::to_string(step));
        for (int pages = 0; pages < 3; ++pages) {
          const auto expected = plain.search(query);
          const auto got = store->search(query);
          ASSERT_TRUE(expected);
          ASSERT_TRUE(got) << got.error().text;
          ASSERT_EQ(expected->events, got->events);
          ASSERT_EQ(expected->next, got->next);
          if (got->next == 0) break;
          query.before_id = got->next;
        }
      }
    }
  }
}

}  // namespace
}  // namespace bongsu::store
