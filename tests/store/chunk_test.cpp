// SPDX-License-Identifier: Apache-2.0
#include "store/chunk.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "model/marker.h"
#include "store/event_codec.h"
#include "store/journal.h"

namespace bongsu::store {
namespace {

void expect_same(const std::vector<Sample>& expected, const std::vector<Sample>& got) {
  ASSERT_EQ(expected.size(), got.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(expected[i].at, got[i].at) << i;
    EXPECT_EQ(std::bit_cast<std::uint64_t>(expected[i].value), std::bit_cast<std::uint64_t>(got[i].value)) << i;
  }
}

TEST(Chunk, KeepsEveryBitOfEveryKindOfValue) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<double> values{0,
                                   -0.0,
                                   1,
                                   -1,
                                   0.1,
                                   1e300,
                                   -1e-300,
                                   inf,
                                   -inf,
                                   9007199254740991.0,
                                   -9007199254740991.0,
                                   9007199254740992.0,
                                   1.8446744073709552e19,
                                   std::numeric_limits<double>::denorm_min(),
                                   std::nan("7"),
                                   stale_marker(),
                                   gap_marker(GapCause::Timeout),
                                   gap_marker(GapCause::Unreachable),
                                   42,
                                   42,
                                   0.1};
  std::vector<Sample> samples;
  std::int64_t ms = 0;
  for (const double value : values) samples.push_back({time_from_ms(ms += 1 + ms * 3), value});
  Chunk chunk;
  for (const Sample& sample : samples) chunk.append(sample);
  expect_same(samples, chunk.samples());
  std::vector<Sample> read;
  ASSERT_TRUE(read_chunk(chunk.sealed(), read));
  expect_same(samples, read);
  const auto header = read_chunk_header(chunk.sealed());
  ASSERT_TRUE(header);
  EXPECT_EQ(samples.size(), header->count);
  EXPECT_EQ(samples.back().at - samples.front().at, header->span);
}

TEST(Chunk, TakesLittleSpaceForASteadyCounter) {
  Chunk chunk;
  for (int i = 0; i < 120; ++i) chunk.append({time_from_ms(1'700'000'000'000 + i * 60'000), 1e12 + i * 1500.0});
  EXPECT_LT(chunk.sealed().size(), 120 * 3 + 32u);
  EXPECT_TRUE(chunk.full());
}

TEST(Chunk, RefusesEveryTruncationAndSurvivesEveryFlip) {
  Chunk chunk;
  for (int i = 0; i < 20; ++i) chunk.append({time_from_ms(i * 1000), i % 3 == 0 ? i * 0.1 : i});
  const std::string whole = chunk.sealed();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    std::vector<Sample> out;
    EXPECT_FALSE(read_chunk(std::string_view(whole).substr(0, length), out)) << length;
  }
  for (std::size_t i = 0; i < whole.size() * 8; ++i) {
    std::string flipped = whole;
    flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ 1 << i % 8);
    std::vector<Sample> out;
    static_cast<void>(read_chunk(flipped, out).ok());  // the table's checksum refuses these; here they must only do no harm
    EXPECT_LE(out.size(), flipped.size());
  }
}

TEST(Journal, RefusesWhatIsNotWhatWasWritten) {
  std::vector<Point> points;
  for (int i = 0; i < 50; ++i)
    points.push_back({SeriesId{static_cast<std::uint64_t>(i * 7 % 5)}, {time_from_ms(1000 - i), i * 0.5}});
  const std::string record = encode_record(9, points);
  const auto read = decode_record(9, record);
  ASSERT_TRUE(read);
  ASSERT_EQ(points.size(), read->size());
  EXPECT_EQ(points[49].series, (*read)[49].series);
  EXPECT_EQ(points[49].sample.at, (*read)[49].sample.at);
  EXPECT_EQ(24.5, (*read)[49].sample.value);
  EXPECT_EQ(Code::Corrupt, decode_record(8, record).error().code);
  for (std::size_t i = 0; i < record.size() * 8; ++i) {
    std::string flipped = record;
    flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ 1 << i % 8);
    EXPECT_FALSE(decode_record(9, flipped)) << i;
  }
}

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
  const auto read = decode_events(encode(events));
  ASSERT_TRUE(read);
  EXPECT_EQ((std::vector<Event>{full, plain}), *read);
  const auto summary = decode_summary(7, encode(summarize(events)));
  ASSERT_TRUE(summary);
  EXPECT_EQ(900u, summary->last_id);
  EXPECT_EQ(time_from_ms(1), summary->oldest);
  EXPECT_EQ(time_from_ms(5), summary->newest);
  EXPECT_TRUE(summary->may_hold({.kind = EventKind::Syslog}));
  EXPECT_FALSE(summary->may_hold({.kind = EventKind::Alarm}));
  EXPECT_FALSE(summary->may_hold({.min_severity = Severity::Caution}));
  EXPECT_TRUE(summary->may_hold({.max_syslog_severity = 7}));
  EXPECT_FALSE(summary->may_hold({.max_syslog_severity = 6}));
  EXPECT_FALSE(summary->may_hold({.before_id = 7}));
  const std::string whole = encode(events);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(decode_events(std::string_view(whole).substr(0, length))) << length;
  }
}

}  // namespace
}  // namespace bongsu::store
