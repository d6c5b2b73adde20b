// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/random.h"

namespace bongsu::crash {

// The files of a store that nobody uses.
void copy_store(const std::filesystem::path& from, const std::filesystem::path& to);

// Each changes one file of the store and says what was done.
std::string tear_newest_log(const std::filesystem::path& dir, Random& random);  // its end is cut off
std::string zero_newest_log(const std::filesystem::path& dir, Random& random);  // its end becomes zeros
std::string cut_manifest(const std::filesystem::path& dir, Random& random);
std::string flip_in_table(const std::filesystem::path& dir, Random& random);
std::string flip_elsewhere(const std::filesystem::path& dir, Random& random);  // in any other file, each kind as likely
std::string flip_in_manifest(const std::filesystem::path& dir, Random& random);
std::string lose_current(const std::filesystem::path& dir, Random& random);
std::string lose_a_table(const std::filesystem::path& dir, Random& random);  // a part of it, or all

}  // namespace bongsu::crash
