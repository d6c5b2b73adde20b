// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "mib/mapped.h"
#include "sources.h"

namespace bongsu::mibc {

// Puts the images of all runs into one tree. A number's name is that of the module asked first; other modules' words for it
// stand beside it. What the images say was wrong joins sources.problems. With `onto`, what that image holds stays, and what the
// targets say is put to it; their own earlier words and problems in it are replaced. Errors: what Tree::open says of an image.
Status merge(const std::vector<std::filesystem::path>& images, Sources& sources, mib::ImageBuilder& out,
             const mib::Tree::Image* onto = nullptr);

}  // namespace bongsu::mibc
