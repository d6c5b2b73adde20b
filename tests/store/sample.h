// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/fixture.h"

namespace bongsu::store {

// The contents of the stores in tests/store/data: kSampleSeries x kSampleMinutes points with jitter, markers, late ones and
// doubles; events of every kind and form; state. The same from every version.
inline constexpr int kSampleSeries = 260;  // more than a block
inline constexpr int kSampleMinutes = 200;

// Writes it into a new store and leaves that open, so that the last of it stands in the log alone.
void write_sample(Opened& store);
// Fails the test where the store does not hold it.
void expect_sample(const Opened& store);

}  // namespace bongsu::store
