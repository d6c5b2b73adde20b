// SPDX-License-Identifier: Apache-2.0
// Profiles that the MIB modules suggest, and their acceptance.
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "http/router.h"

namespace bongsu::http {
namespace {

Reply proposal(const Call& call) {
  const auto proposed = call.sources.propose(call.name, call.gone);
  if (!proposed) return problem(proposed.error(), "bongsu doctor tells what is wrong with a device's SNMP");
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("device", call.name).member("profile", proposed->profile).member("yaml", proposed->yaml);
  json.member("groups", static_cast<std::uint64_t>(proposed->groups));
  json.member("series", static_cast<std::uint64_t>(proposed->series)).key("notes").begin_array();
  for (const std::string& note : proposed->notes) json.value(note);
  json.end_array().end_object();
  body += '\n';
  return {.body = std::move(body)};
}

Reply accept(const Call& call) {
  const auto shallow = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) { return depth <= 2; };
  const auto json = nlohmann::json::parse(call.body, shallow, false);
  if (!json.is_object() || json.size() != 1 || !json.contains("profile") || !json["profile"].is_string())
    return problem(400, "invalid", "the body holds no profile", "send {\"profile\": the text of a file of rules/profiles/}");
  const auto name = call.sources.accept_profile(json["profile"].get_ref<const std::string&>());
  if (!name)
    return problem(name.error(), "the profiles that were loaded stay as they are; rules/profiles/README.md explains each key");
  std::string body;
  JsonWriter(body).begin_object().member("profile", *name).end_object();
  body += '\n';
  return {.body = std::move(body)};
}

}  // namespace

std::vector<Route> profile_routes(const Sources& sources) {
  if (!sources.propose || !sources.accept_profile) return {};
  return {{"GET",
           "/api/v1/devices/{name}/proposal",
           "Looks at the device now and proposes a profile for what its MIB modules name and no profile reads",
           {},
           proposal,
           Route::Shape::Json,
           "Proposal",
           {404, 503, 504}},
          {"POST",
           "/api/v1/profiles",
           "Keeps a profile and uses it from now on: {\"profile\": text of a file of rules/profiles/}",
           {},
           accept,
           Route::Shape::Json,
           "ProfileAccepted",
           {403, 415},
           "profile"}};
}

}  // namespace bongsu::http
