// SPDX-License-Identifier: Apache-2.0
// mib add and remove.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "app/ask.h"
#include "app/commands.h"
#include "app/data.h"
#include "app/mib_report.h"
#include "app/mibs.h"
#include "app/session.h"
#include "base/text.h"

namespace bongsu::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::uintmax_t kMostOctets = 8 * 1024 * 1024;  // what the daemon takes at once

struct File {
  fs::path path;
  std::string name;  // where it is kept, below the folder of added modules
};

// A file under its own name, a folder's files under the folder's.
Result<std::vector<File>> files_of(const std::vector<std::string>& paths) {
  std::vector<File> files;
  for (const std::string& word : paths) {
    std::error_code ec;
    fs::path path = fs::path(word).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();
    if (fs::is_regular_file(path, ec)) {
      files.push_back({path, path.filename().string()});
      continue;
    }
    if (!fs::is_directory(path, ec)) return Error{Code::NotFound, word + ": there is no such file or folder"};
    const std::string top = fs::weakly_canonical(path, ec).filename().string();
    std::vector<File> found;
    for (auto at = fs::recursive_directory_iterator(path, ec); !ec && at != fs::recursive_directory_iterator();
         at.increment(ec)) {
      const bool hidden = at->path().filename().string().starts_with('.');
      std::error_code ignored;
      if (hidden && at->is_directory(ignored)) at.disable_recursion_pending();
      if (hidden || !at->is_regular_file(ignored)) continue;
      found.push_back({at->path(), (fs::path(top) / at->path().lexically_relative(path)).generic_string()});
    }
    if (ec) return Error{Code::Io, word + ": " + ec.message()};
    std::sort(found.begin(), found.end(), [](const File& a, const File& b) { return a.name < b.name; });
    files.insert(files.end(), found.begin(), found.end());
  }
  if (files.empty()) return Error{Code::NotFound, "there is no file in what was named"};
  return files;
}

