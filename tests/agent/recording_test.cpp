// SPDX-License-Identifier: Apache-2.0
#include "agent/recording.h"

#include <gtest/gtest.h>

#include <fstream>

namespace bongsu::agent {
namespace {

Value octets_as(ValueType type, std::string octets) { return {.type = type, .octets = std::move(octets)}; }

}  // namespace

TEST(Recording, ReadsEachTypeAndWriting) {
  const auto reads = [](const Value& expected, std::string_view type_and_value) {
    SCOPED_TRACE(type_and_value);
    const auto recording = Recording::parse("1.3.6.1.2.1.1.5.0|" + std::string(type_and_value));
    ASSERT_EQ(1U, recording.objects.size());
    EXPECT_EQ(expected, recording.objects[0].value);
    EXPECT_EQ(0U, recording.skipped);
  };
  reads(Value::of_integer(-7), "2|-7");
  reads(Value::of_integer(-2147483648), "2|-2147483648");
  reads(Value::of_octets("a|b"), "4|a|b");
  reads(Value::of_octets(""), "4|");
  reads(Value::of_octets(std::string("\0\xff", 2)), "4x|00fF");
  reads(Value::of_octets("Hi"), "4xx|34383639");
  reads(Value::of_octets(std::string("\n\0\\|\xe6", 5)), R"(4e|\n\x00\\|\xe6)");
  reads(Value{}, "5|");
  reads(Value::of_oid({1, 3, 6, 1, 4, 1, 9}), "6|1.3.6.1.4.1.9");
  reads(Value::of_oid({0, 0}), "6|.0.0");
  reads(octets_as(ValueType::IpAddress, "\x0a\x01\x02\xff"), "64|10.1.2.255");
  reads(octets_as(ValueType::IpAddress, "\x0a\x01\x02\xff"), "64x|0a0102ff");
  reads(octets_as(ValueType::IpAddress, "m\xc3@\x19"), R"(64e|m\xc3@\x19)");
  reads(Value::of_number(ValueType::Counter32, 4294967295), "65|4294967295");
  reads(Value::of_number(ValueType::Gauge32, 0), "66|0");
  reads(Value::of_number(ValueType::TimeTicks, 12), "67|12");
  reads(octets_as(ValueType::Opaque, "\x9f\x78\x04"), "68x|9f7804");
  reads(Value::of_number(ValueType::Counter64, 18446744073709551615U), "70|18446744073709551615");
}

TEST(Recording, SkipsRowsThatAreNoObjects) {
  const auto skips = [](std::string_view row) {
    SCOPED_TRACE(row);
    const auto recording = Recording::parse(row);
    EXPECT_EQ(0U, recording.objects.size());
    EXPECT_EQ(1U, recording.skipped);
    EXPECT_EQ(1U, recording.notes.size());
  };
  skips("1.3.6.1.2.1.1.5.0");
  skips("1.3.6.1.2.1.1.5.0|4");
  skips("sysName.0|4|x");
  skips("1.3.6..1|4|x");
  skips("1.3.6.4294967296|4|x");
  skips("3.1.6|4|x");   // no such root
  skips("1.40.6|4|x");  // BER has no room for it
  skips("1|4|x");
  skips("1.3.6.1|4x|<private>");
  skips("1.3.6.1|4x|abc");
  skips("1.3.6.1|4xx|3438363");
  skips(R"(1.3.6.1|4e|\q)");
  skips(R"(1.3.6.1|4e|\x1)");
  skips("1.3.6.1|4e|\\");
  skips("1.3.6.1|2|4294967295");
  skips("1.3.6.1|2|");
  skips("1.3.6.1|65|-1");
  skips("1.3.6.1|66|4294967296");
  skips("1.3.6.1|70|18446744073709551616");
  skips("1.3.6.1|64|10.0.0");
  skips("1.3.6.1|64x|0a0000");
  skips("1.3.6.1|6|name");
  skips("1.3.6.1|9|1");
  skips("1.3.6.1|260|1");  // 260 is 4 modulo 256
  skips("1.3.6.1|x|1");
  skips("1.3.6.1||");
}

TEST(Recording, SortsByArcsAndKeepsTheLastOfDuplicates) {
  const auto recording = Recording::parse(
      "1.3.6.10|2|1\r\n"
      "1.3.6.9|2|2\r\n"
      "\r\n"
      "# made by hand\n"
      "1.3.6.9|2|3\n"
      "1.3.6|2|4\n"
      "1.3.6.9|2|5");
  ASSERT_EQ(3U, recording.objects.size());
  EXPECT_EQ((Varbind{{1, 3, 6}, Value::of_integer(4)}), recording.objects[0]);
  EXPECT_EQ((Varbind{{1, 3, 6, 9}, Value::of_integer(5)}), recording.objects[1]);
  EXPECT_EQ((Varbind{{1, 3, 6, 10}, Value::of_integer(1)}), recording.objects[2]);
  EXPECT_EQ(2U, recording.duplicates);
  EXPECT_EQ(0U, recording.skipped);
}

TEST(Recording, TellsWhereRowsWereSkipped) {
  const auto recording = Recording::parse("1.3.6.1|2|1\n\nnonsense\n");
  ASSERT_EQ(1U, recording.notes.size());
  EXPECT_EQ(3U, recording.notes[0].line);
  EXPECT_EQ("not OID|type|value", recording.notes[0].why);
  std::string many;
  for (int i = 0; i < 100; ++i) many += "nonsense\n";
  EXPECT_EQ(100U, Recording::parse(many).skipped);
  EXPECT_EQ(Recording::kNotesKept, Recording::parse(many).notes.size());
  EXPECT_TRUE(Recording::parse("").objects.empty());
}

TEST(Recording, HoldsTensOfThousandsOfRowsInAnyOrder) {
  std::string text;
  for (unsigned i = 78'000; i > 0; --i) text += "1.3.6.1.2.1.2.2.1.10." + std::to_string(i) + "|65|" + std::to_string(i) + "\n";
  const auto recording = Recording::parse(text);
  ASSERT_EQ(78'000U, recording.objects.size());
  for (std::uint32_t i = 0; i < 78'000; ++i) {
    ASSERT_EQ(i + 1, recording.objects[i].oid.back());
    ASSERT_EQ(i + 1, recording.objects[i].value.number);
  }
}

TEST(Recording, ReadsFilesAndTellsWhatIsWrongWithThem) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / ("bongsu-recording-" + std::to_string(getpid()));
  const auto write = [&](std::string_view text) { std::ofstream(file, std::ios::binary) << text; };
  write("1.3.6.1|2|1\nnonsense\n");
  const auto good = Recording::read(file);
  ASSERT_TRUE(good);
  EXPECT_EQ(1U, good->objects.size());
  write("nonsense\n");
  const auto bad = Recording::read(file);
  ASSERT_FALSE(bad);
  EXPECT_EQ(Code::Invalid, bad.error().code);
  EXPECT_NE(std::string::npos, bad.error().text.find("line 1: not OID|type|value")) << bad.error().text;
  write("");
  EXPECT_TRUE(Recording::read(file));
  std::filesystem::remove(file);
  const auto gone = Recording::read(file);
  ASSERT_FALSE(gone);
  EXPECT_EQ(Code::NotFound, gone.error().code);
}

}  // namespace bongsu::agent
