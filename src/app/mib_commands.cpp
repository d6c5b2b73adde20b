// SPDX-License-Identifier: Apache-2.0
// mib list, show, tree, dump, lint and add.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>

#include "app/answer.h"
#include "app/ask.h"
#include "app/commands.h"
#include "app/mib_report.h"
#include "app/mibs.h"
#include "app/setup.h"
#include "app/table.h"
#include "base/text.h"
#include "mib/compile.h"
#include "mib/json.h"

namespace bongsu::app {
namespace {

namespace fs = std::filesystem;

int failed(const Error& error) {
  std::fprintf(stderr, "bongsu: %s\n", escape_terminal(error.text).c_str());
  return 1;
}

// The folders of the configuration, then those of the command line.
std::vector<fs::path> folders_of(const MibOptions& options) {
  config::Problems problems;
  const auto file = options.config ? std::optional<fs::path>(*options.config) : usual_config();
  const auto config = file ? config::read_what_can_be(*file, problems) : config::default_config();
  if (!problems.empty())
    std::fprintf(stderr, "bongsu: %s has faults (see bongsu check); only its folders of modules are used here\n",
                 escape_terminal(file->string()).c_str());
  std::vector<fs::path> folders = config.mibs;
  std::error_code ec;
  if (const auto added = added_mibs(config.data); fs::exists(added, ec)) folders.push_back(added);
  folders.insert(folders.end(), options.mibs.begin(), options.mibs.end());
  return folders;
}

Result<std::shared_ptr<const mib::Tree>> load(const MibOptions& options) {
  BONGSU_TRY(const Share share, find_share());
  const auto folders = folders_of(options);
  return load_mibs(share, folders, cache_folder() / "mibs");
}

void print_object(const mib::Object& object) {
  const auto line = [](const char* what, const std::string& text) {
    if (!text.empty()) std::printf("  %-12s %s\n", what, escape_terminal(text).c_str());
  };
  std::printf("%s::%s\n", escape_terminal(object.module).c_str(), escape_terminal(object.name).c_str());
  line("oid", object.oid().to_string());
  line("kind", std::string(to_string(object.kind)));
  std::string type(to_string(object.type));
  if (!object.convention.empty()) type = std::string(object.convention) + " (" + type + ")";
  if (const auto range = mib::range_text(object); !range.empty()) type += " " + range;
  line("syntax", type);
  std::string enums;
  for (const mib::EnumItem& item : object.enums())
    enums += (enums.empty() ? "" : " ") + std::string(item.label) + "(" + std::to_string(item.value) + ")";
  line("values", enums);
  line("access", std::string(to_string(object.access)));
  line("status", std::string(to_string(object.status)));
  line("units", std::string(object.units));
  line("display hint", std::string(object.hint));
  line("index", mib::index_text(object));
  if (const auto augments = object.augments()) line("augments", std::string(augments->name));
  line("default", std::string(object.default_value));
  std::string objects;
  for (const mib::NamedRef& ref : object.objects()) objects += (objects.empty() ? "" : ", ") + std::string(ref.name);
  line("objects", objects);
  for (const std::string_view text : split(object.description, '\n')) line("", std::string(text));
}

// The subtree in the order of its numbers; an object's name may stand beside others for one number.
void print_tree(const mib::Object& object, std::size_t depth, std::size_t limit, std::string& out) {
  const auto oid = object.oid();
  out += std::string(depth * 2, ' ') + (object.name.empty() ? "?" : escape_terminal(object.name)) + "(" +
         std::to_string(oid.empty() ? 0 : oid.back()) + ")";
  if (object.type != mib::Syntax::None)
    out += "  " + std::string(object.convention.empty() ? to_string(object.type) : object.convention);
  if (object.kind == mib::Kind::Row) out += "  [" + escape_terminal(mib::index_text(object)) + "]";
  if (object.kind == mib::Kind::Notification) out += "  notification";
  out += '\n';
  if (depth >= limit) return;
  for (const mib::Object& child : object.children()) print_tree(child, depth + 1, limit, out);
}

struct Linted {
  std::shared_ptr<const mib::Tree> tree;
  std::vector<mib::Problem> problems;    // of the paths
  std::vector<mib::ModuleInfo> modules;  // of the paths
};

bool below(const std::string& file, const std::vector<fs::path>& paths) {
  return std::any_of(paths.begin(), paths.end(), [&](const fs::path& path) {
    const std::string start = path.string();
    return file == start || (file.starts_with(start) && (start.ends_with('/') || file[start.size()] == '/'));
  });
}

// "2002-05-09" of "200205090000Z", "1996-05-09" of "9605090000Z" (RFC 2578 section 2).
std::string day_of(std::string_view updated) {
  const std::string whole = (updated.size() == 11 ? "19" : "") + std::string(updated);
  if (whole.size() != 13) return whole;
  return whole.substr(0, 4) + '-' + whole.substr(4, 2) + '-' + whole.substr(6, 2);
}

// The nearest in the same folder, else the file of the loaded module that has such a name.
std::string file_meant(const MibOptions& options, const fs::path& path) {
  std::error_code ec;
  std::vector<std::string> names;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  for (const auto& entry : fs::directory_iterator(folder, ec)) names.push_back(entry.path().filename().string());
  if (const auto near = meant(path.filename().string(), names); !near.empty()) return near;
  const auto tree = load(options);
  if (!tree) return {};
  names.clear();
  for (const mib::ModuleInfo& module : (*tree)->modules()) names.emplace_back(module.name);
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto near = nearest(path.string(), known);
  if (!near) return {};
  for (const mib::ModuleInfo& module : (*tree)->modules()) {
    if (module.name == *near) return "; the loaded module " + std::string(*near) + " is in " + std::string(module.file);
  }
  return {};
}

// Compiles the paths beside what is configured, into an image that nobody keeps.
Result<Linted> lint_paths(const MibOptions& options, const std::vector<fs::path>& paths) {
  BONGSU_TRY(const Share share, find_share());
  auto folders = folders_of(options);
  std::error_code ec;
  std::erase_if(folders, [&](const fs::path& folder) { return !fs::exists(folder, ec); });
  for (const fs::path& path : paths) {
    if (!fs::exists(path, ec))
      return Error{Code::NotFound, path.string() + ": there is no such file or folder" + file_meant(options, path)};
  }
  const fs::path images = cache_folder() / "mibs";
  fs::create_directories(images, ec);
  mib::CompileRequest request;
  request.folders = {share.mibs};
  request.folders.insert(request.folders.end(), paths.begin(), paths.end());
  request.folders.insert(request.folders.end(), folders.begin(), folders.end());
  request.image = images / ("lint-" + std::to_string(::getpid()) + ".image");
  request.compiler = share.mib_compiler;
  net::LiveProcesses processes;
  auto report = mib::compile(processes, request);
  fs::remove(request.image, ec);
  if (!report) return std::move(report).error();
  Linted out{report->tree, {}, {}};
  for (const mib::Problem& problem : report->tree->problems()) {
    if (problem.file.empty() || below(problem.file, paths)) out.problems.push_back(problem);
  }
  for (const mib::ModuleInfo& module : report->tree->modules()) {
    if (below(std::string(module.file), paths)) out.modules.push_back(module);
  }
  std::stable_sort(out.problems.begin(), out.problems.end(), [](const auto& a, const auto& b) {
    return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
  });
  return out;
}

}  // namespace

int mib_list(const MibOptions& options) {
  const auto tree = load(options);
  if (!tree) return failed(tree.error());
  const auto wanted = [&](std::string_view name) {
    return options.words.empty() || std::any_of(options.words.begin(), options.words.end(), [&](const std::string& word) {
             return to_lower(name).find(to_lower(word)) != std::string::npos;
           });
  };
  if (options.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("modules").begin_array();
    for (const mib::ModuleInfo& module : (*tree)->modules()) {
      if (wanted(module.name)) mib::append_module(json, module);
    }
    json.end_array().end_object();
    std::printf("%s\n", out.c_str());
    return 0;
  }
  Table table({"MODULE", "OBJECTS", "UPDATED", "FILE"});
  std::size_t shown = 0;
  for (const mib::ModuleInfo& module : (*tree)->modules()) {
    if (!wanted(module.name)) continue;
    ++shown;
    const bool whole = module.objects >= module.declared;
    table.row({std::string(module.name), std::to_string(module.objects) + (whole ? "" : " of " + std::to_string(module.declared)),
               day_of(module.last_updated), std::string(module.file)});
  }
  std::printf("%s%s\n", table.text().c_str(), counted(shown, "module").c_str());
  return shown == 0 ? 1 : 0;
}

int mib_show(const MibOptions& options) {
  const auto tree = load(options);
  if (!tree) return failed(tree.error());
  int code = 0;
  for (const std::string& word : options.words) {
    auto object = (*tree)->find(word);
    if (!object) {
      const auto oid = (*tree)->resolve(word);
      std::size_t used = 0;
      if (oid) object = (*tree)->find(oid->arcs(), &used);
      if (!oid) code = failed(oid.error());
      else if (!object) code = failed({Code::NotFound, "no loaded MIB has anything at " + oid->to_string()});
      if (!object) continue;
    }
    if (options.json) {
      std::string out;
      JsonWriter json(out);
      mib::append_object(json, *object, true);
      std::printf("%s\n", out.c_str());
    } else {
      print_object(*object);
    }
  }
  return code;
}

int mib_tree(const MibOptions& options) {
  const auto tree = load(options);
  if (!tree) return failed(tree.error());
  const std::string root = options.words.empty() ? "1.3.6.1" : options.words[0];
  const auto oid = (*tree)->resolve(root);
  if (!oid) return failed(oid.error());
  std::size_t used = 0;
  const auto object = (*tree)->find(oid->arcs(), &used);
  if (!object || used != oid->size()) return failed({Code::NotFound, "no loaded MIB has anything at " + oid->to_string()});
  std::string out;
  print_tree(*object, 0, static_cast<std::size_t>(options.depth), out);
  std::fwrite(out.data(), 1, out.size(), stdout);
  return 0;
}

int mib_dump(const MibOptions& options) {
  const auto tree = load(options);
  if (!tree) return failed(tree.error());
  std::string out;
  for (std::uint32_t i = 0; i < (*tree)->size(); ++i) {
    const mib::Object object = (*tree)->at(i);
    // What its name means: another revision's word for it is not told.
    const auto meant = (*tree)->find(std::string(object.module) + "::" + std::string(object.name));
    if (object.name.empty() || !meant || meant->number != i) continue;
    JsonWriter json(out);
    mib::append_object(json, object, false);
    out += '\n';
    if (out.size() < (1U << 20)) continue;
    std::fwrite(out.data(), 1, out.size(), stdout);
    out.clear();
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}

int mib_lint(const MibOptions& options) {
  const std::vector<fs::path> paths(options.words.begin(), options.words.end());
  const auto linted = lint_paths(options, paths);
  if (!linted) return failed(linted.error());
  const bool good = std::all_of(linted->problems.begin(), linted->problems.end(), [](const auto& p) { return p.warning; });
  if (options.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().member("ok", good).key("modules").begin_array();
    for (const mib::ModuleInfo& module : linted->modules) mib::append_module(json, module);
    json.end_array().key("problems").begin_array();
    for (const mib::Problem& problem : linted->problems) mib::append_problem(json, problem);
    json.end_array().end_object();
    std::printf("%s\n", out.c_str());
    return good ? 0 : 1;
  }
  print_report(linted->problems, linted->modules);
  return good ? 0 : 1;
}

}  // namespace bongsu::app
