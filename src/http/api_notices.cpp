// SPDX-License-Identifier: Apache-2.0
// Notices: the channels that they leave by, a test of one, and what was told about an alarm and why.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"
#include "http/router.h"

namespace bongsu::http {
namespace {

Reply channel_list(const Call& call) {
  std::string body;
  JsonWriter json(body);
  const auto time = [&](std::string_view name, const std::optional<Time>& at) {
    json.key(name);
    if (at) json.value(*at);
    else json.null();
  };
  json.begin_object().key("channels").begin_array();
  for (const notify::ChannelState& channel : call.sources.channels()) {
    json.begin_object().member("name", channel.name).member("type", channel.type);
    json.member("waiting", static_cast<std::uint64_t>(channel.waiting));
    time("last_sent", channel.last_sent);
    time("last_failed", channel.last_failed);
    json.member("problem", channel.problem).end_object();
  }
  json.end_array().end_object();
  body += '\n';
  return {.body = std::move(body)};
}

Reply test_channel(const Call& call) {
  const auto shallow = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) { return depth <= 2; };
  const auto json = nlohmann::json::parse(call.body, shallow, false);
  const auto text = [&](const char* key) -> std::optional<std::string> {
    if (!json.contains(key)) return std::string();
    return json[key].is_string() ? std::optional(json[key].get<std::string>()) : std::nullopt;
  };
  const bool object = json.is_object();
  const auto channel = object ? text("channel") : std::nullopt;
  const auto person = object ? text("person") : std::nullopt;
  if (!channel || channel->empty() || !person)
    return problem(400, "invalid", "the body names no channel", "send {\"channel\": \"mail\", \"person\": \"ops\"}");
  if (const Status sent = call.sources.test_channel(*channel, *person); !sent)
    return problem(sent.error(), "nothing else was sent or changed; GET /api/v1/channels lists the channels");
  return {.body = "{\"sent\":true}\n"};
}

Reply explain(const Call& call) {
  const auto id = parse_unsigned(call.name);
  if (!id) return problem(400, "invalid", "an alarm's id is a number", "take \"id\" of /api/v1/alarms");
  const auto alarm = call.sources.alarms.alarm(*id);
  if (!alarm) return problem(404, "not_found", fmt::format("there is no alarm {}", *id), "/api/v1/alarms?state=all lists them");
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("alarm", *id).key("lines").begin_array();
  for (const std::string& line : call.sources.explain_notices(*alarm)) json.value(line);
  json.end_array().end_object();
  body += '\n';
  return {.body = std::move(body)};
}

}  // namespace

std::vector<Route> notice_routes(const Sources& sources) {
  std::vector<Route> routes;
  if (sources.explain_notices)
    routes.push_back({"GET",
                      "/api/v1/alarms/{id}/notices",
                      "What each route did about an alarm, or why it did nothing, in words",
                      {},
                      explain,
                      Route::Shape::Json,
                      "Explanation",
                      {404}});
  if (sources.channels)
    routes.push_back({"GET",
                      "/api/v1/channels",
                      "The channels that notices leave by, and how they fare",
                      {},
                      channel_list,
                      Route::Shape::Json,
                      "ChannelList"});
  if (sources.test_channel)
    routes.push_back({"POST",
                      "/api/v1/channels/test",
                      "Sends a test message and waits for the service's answer: {\"channel\": name, \"person\": name or absent}",
                      {},
                      test_channel,
                      Route::Shape::Json,
                      "ChannelTest",
                      {403, 404, 409, 415, 504},
                      "channel"});
  return routes;
}

}  // namespace bongsu::http
