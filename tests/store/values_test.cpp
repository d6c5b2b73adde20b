// SPDX-License-Identifier: Apache-2.0
#include "store/values.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "model/marker.h"
#include "store/group.h"
#include "store/open.h"

namespace bongsu::store {
namespace {

std::uint64_t as_bits(double value) { return std::bit_cast<std::uint64_t>(value); }

// A random series of one of many kinds, some of them hostile.
std::vector<double> random_values(Random& random, std::size_t count) {
  const std::uint64_t kind = random.below(12);
  const double level = std::pow(10.0, static_cast<double>(random.below(16)));
  const double divisor = std::pow(10.0, static_cast<double>(random.below(9)));
  double total = std::floor(random.unit() * level);
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) {
    double value = 0;
    switch (kind) {
      case 0:  // a counter
        value = total += std::floor(random.unit() * level / 100);
        break;
      case 1:  // a constant
        value = total;
        break;
      case 2:  // a status
        value = random.chance(0.02) ? 2 : 1;
        break;
      case 3:  // a decimal gauge
        value = std::round(random.unit() * 1e6) / divisor;
        break;
      case 4:  // in steps of 4096
        value = total += std::floor(random.unit() * 100 - 50) * 4096;
        break;
      case 5:
        value = random.unit();
        break;
      case 6:  // any pattern at all
        value = std::bit_cast<double>(random.next());
        break;
      case 7:  // a steep line
        value = static_cast<double>(i) * level;
        break;
      case 8:  // at the edge of whole numbers
        value = (random.chance(0.5) ? 1 : -1) * (9007199254740992.0 - static_cast<double>(random.below(3)));
        break;
      case 9:  // two decimals, now and then three
        value = std::round(random.unit() * 1000) / (random.chance(0.1) ? 1000 : 100);
        break;
      case 10:  // from one extreme to the other
        value = random.chance(0.5) ? 9e15 : -9e15;
        break;
      default:
        value = random.chance(0.5) ? -0.0 : 0.0;
        break;
    }
    if (random.chance(0.02)) value = gap_marker(GapCause::Timeout);
    if (kind != 1 && random.chance(0.005)) {
      const double odd[]{stale_marker(),
                         std::nan("99"),
                         -0.0,
                         std::numeric_limits<double>::infinity(),
                         std::numeric_limits<double>::denorm_min(),
                         1e-9};
      value = odd[random.below(6)];
    }
    values.push_back(value);
  }
  return values;
}

std::vector<Sample> random_samples(Random& random, std::size_t count, std::int64_t first) {
  const bool regular = random.chance(0.5);
  std::vector<Sample> samples;
  std::int64_t ms = first;
  for (const double value : random_values(random, count)) {
    samples.push_back({time_from_ms(ms), value});
    ms += regular ? 10'000 : 1 + static_cast<std::int64_t>(random.below(20'000));
  }
  return samples;
}

void expect_same(const std::vector<Sample>& expected, const std::vector<Sample>& got) {
  ASSERT_EQ(expected.size(), got.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(expected[i].at, got[i].at) << i;
    ASSERT_EQ(as_bits(expected[i].value), as_bits(got[i].value)) << i;
  }
}

TEST(Values, EveryBitOfEveryKindComesBack) {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    std::vector<std::uint64_t> values;
    for (const double value : random_values(random, 1 + random.below(300))) values.push_back(as_bits(value));
    Bits bits;
    put_values(values, bits);
    std::vector<std::uint64_t> read;
    ASSERT_TRUE(take_values(bits.view(), values.size(), read));
    ASSERT_EQ(values, read);
  }
}

TEST(Values, TakeTheSpaceTheirKindDeserves) {
  const auto octets = [](const auto& value) {
    std::vector<std::uint64_t> values;
    for (int i = 0; i < 240; ++i) values.push_back(as_bits(value(i)));
    Bits bits;
    put_values(values, bits);
    return bits.octets();
  };
  EXPECT_LE(octets([](int) { return 1.0; }), 2u);
  EXPECT_LE(octets([](int) { return 0.1; }), 3u);
  EXPECT_LE(octets([](int) { return gap_marker(GapCause::Timeout); }), 10u);
  EXPECT_LE(octets([](int i) { return i < 100 ? 1.0 : 2.0; }), 6u);
  EXPECT_LE(octets([](int i) { return 1e12 + i * 1500.0; }), 45u);  // a bit each
  EXPECT_LE(octets([](int i) { return 1e12 + i * 1500.0 + i % 2; }), 100u);
  EXPECT_LE(octets([](int i) { return 20 + (i % 7) / 2.0; }), 120u);  // half degrees
  EXPECT_LE(octets([](int i) { return i / 50 % 2 == 0 ? 1.0 : gap_marker(GapCause::Timeout); }), 40u);
}

TEST(Values, HostileBitsDoNoHarm) {
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    Random random(seed);
    std::string octets(random.below(60), '\0');
    for (char& octet : octets) octet = static_cast<char>(random.next());
    std::vector<std::uint64_t> read;
    const std::size_t count = 1 + random.below(200);
    if (!take_values(octets, count, read)) continue;
    ASSERT_EQ(count, read.size());
  }
}

