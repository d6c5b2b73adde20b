// SPDX-License-Identifier: Apache-2.0
#include "damage.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <map>

namespace bongsu::crash {
namespace {

using Files = std::vector<std::filesystem::path>;

std::string kind_of(const std::filesystem::path& file) {
  if (file.has_extension()) return file.extension().string();
  return file.filename().string().substr(0, 7);  // MANIFES, OPTIONS, CURRENT, IDENTIT
}

// With something in them, by kind, the newest last.
std::map<std::string, Files> files_of(const std::filesystem::path& dir) {
  std::map<std::string, Files> files;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.is_regular_file() && entry.file_size() > 0) files[kind_of(entry.path())].push_back(entry.path());
  }
  for (auto& [kind, some] : files) std::sort(some.begin(), some.end());
  return files;
}

std::string cut(const std::filesystem::path& file, std::uintmax_t most, Random& random) {
  const std::uintmax_t size = std::filesystem::file_size(file);
  const std::uintmax_t gone = 1 + random.below(std::min(size, most));
  std::filesystem::resize_file(file, size - gone);
  return fmt::format("{} cut from {} octets to {}", file.filename().string(), size, size - gone);
}

}  // namespace

void copy_store(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::remove_all(to);
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

std::string tear_newest_log(const std::filesystem::path& dir, Random& random) {
  const Files logs = files_of(dir)[".log"];
  if (logs.empty()) return {};
  return cut(logs.back(), random.chance(0.5) ? 2000 : UINT32_MAX, random);
}

std::string zero_newest_log(const std::filesystem::path& dir, Random& random) {
  const Files logs = files_of(dir)[".log"];
  if (logs.empty()) return {};
  const std::uintmax_t size = std::filesystem::file_size(logs.back());
  std::string said = cut(logs.back(), random.chance(0.5) ? 2000 : UINT32_MAX, random);
  std::filesystem::resize_file(logs.back(), size);
  return said + ", zeros behind";
}

std::string cut_manifest(const std::filesystem::path& dir, Random& random) {
  const Files manifests = files_of(dir)["MANIFES"];
  if (manifests.empty()) return {};
  return cut(manifests.back(), UINT32_MAX, random);
}

namespace {

std::string flip_in(const std::filesystem::path& file, Random& random) {
  const std::uintmax_t at = random.below(std::filesystem::file_size(file));
  const unsigned bit = static_cast<unsigned>(random.below(8));
  std::fstream open(file, std::ios::in | std::ios::out | std::ios::binary);
  open.seekg(static_cast<std::streamoff>(at));
  const int was = open.get();
  open.seekp(static_cast<std::streamoff>(at));
  open.put(static_cast<char>(was ^ 1 << bit));
  return fmt::format("{}: bit {} of octet {} of {} flipped", file.filename().string(), bit, at, std::filesystem::file_size(file));
}

}  // namespace

std::string flip_in_table(const std::filesystem::path& dir, Random& random) {
  const Files tables = files_of(dir)[".sst"];
  return tables.empty() ? std::string() : flip_in(tables[random.below(tables.size())], random);
}

std::string flip_elsewhere(const std::filesystem::path& dir, Random& random) {
  auto files = files_of(dir);
  files.erase(".sst");
  files.erase("MANIFES");
  if (files.empty()) return {};
  const auto kind = std::next(files.begin(), static_cast<std::ptrdiff_t>(random.below(files.size())));
  return flip_in(kind->second[random.below(kind->second.size())], random);
}

std::string flip_in_manifest(const std::filesystem::path& dir, Random& random) {
  const Files manifests = files_of(dir)["MANIFES"];
  return manifests.empty() ? std::string() : flip_in(manifests.back(), random);
}

std::string lose_current(const std::filesystem::path& dir, Random&) {
  return std::filesystem::remove(dir / "CURRENT") ? "CURRENT removed" : "";
}

std::string lose_a_table(const std::filesystem::path& dir, Random& random) {
  const Files tables = files_of(dir)[".sst"];
  if (tables.empty()) return {};
  const std::filesystem::path& gone = tables[random.below(tables.size())];
  if (random.chance(0.5)) return cut(gone, UINT32_MAX, random);
  std::filesystem::remove(gone);
  return gone.filename().string() + " removed";
}

}  // namespace bongsu::crash
