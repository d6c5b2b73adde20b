// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "store/index.h"

namespace bongsu::store {

// The catalogue of series as it stands on disk: a record for each SeriesIndex::kGroup numbers in a row (FORMAT.md).
std::string catalogue_key(SeriesIndex::Id group);
// The record of a group; empty when none of its series is left.
std::string encode_catalogue(const SeriesIndex& index, SeriesIndex::Id group);
// Restores the series of a record, also of one of format 1 (a series each). Gives each number to `restored`. Error: Corrupt.
Status load_catalogue(SeriesIndex& index, std::string_view key, std::string_view value,
                      const std::function<void(SeriesIndex::Id)>& restored);

}  // namespace bongsu::store
