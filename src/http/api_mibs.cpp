// SPDX-License-Identifier: Apache-2.0
// MIB modules: what is loaded, and one more while running.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "http/router.h"
#include "mib/json.h"

namespace bongsu::http {
namespace {

struct Page {
  Page(const Call& call, std::size_t all)
      : from(static_cast<std::size_t>(std::min<std::uint64_t>(call.params.cursor_number("cursor").value_or(0), all))),
        to(std::min(all, from + call.params.count("limit"))),
        next(to < all ? encode_cursor('m', std::to_string(to)) : std::string()) {}
  std::size_t from, to;
  std::string next;
};

Reply whole(std::string body) {
  body += '\n';
  return {.body = std::move(body)};
}

Reply list(const Call& call) {
  const auto tree = call.sources.mibs();
  auto modules = tree->modules();
  const std::string word = to_lower(call.params.text("q"));
  std::erase_if(modules, [&](const mib::ModuleInfo& m) { return to_lower(m.name).find(word) == std::string::npos; });
  std::size_t errors = 0, warnings = 0;
  for (const mib::Problem& problem : tree->problems()) ++(problem.warning ? warnings : errors);
  const Page page(call, modules.size());
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("modules").begin_array();
  for (std::size_t i = page.from; i < page.to; ++i) mib::append_module(json, modules[i]);
  json.end_array().member("errors", static_cast<std::uint64_t>(errors)).member("warnings", static_cast<std::uint64_t>(warnings));
  write_next(json, page.next);
  json.end_object();
  return whole(std::move(body));
}

Reply one(const Call& call) {
  const auto tree = call.sources.mibs();
  const auto modules = tree->modules();
  const auto module = std::find_if(modules.begin(), modules.end(), [&](const auto& m) { return m.name == call.name; });
  if (module == modules.end())
    return problem(404, "not_found", fmt::format("no module \"{}\" is loaded", to_valid_utf8(call.name.substr(0, 200))),
                   "/api/v1/mibs lists those that are");
  std::vector<std::uint32_t> objects;
  for (std::uint32_t i = 0; i < tree->size(); ++i) {
    const mib::Object object = tree->at(i);
    if (object.module == module->name && !object.name.empty()) objects.push_back(i);
  }
  const Page page(call, objects.size());
  std::string body;
  JsonWriter json(body);
  mib::append_module(json.begin_object().key("module"), *module);
  json.key("problems").begin_array();
  for (const mib::Problem& problem : tree->problems()) {
    if (problem.file == module->file) mib::append_problem(json, problem);
  }
  json.end_array().key("objects").begin_array();
  for (std::size_t i = page.from; i < page.to; ++i) mib::append_object(json, tree->at(objects[i]), true);
  json.end_array();
  write_next(json, page.next);
  json.end_object();
  return whole(std::move(body));
}

Reply add(const Call& call) {
  if (call.body.empty())
    return problem(400, "invalid", "the body is empty", "send the text of a MIB module, or a ZIP archive of such texts");
  const std::string_view name = call.params.text("name");
  if (name.empty()) return problem(400, "invalid", "the parameter name is missing", "send it to /api/v1/mibs?name=ACME-MIB.txt");
  const auto added = call.sources.add_mib(name, call.body, call.params.text("load") != "no");
  if (!added) return problem(added.error(), "the modules that were loaded stay as they are");
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("loaded", added->tree != nullptr).key("modules").begin_array();
  const auto mine = [&](std::string_view file) {
    const std::string start = added->file.string();
    return file.starts_with(start) && (file.size() == start.size() || file[start.size()] == '/');
  };
  if (added->tree) {
    for (const mib::ModuleInfo& module : added->tree->modules()) {
      if (mine(module.file)) mib::append_module(json, module);
    }
  }
  json.end_array().key("problems").begin_array();
  if (added->tree) {
    for (const mib::Problem& problem : added->tree->problems()) {
      if (mine(problem.file)) mib::append_problem(json, problem);
    }
  }
  json.end_array().key("devices").begin_array();
  for (const std::string& device : added->devices) json.value(device);
  json.end_array().end_object();
  return whole(std::move(body));
}

Reply remove(const Call& call) {
  const std::string_view name = call.params.text("name");
  if (name.empty())
    return problem(400, "invalid", "the parameter name is missing", "name what was added: a file, folder, archive or module");
  const auto removed = call.sources.remove_mib(name);
  if (!removed) return problem(removed.error(), "the modules that were loaded stay as they are");
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("removed").begin_array();
  for (const std::string& file : *removed) json.value(file);
  json.end_array().end_object();
  return whole(std::move(body));
}

}  // namespace

std::vector<Route> mib_routes(const Sources& sources) {
  if (!sources.mibs) return {};
  using Kind = ParamSpec::Kind;
  const ParamSpec limit{.name = "limit", .kind = Kind::Count, .about = "most rows in the answer", .high = 1'000, .usual = 100};
  const ParamSpec cursor{.name = "cursor", .kind = Kind::Cursor, .about = "\"next\" of the page before", .mark = 'm'};
  std::vector<Route> routes;
  routes.push_back({"GET",
                    "/api/v1/mibs",
                    "Loaded MIB modules by name, and how many problems there were with them",
                    {{.name = "q", .about = "a part of the module's name", .example = "HOST"}, limit, cursor},
                    list,
                    Route::Shape::Json,
                    "ModuleList"});
  if (sources.add_mib)
    routes.push_back({"POST",
                      "/api/v1/mibs",
                      "Keeps a MIB file, or a ZIP archive of such files, and loads it while running. A file of the same name is "
                      "replaced. The answer tells of all files below the first part of the name",
                      {{.name = "name", .about = "its file name, a path with / where it has a folder", .example = "ACME-MIB.txt"},
                       {.name = "load",
                        .kind = Kind::Word,
                        .about = "no: only keep it, as the next file will load it too",
                        .words = {"yes", "no"}}},
                      add,
                      Route::Shape::Json,
                      "ModulesAdded",
                      {403, 422, 503},
                      {},
                      true});
  if (sources.remove_mib)
    routes.push_back({"DELETE",
                      "/api/v1/mibs",
                      "Takes away what was added, by the name of its file, folder or archive, or of a module in it; the other "
                      "modules are loaded again",
                      {{.name = "name", .about = "what goes", .example = "ACME-MIB.txt"}},
                      remove,
                      Route::Shape::Json,
                      "ModulesRemoved",
                      {403, 404, 409, 503}});
  routes.push_back({"GET",
                    "/api/v1/mibs/{name}",
                    "One module: its objects, and the problems with its file",
                    {limit, cursor},
                    one,
                    Route::Shape::Json,
                    "Module",
                    {404}});
  return routes;
}

}  // namespace bongsu::http
