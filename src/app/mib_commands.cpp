// SPDX-License-Identifier: Apache-2.0
// mib list, show, tree, dump, lint and add.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <set>

#include "app/ask.h"
#include "app/commands.h"
#include "app/mib_json.h"
#include "app/mibs.h"
#include "app/setup.h"
#include "app/table.h"
#include "base/text.h"
#include "mib/compile.h"

namespace bongsu::app {
namespace {

namespace fs = std::filesystem;

int failed(const Error& error) {
  std::fprintf(stderr, "bongsu: %s\n", escape_terminal(error.text).c_str());
  return 1;
}

// The folders of the configuration, then those of the command line.
Result<std::vector<fs::path>> folders_of(const MibOptions& options) {
  config::Problems problems;
  const auto file = options.config ? std::optional<fs::path>(*options.config) : usual_config();
  const auto config = file ? config::read_main(*file, problems) : std::optional(config::default_config());
  if (!config)
    return Error{Code::Invalid, problems.lines().empty() ? "the configuration cannot be read" : problems.lines().front()};
  std::vector<fs::path> folders = config->mibs;
  std::error_code ec;
  if (fs::exists(config->data / "mibs" / kAddedMibs, ec)) folders.push_back(config->data / "mibs" / kAddedMibs);
  folders.insert(folders.end(), options.mibs.begin(), options.mibs.end());
  return folders;
}

Result<std::shared_ptr<const mib::Tree>> load(const MibOptions& options) {
  BONGSU_TRY(const Share share, find_share());
  BONGSU_TRY(const auto folders, folders_of(options));
  return load_mibs(share, folders, cache_folder() / "mibs");
}

std::string counted(std::size_t count, const std::string& word) {
  return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
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
  if (const auto range = range_text(object); !range.empty()) type += " " + range;
  line("syntax", type);
  std::string enums;
  for (const mib::EnumItem& item : object.enums())
    enums += (enums.empty() ? "" : " ") + std::string(item.label) + "(" + std::to_string(item.value) + ")";
  line("values", enums);
  line("access", std::string(to_string(object.access)));
  line("status", std::string(to_string(object.status)));
  line("units", std::string(object.units));
  line("display hint", std::string(object.hint));
  line("index", index_text(object));
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
  if (object.kind == mib::Kind::Row) out += "  [" + escape_terminal(index_text(object)) + "]";
  if (object.kind == mib::Kind::Notification) out += "  notification";
  out += '\n';
  if (depth >= limit) return;
  for (const mib::Object& child : object.children()) print_tree(child, depth + 1, limit, out);
}

// A problem as a compiler shows it: the place, what is wrong and what was done, the line, and a mark under the word.
void print_problem(const mib::Problem& problem, std::map<std::string, std::vector<std::string>>& texts) {
  std::string where = problem.file;
  if (problem.line != 0) where += ":" + std::to_string(problem.line);
  if (problem.line != 0 && problem.column != 0) where += ":" + std::to_string(problem.column);
  std::printf("%s%s%s: %s\n", escape_terminal(where).c_str(), where.empty() ? "" : ": ",
              coloured(problem.warning ? "warning" : "error", problem.warning ? Severity::Caution : Severity::Danger).c_str(),
              escape_terminal(problem.text).c_str());
  if (problem.line == 0) return;
  auto held = texts.find(problem.file);
  if (held == texts.end()) {
    if (texts.size() > 8) texts.clear();
    std::vector<std::string> lines;
    std::ifstream text(problem.file, std::ios::binary);
    for (std::string line; lines.size() < 1'000'000 && std::getline(text, line);) lines.push_back(std::move(line));
    held = texts.emplace(problem.file, std::move(lines)).first;
  }
  if (problem.line > held->second.size()) return;
  std::string line = held->second[problem.line - 1];
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  if (line.size() > 200 || line.empty()) return;
  std::printf("%6u | %s\n", problem.line, escape_terminal(line).c_str());
  if (problem.column == 0 || problem.column > line.size()) return;
  std::string mark;
  for (std::size_t i = 0; i + 1 < problem.column; ++i) mark += line[i] == '\t' ? '\t' : ' ';
  std::size_t end = problem.column;
  const auto word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_'; };
  if (word(line[problem.column - 1])) {
    while (end < line.size() && word(line[end])) ++end;
  }
  std::printf("       | %s^%s\n", mark.c_str(), std::string(end - problem.column, '~').c_str());
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

// Compiles the paths beside what is configured, into an image that nobody keeps.
Result<Linted> lint_paths(const MibOptions& options, const std::vector<fs::path>& paths) {
  BONGSU_TRY(const Share share, find_share());
  BONGSU_TRY(auto folders, folders_of(options));
  std::error_code ec;
  std::erase_if(folders, [&](const fs::path& folder) { return !fs::exists(folder, ec); });
  for (const fs::path& path : paths) {
    if (!fs::exists(path, ec)) return Error{Code::NotFound, path.string() + ": there is no such file or folder"};
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

std::string summary(const Linted& linted) {
  std::size_t whole = 0, declared = 0, kept = 0;
  for (const mib::ModuleInfo& module : linted.modules) {
    whole += module.objects >= module.declared ? 1 : 0;
    declared += module.declared;
    kept += std::min(module.objects, module.declared);
  }
  const auto errors = static_cast<std::size_t>(
      std::count_if(linted.problems.begin(), linted.problems.end(), [](const auto& p) { return !p.warning; }));
  return counted(linted.modules.size(), "module") + ": " + std::to_string(whole) + " whole, " + std::to_string(kept) + " of " +
         counted(declared, "object") + " kept; " + counted(errors, "error") + ", " +
         counted(linted.problems.size() - errors, "warning");
}

void append_module(JsonWriter& json, const mib::ModuleInfo& module) {
  json.begin_object().member("name", module.name).member("file", module.file).member("last_updated", module.last_updated);
  json.member("declared", module.declared).member("objects", module.objects).end_object();
}

void append_problem(JsonWriter& json, const mib::Problem& problem) {
  json.begin_object().member("file", problem.file).member("line", problem.line).member("column", problem.column);
  json.member("severity", problem.warning ? "warning" : "error").member("text", problem.text).end_object();
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
      if (wanted(module.name)) append_module(json, module);
    }
    json.end_array().end_object();
    std::printf("%s\n", out.c_str());
    return 0;
  }
  Table table({"module", "objects", "updated", "file"});
  std::size_t shown = 0;
  for (const mib::ModuleInfo& module : (*tree)->modules()) {
    if (!wanted(module.name)) continue;
    ++shown;
    const bool whole = module.objects >= module.declared;
    table.row({std::string(module.name), std::to_string(module.objects) + (whole ? "" : " of " + std::to_string(module.declared)),
               std::string(module.last_updated), std::string(module.file)});
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
      append_object(json, *object, true);
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
    append_object(json, object, false);
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
    for (const mib::ModuleInfo& module : linted->modules) append_module(json, module);
    json.end_array().key("problems").begin_array();
    for (const mib::Problem& problem : linted->problems) append_problem(json, problem);
    json.end_array().end_object();
    std::printf("%s\n", out.c_str());
    return good ? 0 : 1;
  }
  std::map<std::string, std::vector<std::string>> texts;
  for (const mib::Problem& problem : linted->problems) print_problem(problem, texts);
  std::printf("%s\n", summary(*linted).c_str());
  return good ? 0 : 1;
}

}  // namespace bongsu::app
