// SPDX-License-Identifier: Apache-2.0
// Items, people, routes and remedies set while running, beside what files say.
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "http/router.h"

namespace bongsu::http {
namespace {

using Kind = ParamSpec::Kind;

constexpr std::string_view kHint = "nothing was changed; rules/README.md and README.md explain each key";

struct PartPaths {
  std::string_view part;
  std::string_view list;
  std::string_view one;
};
constexpr PartPaths kPartPaths[] = {{"items", "/api/v1/items", "/api/v1/items/{name}"},
                                    {"people", "/api/v1/people", "/api/v1/people/{name}"},
                                    {"routes", "/api/v1/routes", "/api/v1/routes/{name}"},
                                    {"remedies", "/api/v1/remedies", "/api/v1/remedies/{name}"}};

void write_entry(JsonWriter& json, const Entry& entry) {
  json.begin_object().member("name", entry.name).key("value").raw(entry.value).key("here");
  if (entry.here.empty()) json.null();
  else json.raw(entry.here);
  json.end_object();
}

Reply entry_list(const Call& call, std::string_view part) {
  const auto all = call.sources.entries(part);
  if (!all) return problem(all.error(), "bongsu check names each mistake in the files");
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("entries").begin_array();
  for (const Entry& entry : *all) write_entry(json, entry);
  json.end_array().end_object();
  body += '\n';
  return {.body = std::move(body)};
}

Reply one_entry(const Call& call, std::string_view part) {
  const auto all = call.sources.entries(part);
  if (!all) return problem(all.error(), "bongsu check names each mistake in the files");
  const auto found = std::find_if(all->begin(), all->end(), [&](const Entry& one) { return one.name == call.name; });
  if (found == all->end())
    return problem(404, "not_found", fmt::format("{} has no \"{}\"", part, to_valid_utf8(call.name.substr(0, 200))),
                   fmt::format("/api/v1/{} lists them", part));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("entry");
  write_entry(json, *found);
  json.end_object();
  body += '\n';
  return {.body = std::move(body)};
}

Reply set_entry(const Call& call, std::string_view part, bool away) {
  const bool dry = call.params.text("dry_run") == "true";
  std::optional<std::string> text;
  if (!away) text = std::string(call.body);
  const auto changed = call.sources.set_entry(part, call.name, std::move(text), dry);
  if (!changed) return problem(changed.error(), kHint);
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("name", call.name).member("dry_run", dry).key("notes").begin_array();
  for (const std::string& note : changed->notes) json.value(note);
  json.end_array().end_object();
  body += '\n';
  return {.body = std::move(body)};
}

}  // namespace

std::vector<Route> overlay_routes(const Sources& sources) {
  if (!sources.entries || !sources.set_entry) return {};
  using Shape = Route::Shape;
  const ParamSpec dry{
      .name = "dry_run", .kind = Kind::Word, .about = "true: checks alone, and tells what would be", .words = {"false", "true"}};
  std::vector<Route> out;
  for (const auto& [part, list, one] : kPartPaths) {
    // How remedies fare stands at their list.
    if (part != "remedies") {
      out.push_back({"GET",
                     list,
                     "All of them, as files say them and as they were set here",
                     {},
                     [part = part](const Call& call) { return entry_list(call, part); },
                     Shape::Json,
                     "EntryList",
                     {503}});
    }
    out.push_back({"GET",
                   one,
                   "One, as files say it and as it was set here",
                   {},
                   [part = part](const Call& call) { return one_entry(call, part); },
                   Shape::Json,
                   "EntryAnswer",
                   {404, 503}});
    out.push_back(
        {"PUT",
         one,
         "Sets one as a file would say it, at once and without a restart; where a file sets the same key, the file wins",
         {dry},
         [part = part](const Call& call) { return set_entry(call, part, false); },
         Shape::Json,
         "EntryChange",
         {403, 415, 503}});
    out.back().takes = "EntryValue";
    out.push_back({"DELETE",
                   one,
                   "Takes away what was set here; what files say stays",
                   {dry},
                   [part = part](const Call& call) { return set_entry(call, part, true); },
                   Shape::Json,
                   "EntryChange",
                   {403, 404, 503}});
  }
  return out;
}

}  // namespace bongsu::http