TEST(Group, GivesEachSeriesItsOwn) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    std::vector<SeriesSamples> all;
    for (std::uint32_t slot = 0; slot < kGroupSeries; ++slot) {
      if (random.chance(0.3)) continue;
      all.push_back(
          {.slot = slot, .samples = random_samples(random, 1 + random.below(100), static_cast<std::int64_t>(random.below(3)))});
      if (all.size() > 1 && random.chance(0.7)) {  // polled with the one before
        const auto& shared = all[all.size() - 2].samples;
        all.back().samples.resize(std::min(shared.size(), all.back().samples.size()));
        for (std::size_t i = 0; i < all.back().samples.size(); ++i) all.back().samples[i].at = shared[i].at;
      }
    }
    if (all.empty()) continue;
    Time first = Time::max(), last = Time::min();
    for (const SeriesSamples& each : all) {
      first = std::min(first, each.samples.front().at);
      last = std::max(last, each.samples.back().at);
    }
    const std::string value = seal_group(all);
    auto group = GroupReader::open(value);
    ASSERT_TRUE(group) << group.error().text;
    EXPECT_EQ(last - first, group->span());
    for (const SeriesSamples& each : all) {
      std::vector<Sample> read;
      ASSERT_TRUE(group->read(each.slot, first, read));
      expect_same(each.samples, read);
    }
    for (std::size_t length = 0; length < value.size(); ++length) ASSERT_FALSE(GroupReader::open(value.substr(0, length)));
  }
}

TEST(Group, TimesThatAreSharedStandOnce) {
  Random random(1);
  std::vector<SeriesSamples> all;
  const std::vector<Sample> jittered = random_samples(random, 240, 0);
  const auto size = [&](std::uint32_t series) {
    all.clear();
    for (std::uint32_t slot = 0; slot < series; ++slot) {
      all.push_back({.slot = slot, .samples = jittered});
      for (Sample& sample : all.back().samples) sample.value = 1;
    }
    return seal_group(all).size();
  };
  const std::size_t one = size(1);
  EXPECT_LE(size(60) - one, 60 * 4u);
}

TEST(OpenGroup, KeepsWhatComesInOrderAndOutOfIt) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    OpenGroup group;
    std::array<std::map<std::int64_t, double>, 4> expected;
    std::array<std::vector<double>, 4> values;
    for (auto& each : values) each = random_values(random, 200);
    std::int64_t ms = 1'000'000;
    for (std::size_t i = 0; i < 200; ++i) {
      ms += 1 + static_cast<std::int64_t>(random.below(60'000));
      for (std::uint32_t slot = 0; slot < 4; ++slot) {
        std::int64_t when = ms + (random.chance(0.1) ? slot : 0);
        auto& own = expected[slot];
        const bool late = !own.empty() && random.chance(0.05);
        if (late)
          when = own.begin()->first + static_cast<std::int64_t>(
                                          random.below(static_cast<std::uint64_t>(own.rbegin()->first - own.begin()->first + 1)));
        ASSERT_TRUE(group.takes(slot, time_from_ms(when)));
        if (own.empty() || when > own.rbegin()->first) group.append(slot, time_from_ms(when), values[slot][i], 0);
        else group.insert(slot, time_from_ms(when), values[slot][i]);
        own[when] = values[slot][i];
      }
    }
    std::string saved;
    group.save(saved);
    OpenGroup loaded;
    Reader in(saved);
    ASSERT_TRUE(loaded.load(in));
    EXPECT_TRUE(in.done());
    EXPECT_EQ(group.octets(), loaded.octets());
    for (const OpenGroup* each : {&group, &loaded}) {
      for (std::uint32_t slot = 0; slot < 4; ++slot) {
        std::vector<Sample> wanted, read;
        for (const auto& [when, value] : expected[slot]) wanted.push_back({time_from_ms(when), value});
        each->read(slot, read);
        expect_same(wanted, read);
        EXPECT_EQ(wanted.front().at, each->first(slot));
      }
    }
  }
}

TEST(OpenGroup, ASteadyPollTakesLittle) {
  OpenGroup group;
  for (int i = 0; i < 200; ++i) {
    for (std::uint32_t slot = 0; slot < kGroupSeries; ++slot) group.append(slot, time_from_ms(i * 60'000 + i % 7), slot, 0);
  }
  // A bit for a sample that is as the one before, and the time once.
  EXPECT_LE(group.octets(), 200 * kGroupSeries / 8 + 200 * 4 + kGroupSeries * 16u);
}

TEST(OpenGroup, LearnsTheFormOfValuesThatBeganAsOthers) {
  OpenGroup group;
  Random random(3);
  for (int i = 0; i < 400; ++i) group.append(0, time_from_ms(i * 1000), i == 0 ? 1 : std::round(random.unit() * 1000) / 1000, 0);
  EXPECT_LE(group.octets() - 400 * 4, 400 * 2u);
}

}  // namespace
}  // namespace bongsu::store
