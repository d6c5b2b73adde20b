// SPDX-License-Identifier: Apache-2.0
#include "snmp/dialect.h"

#include <gmock/gmock.h>

#include "learning_fixture.h"

namespace bongsu::snmp {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const net::Endpoint kSwitch = *net::Endpoint::parse("192.0.2.1:161");
const net::Endpoint kRouter = *net::Endpoint::parse("[2001:db8::1]:161");

Dialect full() {
  Dialect out;
  out.varbinds = 25;
  out.too_many = 30;
  out.repetitions = 10;
  out.message_octets = 484;
  out.in_flight = 1;
  out.bulk = false;
  out.v1 = true;
  out.retry = time_from_ms(1'700'000'000'123);
  out.srtt = 12'345us;
  out.rttvar = 678us;
  out.loss = 0.25F;
  out.tries = 77;
  out.reply_from = kRouter;
  out.keep(Break{Oid{1, 3, 6, 1, 5}, Oid{1, 3, 6, 1, 6}, true, time_from_ms(5), Oid{1, 3, 6, 1, 4, 7}});
  out.keep(Break{Oid{1, 3, 6, 1, 9}, {}, false, time_from_ms(6), {}});
  out.keep(Break{.after = Oid{1, 3, 6, 1, 10}, .seen = time_from_ms(6), .silent = true});
  out.keep(SlowTable{Oid{1, 3, 6, 1, 4294967295}, 900s, true, time_from_ms(7)});
  out.note(Trait::NotIncreasing, time_from_ms(8), "went back");
  out.note(Trait::WrongError, time_from_ms(9), "genErr");
  return out;
}

}  // namespace

TEST(Dialect, EachTraitHasItsOwnName) {
  for (std::size_t i = 0; i < kTraits; ++i) {
    const auto trait = static_cast<Trait>(i);
    EXPECT_FALSE(to_string(trait).empty());
    EXPECT_EQ(trait, parse_trait(to_string(trait)));
  }
  EXPECT_EQ("not_increasing", to_string(Trait::NotIncreasing));
  EXPECT_EQ("wrong_error", to_string(Trait::WrongError));
  EXPECT_EQ(std::nullopt, parse_trait("nonsense"));
}

TEST(Dialect, IsReadAsItWasWritten) {
  for (const Dialect& dialect : {Dialect{}, full()}) {
    const std::string kept = encode(dialect);
    const auto read = decode_dialect(kept);
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(dialect, *read);
    for (std::size_t size = 0; size < kept.size(); ++size) {
      const auto cut = decode_dialect(std::string_view(kept).substr(0, size));
      ASSERT_FALSE(cut) << size;
      EXPECT_EQ(Code::Corrupt, cut.error().code);
    }
    EXPECT_EQ(Code::Corrupt, decode_dialect(kept + '\0').error().code);
  }
  EXPECT_LE(encode(Dialect{}).size(), 20U);
}

TEST(Dialect, OfTheVersionBeforeIsRead) {
  Dialect dialect = full();
  std::erase_if(dialect.breaks, [](const Break& seen) { return seen.silent; });
  std::string kept = encode(dialect);
  kept[0] = 1;
  EXPECT_EQ(dialect, *decode_dialect(kept));
  kept = encode(full());
  kept[0] = 1;
  EXPECT_EQ(Code::Corrupt, decode_dialect(kept).error().code);
}

TEST(Dialect, OfALaterVersionIsLeftAlone) {
  std::string kept = encode(full());
  kept[0] = 3;
  EXPECT_EQ(Code::Unsupported, decode_dialect(kept).error().code);
}

