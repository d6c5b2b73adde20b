// SPDX-License-Identifier: Apache-2.0
// Drills: a fault that is none, followed to whoever is told of it.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "http/router.h"

namespace bongsu::http {
namespace {

constexpr std::string_view kDrillHint =
    "send {\"device\": \"web1\", \"item\": \"cpu_usage\"}, with \"level\" where it is not the worst, or {} for every route and "
    "channel";

void write_drill(JsonWriter& json, const Drill& drill) {
  json.begin_object().member("id", drill.id).member("device", drill.device).member("item", drill.item);
  json.member("started", drill.started).key("ended");
  if (drill.ended) json.value(*drill.ended);
  else json.null();
  json.member("good", drill.good).key("links").begin_array();
  for (const DrillLink& one : drill.links) {
    json.begin_object().member("link", one.link).member("what", one.what).member("state", one.state);
    json.member("text", one.text).end_object();
  }
  json.end_array().end_object();
}

Reply drill_answer(const Drill& drill) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("drill");
  write_drill(json, drill);
  json.end_object();
  body += '\n';
  return {.body = std::move(body)};
}

Reply drill_list(const Call& call) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("drills").begin_array();
  for (const Drill& drill : call.sources.drills()) write_drill(json, drill);
  json.end_array().end_object();
  body += '\n';
  return {.body = std::move(body)};
}

Reply one_drill(const Call& call) {
  const auto id = parse_unsigned(call.name);
  if (!id) return problem(400, "invalid", "a drill's id is a number", "take \"id\" of /api/v1/drills");
  const auto all = call.sources.drills();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Drill& one) { return one.id == *id; });
  if (found == all.end())
    return problem(404, "not_found", fmt::format("there is no drill {}", *id), "/api/v1/drills lists those of this run");
  return drill_answer(*found);
}

Result<DrillWish> drill_wish(std::string_view body) {
  const auto shallow = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) { return depth <= 2; };
  const auto json = nlohmann::json::parse(body, shallow, false);
  if (!json.is_object()) return Error{Code::Invalid, "the body is no JSON object"};
  DrillWish out;
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) return Error{Code::Invalid, key + " is no text"};
    const std::string text = value.get<std::string>();
    if (key == "device") {
      out.device = text;
    } else if (key == "item") {
      out.item = text;
    } else if (key == "level") {
      out.level = parse_severity(text);
      if (!out.level || *out.level < Severity::Harmless)
        return Error{Code::Invalid, "level is harmless, caution, danger, urgent or fatal"};
    } else {
      return Error{Code::Invalid, key + " is not taken"};
    }
  }
  if (out.item.empty() && (!out.device.empty() || out.level)) return Error{Code::Invalid, "no item is named"};
  return out;
}

Reply begin_drill(const Call& call) {
  const auto wish = drill_wish(call.body);
  if (!wish) return problem(wish.error(), kDrillHint);
  const auto drill = call.sources.begin_drill(*wish);
  return drill ? drill_answer(*drill) : problem(drill.error(), kDrillHint);
}

}  // namespace

std::vector<Route> drill_routes(const Sources& sources) {
  if (!sources.begin_drill || !sources.drills) return {};
  using Shape = Route::Shape;
  std::vector<Route> routes;
  routes.push_back({"GET", "/api/v1/drills", "The drills of this run, newest first", {}, drill_list, Shape::Json, "DrillList"});
  routes.push_back({"GET",
                    "/api/v1/drills/{id}",
                    "One drill: each link from the device to whoever is told, and back",
                    {},
                    one_drill,
                    Shape::Json,
                    "DrillAnswer",
                    {404}});
  routes.push_back({"POST",
                    "/api/v1/drills",
                    "Begins a drill: a fault that is none, told to whoever would be told of a true one, and its end",
                    {},
                    begin_drill,
                    Shape::Json,
                    "DrillAnswer",
                    {403, 404, 409, 415, 503}});
  routes.back().takes = "DrillWish";
  return routes;
}

}  // namespace bongsu::http