Result<std::string> octets_of(const fs::path& path) {
  std::error_code ec;
  const auto size = fs::file_size(path, ec);
  if (!ec && size > kMostOctets)
    return Error{Code::Limit, path.string() + ": " + std::to_string(size) +
                                  " octets, more than the daemon takes at once; put it into a folder of `mibs`, and send SIGHUP"};
  std::ifstream in(path, std::ios::binary);
  if (ec || !in) return Error{Code::Io, path.string() + ": cannot be read"};
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

bool answers(const std::string& url) { return bool(ask_daemon(url, "/healthz")); }

// The daemon's answer to the last file tells of those with which it shares its folder: for each folder, or file alone.
struct Told {
  std::vector<mib::Problem> problems;
  std::vector<Json> modules;
  std::set<std::string> devices;
};
void take(const Json& answer, Told& told) {
  for (const Json& device : answer.value("devices", Json::array())) {
    if (device.is_string()) told.devices.insert(device.get<std::string>());
  }
  for (const Json& module : answer.value("modules", Json::array())) told.modules.push_back(module);
  for (const Json& p : answer.value("problems", Json::array())) {
    told.problems.push_back({p.value("file", ""), p.value("line", 0U), p.value("column", 0U),
                             p.value("severity", "") == "warning", p.value("text", "")});
  }
}

int report_of(const Told& told, bool as_json, std::string_view where) {
  const bool good = std::all_of(told.problems.begin(), told.problems.end(), [](const auto& p) { return p.warning; });
  if (as_json) {
    Json out{
        {"ok", good}, {"taken_by", where}, {"modules", told.modules}, {"problems", Json::array()}, {"devices", told.devices}};
    for (const mib::Problem& p : told.problems) {
      out["problems"].push_back({{"file", p.file},
                                 {"line", p.line},
                                 {"column", p.column},
                                 {"severity", p.warning ? "warning" : "error"},
                                 {"text", p.text}});
    }
    std::printf("%s\n", out.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
    return 0;
  }
  std::vector<std::string> texts;
  texts.reserve(told.modules.size() * 2);
  std::vector<mib::ModuleInfo> modules;
  for (const Json& m : told.modules) {
    texts.push_back(m.value("name", ""));
    mib::ModuleInfo info;
    info.name = texts.back();
    info.declared = m.value("declared", 0U);
    info.objects = m.value("objects", 0U);
    modules.push_back(info);
  }
  print_report(told.problems, modules);
  if (!told.devices.empty()) {
    std::printf("of the same vendor; see what they have beyond their profiles:\n");
    for (const std::string& device : told.devices) std::printf("  bongsu profile propose %s\n", escape_terminal(device).c_str());
  }
  std::printf("%s\n", where == "daemon" ? "loaded by the daemon" : "kept; the daemon loads them when it starts");
  return 0;
}

int add_to_daemon(const std::string& url, const std::vector<File>& files, bool as_json) {
  Told told;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto top = [](const File& file) { return file.name.substr(0, file.name.find('/')); };
    const bool last = i + 1 == files.size() || top(files[i]) != top(files[i + 1]);
    const auto octets = octets_of(files[i].path);
    if (!octets) return fail(octets.error().text);
    if (octets->empty()) continue;
    const auto answer = send_octets(url, "/api/v1/mibs", {{"name", files[i].name}, {"load", last ? "yes" : "no"}}, *octets);
    if (!answer) return fail(files[i].path.string() + ": " + answer.error().text);
    if (last) take(Json::parse(*answer, nullptr, false), told);
  }
  return report_of(told, as_json, "daemon");
}

int add_to_data(const fs::path& data, const std::vector<File>& files, const MibAddOptions& options) {
  const fs::path added = added_mibs(data);
  std::vector<std::string> kept;
  for (const File& file : files) {
    const auto octets = octets_of(file.path);
    if (!octets) return fail(octets.error().text);
    const auto one = keep_file(added, file.name, *octets);
    if (!one) return fail(one.error().text);
    if (std::find(kept.begin(), kept.end(), one->top.string()) == kept.end()) kept.push_back(one->top.string());
  }
  MibOptions lint = options.mib;
  lint.words = kept;
  mib_lint(lint);  // what it says; the files are kept all the same
  if (!lint.json) std::printf("kept in %s; the daemon loads them when it starts\n", escape_terminal(added.string()).c_str());
  return 0;
}

Result<std::vector<std::string>> remove_from_data(const fs::path& data, const std::string& name) {
  const fs::path added = added_mibs(data);
  BONGSU_TRY(const Share share, find_share());
  BONGSU_TRY(const auto tree, load_mibs(share, std::span(&added, 1), cache_folder() / "mibs"));
  BONGSU_TRY(const auto files, added_as(added, *tree, name));
  BONGSU_TRY(const SetAside aside, set_aside(files));
  aside.drop(added);
  std::vector<std::string> gone;
  for (const fs::path& file : files) gone.push_back(file.lexically_relative(added).generic_string());
  return gone;
}

}  // namespace

int mib_add(const MibAddOptions& options) {
  const auto files = files_of(options.mib.words);
  if (!files) return fail(files.error().text);
  const auto place = find_data({.config = options.mib.config, .data = options.data});
  if (!place) return 1;
  const std::string url = options.url.empty() ? place->url : options.url;
  // A folder that was named is meant, whoever answers elsewhere.
  if (!options.url.empty() || (!options.data && answers(url))) return add_to_daemon(url, *files, options.mib.json);
  return add_to_data(place->data, *files, options);
}

int mib_remove(const MibAddOptions& options) {
  const auto place = find_data({.config = options.mib.config, .data = options.data});
  if (!place) return 1;
  const std::string url = options.url.empty() ? place->url : options.url;
  const bool daemon = !options.url.empty() || (!options.data && answers(url));
  const auto tell = [](const std::string& file) { std::printf("removed %s\n", escape_terminal(file).c_str()); };
  for (const std::string& name : options.mib.words) {
    if (daemon) {
      const auto answer = delete_at_daemon(url, "/api/v1/mibs", {{"name", name}});
      if (!answer) return fail(answer.error().text);
      for (const Json& file : Json::parse(*answer, nullptr, false).value("removed", Json::array())) tell(file.get<std::string>());
      continue;
    }
    const auto removed = remove_from_data(place->data, name);
    if (!removed) return fail(removed.error().text);
    for (const std::string& file : *removed) tell(file);
  }
  return 0;
}

}  // namespace bongsu::app