TEST(Dialect, StaysBounded) {
  Dialect dialect;
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    dialect.keep(Break{Oid{1, 3, i}, Oid{1, 3, i + 1}, false, time_from_ms(i), {}});
    dialect.keep(SlowTable{Oid{1, 3, i}, Millis(i), false, time_from_ms(i)});
    dialect.note(static_cast<Trait>(i % kTraits), time_from_ms(i), std::string(10'000, 'x'));
  }
  dialect.keep(Break{Oid{1, 3, 999}, Oid{1, 3, 2000}, false, time_from_ms(1), {}});
  dialect.keep(SlowTable{Oid{1, 3, 999}, 1s, false, time_from_ms(1)});
  EXPECT_EQ(Dialect::kMostBreaks, dialect.breaks.size());
  EXPECT_EQ((Oid{1, 3, 2000}), dialect.breaks.back().resume);
  EXPECT_EQ(Dialect::kMostSlow, dialect.slow.size());
  EXPECT_EQ(1s, dialect.slow_table(Oid{1, 3, 999})->took);
  EXPECT_EQ(nullptr, dialect.slow_table(Oid{1, 3, 1}));
  EXPECT_EQ(kTraits, dialect.observations.size());
  EXPECT_LE(encode(dialect).size(), 16'384U);
  EXPECT_EQ(dialect, *decode_dialect(encode(dialect)));
}

TEST(DialectBook, CountsWhatWasSeenAndTellsOfChanges) {
  ManualClock clock;
  DialectBook book(clock);
  EXPECT_EQ(nullptr, book.find(kSwitch));
  book.note(kSwitch, Trait::TooBig, "250 varbinds");
  clock.advance(1s);
  book.note(kSwitch, Trait::TooBig, "125 varbinds");
  const Observation* seen = book.find(kSwitch)->find(Trait::TooBig);
  ASSERT_NE(nullptr, seen);
  EXPECT_EQ(2U, seen->count);
  EXPECT_EQ(1s, seen->last - seen->first);
  EXPECT_EQ("125 varbinds", seen->evidence);
  auto told = book.take_changed(10);
  ASSERT_EQ(1U, told.size());
  EXPECT_EQ("192.0.2.1:161", told[0].first);
  EXPECT_EQ(*book.find(kSwitch), *decode_dialect(*told[0].second));
  EXPECT_FALSE(book.has_changed());
  book.note(kSwitch, Trait::TooBig, "again");
  EXPECT_FALSE(book.has_changed());
  clock.advance(601s);
  book.note(kSwitch, Trait::TooBig, "again");
  EXPECT_TRUE(book.has_changed());
  book.note(kRouter, Trait::V1Only, "v1");
  book.changed(kRouter);
  EXPECT_EQ(1U, book.take_changed(1).size());
  told = book.take_changed(10);
  ASSERT_EQ(1U, told.size());
  EXPECT_EQ("[2001:db8::1]:161", told[0].first);
}

TEST(DialectBook, MakesATextOnceASecond) {
  ManualClock clock;
  DialectBook book(clock);
  int made = 0;
  const std::function<std::string()> text = [&made] { return "text " + std::to_string(++made); };
  for (int i = 0; i < 100; ++i) book.note(kSwitch, Trait::Malformed, text);
  EXPECT_EQ(1, made);
  clock.advance(1s);
  book.note(kSwitch, Trait::Malformed, text);
  EXPECT_EQ(2, made);
  EXPECT_EQ(101U, book.find(kSwitch)->find(Trait::Malformed)->count);
  EXPECT_EQ("text 2", book.find(kSwitch)->find(Trait::Malformed)->evidence);
}

TEST(DialectBook, RemembersAndForgets) {
  ManualClock clock;
  KeptRecords records;
  records.all = {{"192.0.2.1:161", encode(full())}, {"nonsense", encode(full())}, {"192.0.2.2:161", "?"}};
  DialectBook book(clock);
  Dialect& held = book.of(kRouter);
  held.varbinds = 7;
  ASSERT_TRUE(book.load(records));
  EXPECT_EQ(full(), *book.find(kSwitch));
  EXPECT_EQ(2U, book.size());
  EXPECT_FALSE(book.has_changed());
  book.forget(kSwitch);
  const auto told = book.take_changed(10);
  ASSERT_EQ(1U, told.size());
  EXPECT_EQ(std::nullopt, told[0].second);
  EXPECT_EQ(Dialect{}, *book.find(kSwitch));
  EXPECT_EQ(7, held.varbinds);
}

}  // namespace bongsu::snmp
