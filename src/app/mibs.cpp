// SPDX-License-Identifier: Apache-2.0
#include "app/mibs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/text.h"
#include "mib/compile.h"
#include "net/process.h"

namespace bongsu::app {

namespace {

// Images of folders that nobody names any more go, the one in use never.
void keep_newest(const std::filesystem::path& images, const std::filesystem::path& used) {
  constexpr std::size_t kKept = 4;
  namespace fs = std::filesystem;
  std::vector<std::pair<fs::file_time_type, fs::path>> others;
  std::error_code ec;
  for (auto at = fs::directory_iterator(images, ec); !ec && at != fs::directory_iterator(); at.increment(ec)) {
    const std::string name = at->path().filename().string();
    std::error_code ignored;
    if (name.starts_with("modules") && name.ends_with(".image") && at->path() != used)
      others.emplace_back(at->last_write_time(ignored), at->path());
  }
  std::sort(others.begin(), others.end(), std::greater<>());
  for (std::size_t i = kKept - 1; i < others.size(); ++i) fs::remove(others[i].second, ec);
}

}  // namespace

Result<std::shared_ptr<const mib::Tree>> load_mibs(const Share& share, std::span<const std::filesystem::path> folders,
                                                   const std::filesystem::path& images) {
  std::error_code ec;
  std::filesystem::create_directories(images, ec);
  if (ec)
    return Error{Code::Io,
                 "make " + images.string() + ": " + ec.message() + "; check the rights, or choose another place (key data)"};
  mib::CompileRequest request;
  request.folders.push_back(share.mibs);
  for (const std::filesystem::path& folder : folders) {
    // The folders of the default configuration need not be there; one that a user named is checked by the configuration.
    if (std::filesystem::exists(folder, ec)) request.folders.push_back(folder);
  }
  // One image for each choice of folders and each format, so that commands that load more than others, and versions side by
  // side, do not compile in turns.
  std::uint64_t which = kHashSeed;
  for (const std::filesystem::path& folder : request.folders) which = hash_bytes(folder.string(), which);
  request.image = images / fmt::format("modules-{}-{:016x}.image", mib::image_version(), which);
  request.compiler = share.mib_compiler;
  net::LiveProcesses processes;
  auto report = mib::compile(processes, request);
  if (!report) return std::move(report).error().context("MIB modules");
  keep_newest(images, request.image);
  return report->tree;
}

std::filesystem::path added_mibs(const std::filesystem::path& data) { return data / "mibs" / kAddedMibs; }

namespace {

// A path of plain names: nothing hidden, nothing that leads elsewhere.
bool is_good_name(std::string_view name) {
  const auto good = [](std::string_view part) {
    return !part.empty() && part.size() <= 120 && part.front() != '.' && part.front() != ' ' &&
           std::all_of(part.begin(), part.end(), [](char c) {
             return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                    std::string_view("._-+ ()@,").find(c) != std::string_view::npos;
           });
  };
  const auto parts = split(name, '/');
  return parts.size() <= 8 && std::all_of(parts.begin(), parts.end(), good);
}

Status write_file(const std::filesystem::path& file, std::string_view octets) {
  const std::filesystem::path aside = file.parent_path() / ("." + file.filename().string() + ".new");
  std::ofstream out(aside, std::ios::binary);
  out.write(octets.data(), static_cast<std::streamsize>(octets.size()));
  out.close();
  std::error_code ec;
  if (out) std::filesystem::rename(aside, file, ec);
  if (out && !ec) return {};
  std::filesystem::remove(aside, ec);
  return Error{Code::Io, file.string() + ": cannot be written; check the rights and the space"};
}

}  // namespace

void KeptFile::undo() const {
  std::error_code ec;
  if (before && write_file(file, *before)) return;
  std::filesystem::remove(file, ec);
}

Result<KeptFile> keep_file(const std::filesystem::path& folder, std::string_view name, std::string_view octets) {
  if (!is_good_name(name))
    return Error{Code::Invalid, "not a name for a file: \"" + to_valid_utf8(name.substr(0, 200)) +
                                    "\"; letters, digits and . _ - are taken, with / between folders"};
  KeptFile kept{.file = folder / name, .top = folder / name.substr(0, name.find('/')), .before = std::nullopt};
  std::error_code ec;
  std::filesystem::create_directories(kept.file.parent_path(), ec);
  if (ec) return Error{Code::Io, "make " + kept.file.parent_path().string() + ": " + ec.message()};
  if (std::ifstream old(kept.file, std::ios::binary); old)
    kept.before = std::string(std::istreambuf_iterator<char>(old), std::istreambuf_iterator<char>());
  BONGSU_TRY_OK(write_file(kept.file, octets));
  return kept;
}

Result<std::vector<std::filesystem::path>> added_as(const std::filesystem::path& added, const mib::Tree& tree,
                                                    std::string_view name) {
  std::error_code ec;
  if (is_good_name(name) && std::filesystem::exists(added / name, ec)) return std::vector{added / name};
  std::vector<std::filesystem::path> files;
  std::string elsewhere;
  for (const mib::ModuleInfo& module : tree.modules()) {
    if (module.name != name) continue;
    std::filesystem::path file(module.file);
    if (!module.file.starts_with(added.string() + "/")) {
      elsewhere = module.file;
      continue;
    }
    while (file != added && !std::filesystem::is_regular_file(file, ec)) file = file.parent_path();  // out of an archive
    if (file != added && std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
  }
  if (!files.empty()) return files;
  const std::string shown = "\"" + to_valid_utf8(name.substr(0, 200)) + "\"";
  if (!elsewhere.empty())
    return Error{Code::Refused,
                 "module " + shown + " was not added, it is read from " + elsewhere + "; take that file away and send SIGHUP"};
  return Error{Code::NotFound, "nothing was added as " + shown + ", and no added file holds a module of that name"};
}

Result<SetAside> set_aside(std::span<const std::filesystem::path> files) {
  SetAside aside;
  for (const std::filesystem::path& file : files) {
    const auto to = file.parent_path() / (".removed-" + file.filename().string());
    std::error_code ec;
    std::filesystem::remove_all(to, ec);  // what a stop in the midst left
    std::filesystem::rename(file, to, ec);
    if (ec) {
      aside.back();
      return Error{Code::Io, file.string() + ": cannot be removed: " + ec.message()};
    }
    aside.moved.emplace_back(file, to);
  }
  return aside;
}

void SetAside::back() const {
  std::error_code ec;
  for (const auto& [from, to] : moved) std::filesystem::rename(to, from, ec);
}

void SetAside::drop(const std::filesystem::path& added) const {
  std::error_code ec;
  for (const auto& [from, to] : moved) {
    std::filesystem::remove_all(to, ec);
    for (auto folder = from.parent_path(); folder != added && std::filesystem::is_empty(folder, ec) && !ec;
         folder = folder.parent_path())
      std::filesystem::remove(folder, ec);
  }
}

}  // namespace bongsu::app
