// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// Where such modules of this data directory are kept.
std::filesystem::path added_mibs(const std::filesystem::path& data);

// Puts a file into a folder of the data. `name` may have folders, with '/'; a file of that name is replaced. Gives what undoes
// it, and where it is. Errors: Invalid (no name for a file), Io.
struct KeptFile {
  std::filesystem::path file;
  std::filesystem::path top;  // the file, or the first folder of its name
  std::optional<std::string> before;
  void undo() const;
};
Result<KeptFile> keep_file(const std::filesystem::path& folder, std::string_view name, std::string_view octets);

// What of the added modules goes by that name: a file, folder or archive there, else the files that hold a module of it.
// Errors: NotFound, Refused (the module is loaded from elsewhere).
Result<std::vector<std::filesystem::path>> added_as(const std::filesystem::path& added, const mib::Tree& tree,
                                                    std::string_view name);
// Puts them where nobody reads them, until it is clear that they may go. Errors: Io; nothing is moved then.
struct SetAside {
  std::vector<std::pair<std::filesystem::path, std::filesystem::path>> moved;  // from, to
  void back() const;
  void drop(const std::filesystem::path& added) const;  // with the folders that are empty then
};
Result<SetAside> set_aside(std::span<const std::filesystem::path> files);

}  // namespace bongsu::app
