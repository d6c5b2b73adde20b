// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "mib/image.h"
#include "sources.h"

namespace bongsu::mibc {

// Puts the images of all runs into one tree. A number's name is that of the module asked first; other modules' words for it
// stand beside it. What the images say was wrong joins sources.problems. Errors: what Tree::open says of an image.
Status merge(const std::vector<std::filesystem::path>& images, Sources& sources, mib::ImageBuilder& out);

}  // namespace bongsu::mibc
