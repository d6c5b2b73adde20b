// SPDX-License-Identifier: Apache-2.0
// Maintenance windows: while one is open, nobody is told of the alarms that it matches.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "http/router.h"

namespace bongsu::http {
namespace {

using Wish = nlohmann::json;

constexpr std::string_view kWishHint =
    "send {\"match\": {\"device\": \"web*\"}, \"for\": \"2h\"}; match takes device, item, tags and labels, and beside it may "
    "stand "
    "name, note, from, until, hours, zone";

void write_words(JsonWriter& json, std::string_view key, const std::vector<std::string>& words) {
  json.key(key).begin_array();
  for (const std::string& word : words) json.value(word);
  json.end_array();
}
void write_patterns(JsonWriter& json, std::string_view key, const std::map<std::string, std::vector<std::string>>& patterns) {
  json.key(key).begin_object();
  for (const auto& [name, words] : patterns) write_words(json, name, words);
  json.end_object();
}

void write_window(JsonWriter& json, const rule::Engine::WindowState& state) {
  const auto time = [&](std::string_view name, const std::optional<Time>& at) {
    json.key(name);
    if (at) json.value(*at);
    else json.null();
  };
  const rule::Window& window = state.window;
  json.begin_object().member("name", window.name).member("open", state.open).member("in_file", window.in_file);
  json.member("note", window.note).member("by", window.by);
  time("from", window.from);
  time("until", window.until);
  json.member("hours", window.match.hours.text()).member("zone", window.match.hours.zone());
  time("ends", state.ends);
  json.member("alarms", static_cast<std::uint64_t>(state.alarms)).key("match").begin_object();
  write_words(json, "device", window.match.devices);
  write_words(json, "item", window.match.items);
  write_patterns(json, "tags", window.match.tags);
  write_patterns(json, "labels", window.match.labels);
  json.end_object().end_object();
}

Reply window_list(const Call& call) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("windows").begin_array();
  for (const auto& state : call.sources.maintenance()) write_window(json, state);
  json.end_array().end_object();
  body += '\n';
  return {.body = std::move(body)};
}

Error not_taken(const std::string& what) { return {Code::Invalid, what}; }

Result<std::vector<std::string>> words_in(const Wish& value, const std::string& key) {
  std::vector<std::string> out;
  for (const Wish& one : value.is_array() ? value : Wish::array({value})) {
    if (!one.is_string()) return not_taken(key + " must be a text or a list of texts");
    out.push_back(one.get<std::string>());
  }
  return out;
}

Result<Match> match_in(const Wish& wish) {
  Match match;
  if (!wish.is_object()) return not_taken("match must be an object");
  for (const auto& [key, value] : wish.items()) {
    if (key == "device" || key == "item") {
      BONGSU_TRY(auto words, words_in(value, key));
      (key == "device" ? match.devices : match.items) = std::move(words);
    } else if ((key == "tags" || key == "labels") && value.is_object()) {
      for (const auto& [name, one] : value.items()) {
        BONGSU_TRY(auto words, words_in(one, name));
        (key == "tags" ? match.tags : match.labels).insert_or_assign(name, std::move(words));
      }
    } else {
      return not_taken("match." + key + " is not taken");
    }
  }
  return match;
}

Result<rule::Window> window_in(std::string_view body, Time now) {
  const auto shallow = [](int depth, Wish::parse_event_t, Wish&) { return depth <= 4; };
  const Wish wish = Wish::parse(body, shallow, false);
  if (!wish.is_object() || !wish.contains("match")) return not_taken("the body has no match");
  rule::Window window;
  window.by = "api";
  std::string hours = "always", zone;
  std::map<std::string, std::string> times;
  for (const auto& [key, value] : wish.items()) {
    if (key == "match") {
      BONGSU_TRY(window.match, match_in(value));
      continue;
    }
    if (!value.is_string()) return not_taken(key + " must be a text");
    const std::string text = value.get<std::string>();
    if (key == "name") window.name = text;
    else if (key == "note") window.note = text;
    else if (key == "hours") hours = text;
    else if (key == "zone") zone = text;
    else if (key == "from" || key == "until" || key == "for") times[key] = text;
    else return not_taken(key + " is not taken");
  }
  constexpr std::size_t kMostOctets = 200;
  if (window.name.size() > kMostOctets || window.note.size() > 10 * kMostOctets ||
      window.name.find_first_of("/\r\n\"") != std::string::npos)
    return not_taken("the name is too long or no plain word, or the note too long");
  BONGSU_TRY(window.match.hours, WeekHours::parse(hours, zone));
  for (const auto& [key, text] : times) {  // "for" comes before "from"
    if (key == "for") continue;
    BONGSU_TRY(const Time at, parse_local(text, zone).context(key));
    (key == "from" ? window.from : window.until) = at;
  }
  if (const auto span = times.find("for"); span != times.end()) {
    BONGSU_TRY(const Millis length, parse_duration(span->second).context("for"));
    if (window.until) return not_taken("for and until stand both; keep one");
    if (!window.from) window.from = now;
    window.until = *window.from + length;
  }
  return window;
}

// Names that fit nothing there is. They are taken, since it may come; but a slip would be found at the wrong hour.
std::vector<std::string> strangers_in(const Match& match, const Sources& from) {
  std::vector<std::string> notes;
  const auto look = [&](std::string_view what, const std::vector<std::string>& patterns, const std::vector<std::string>& known) {
    const std::vector<std::string_view> names(known.begin(), known.end());
    for (const std::string& pattern : patterns) {
      if (std::any_of(names.begin(), names.end(), [&](std::string_view name) { return fits(pattern, name); })) continue;
      const auto near = nearest(pattern, names);
      notes.push_back("no " + std::string(what) + " is named \"" + to_valid_utf8(pattern) + "\" now" +
                      (near ? "; did you mean \"" + std::string(*near) + "\"?" : ""));
    }
  };
  std::vector<std::string> devices;
  for (const DeviceState& one : from.devices.devices()) devices.push_back(one.name);
  look("device", match.devices, devices);
  std::vector<std::string> items;
  if (const auto specs = from.items ? from.items() : nullptr) {
    for (const rule::ItemSpec& one : *specs) items.push_back(one.name);
    look("item", match.items, items);
  }
  return notes;
}

Reply begin_window(const Call& call) {
  auto window = window_in(call.body, call.sources.clock.now());
  if (!window) return problem(window.error(), kWishHint);
  const std::vector<std::string> notes = strangers_in(window->match, call.sources);
  const auto name = call.sources.begin_maintenance(*std::move(window));
  if (!name) return problem(name.error(), kWishHint);
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("name", *name);
  write_words(json, "notes", notes);
  json.end_object();
  body += '\n';
  return {.body = std::move(body)};
}

Reply end_window(const Call& call) {
  if (const Status ended = call.sources.end_maintenance(call.name); !ended)
    return problem(ended.error(), "GET /api/v1/maintenance lists the windows");
  return {.body = "{\"ended\":true}\n"};
}

}  // namespace

std::vector<Route> maintenance_routes(const Sources& sources) {
  if (!sources.maintenance || !sources.begin_maintenance || !sources.end_maintenance) return {};
  std::vector<Route> routes;
  routes.push_back({"GET",
                    "/api/v1/maintenance",
                    "Maintenance windows, of the configuration and set here",
                    {},
                    window_list,
                    Route::Shape::Json,
                    "WindowList"});
  routes.push_back({"POST",
                    "/api/v1/maintenance",
                    "Sets a window: what it matches, and from when until when, for how long, or in which hours",
                    {},
                    begin_window,
                    Route::Shape::Json,
                    "WindowName",
                    {403, 409, 415, 503}});
  routes.back().takes = "WindowWish";
  routes.push_back({"DELETE",
                    "/api/v1/maintenance/{name}",
                    "Ends a window that was set here",
                    {},
                    end_window,
                    Route::Shape::Json,
                    "WindowEnd",
                    {403, 404, 409, 503}});
  return routes;
}

}  // namespace bongsu::http
