// SPDX-License-Identifier: Apache-2.0
#include "snmp/frame.h"

#include <gtest/gtest.h>

#include "random_message.h"

namespace bongsu::snmp {
namespace {

using Frames = std::vector<std::vector<std::uint8_t>>;

// Pushed in pieces of `step` octets.
Frames frames_of(const std::vector<std::uint8_t>& stream, std::size_t step, ber::Fault& fault) {
  FrameReader reader;
  Frames out;
  for (std::size_t at = 0; at < stream.size(); at += step)
    reader.push(Octets(stream).subspan(at, std::min(step, stream.size() - at)),
                [&](Octets one) { out.emplace_back(one.begin(), one.end()); });
  fault = reader.fault();
  return out;
}

}  // namespace

TEST(FrameReader, GivesTheMessagesHoweverTheyAreCut) {
  Random random(20'261'125);
  std::vector<std::uint8_t> stream;
  Frames messages;
  for (int i = 0; i < 40; ++i) {
    messages.push_back(*encode(random_message(random)));
    stream.insert(stream.end(), messages.back().begin(), messages.back().end());
  }
  for (const std::size_t step :
       {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{100}, std::size_t{5'000}, stream.size()}) {
    ber::Fault fault{};
    EXPECT_TRUE(messages == frames_of(stream, step, fault)) << step;
    EXPECT_EQ(ber::Fault::None, fault);
  }
}

TEST(FrameReader, RefusesWhatIsNoMessageForGood) {
  const auto refuses = [](ber::Fault expected, std::vector<std::uint8_t> octets) {
    FrameReader reader;
    std::size_t seen = 0;
    const auto count = [&](Octets) { ++seen; };
    EXPECT_TRUE(reader.push(std::vector<std::uint8_t>{0x30, 0x01, 0x00}, count));
    EXPECT_FALSE(reader.push(octets, count));
    EXPECT_EQ(expected, reader.fault());
    EXPECT_FALSE(reader.push(std::vector<std::uint8_t>{0x30, 0x00}, count));
    EXPECT_EQ(1U, seen);
    EXPECT_EQ(0U, reader.kept());
  };
  refuses(ber::Fault::Tag, {0x31, 0x00});
  refuses(ber::Fault::Tag, {'G', 'E', 'T'});
  refuses(ber::Fault::Length, {0x30, 0x80});                        // indefinite
  refuses(ber::Fault::Length, {0x30, 0x85, 0, 0, 0, 0, 1});         // too many length octets
  refuses(ber::Fault::Size, {0x30, 0x84, 0x7f, 0xff, 0xff, 0xff});  // 2 GiB
  refuses(ber::Fault::Size, {0x30, 0x83, 0x10, 0x00, 0x00});        // kMostMessage without its header
  FrameReader reader;
  EXPECT_TRUE(reader.push(std::vector<std::uint8_t>{0x30, 0x83, 0x0f, 0xff, 0xfb}, [](Octets) {}));
  EXPECT_EQ(5U, reader.kept());  // a length that is only claimed
}

}  // namespace bongsu::snmp
