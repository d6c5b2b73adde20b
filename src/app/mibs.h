// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "app/share.h"
#include "base/result.h"
#include "mib/tree.h"

namespace bongsu::app {

// Below the folder of images: modules that were added to the running daemon.
constexpr std::string_view kAddedMibs = "added";

// The stock modules and those of the user's folders, compiled by the child where `images` has no image of the same
// content yet. Blocks for a moment; not on a reactor's thread. Errors: what the compiler or the image loader says.
Result<std::shared_ptr<const mib::Tree>> load_mibs(const Share& share, std::span<const std::filesystem::path> folders,
                                                   const std::filesystem::path& images);

}  // namespace bongsu::app
