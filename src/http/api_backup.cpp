// SPDX-License-Identifier: Apache-2.0
// Backups of the store. Who may speak to the daemon at all may ask for one: it listens on loopback alone.
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "http/router.h"

namespace bongsu::http {
namespace {

Reply backup_state(const Call& call) {
  const BackupState state = call.sources.backup();
  std::string body;
  JsonWriter json(body);
  const auto time = [&](std::string_view name, const std::optional<Time>& at) {
    json.key(name);
    if (at) json.value(*at);
    else json.null();
  };
  json.begin_object().member("state", state.state).member("dir", state.dir).member("step", state.step);
  json.member("share", state.share).member("error", state.error);
  time("started", state.started);
  time("ended", state.ended);
  json.member("series", state.series).member("samples", state.samples).member("logs", state.logs);
  json.member("events", state.events).member("octets", state.octets).end_object();
  body += '\n';
  return {.body = std::move(body)};
}

Reply start_backup(const Call& call) {
  constexpr std::size_t kMostOctets = 4096;
  const auto shallow = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) { return depth <= 2; };
  const auto json = nlohmann::json::parse(call.body, shallow, false);
  const bool good = json.is_object() && json.size() == 1 && json.contains("dir") && json["dir"].is_string();
  if (!good || json["dir"].get_ref<const std::string&>().size() > kMostOctets)
    return problem(400, "invalid", "the body names no folder", "send {\"dir\": \"/backup/2026-11-23\"}");
  if (const Status begun = call.sources.back_up(json["dir"].get_ref<const std::string&>()); !begun)
    return problem(begun.error(), "GET /api/v1/backup tells how far it is");
  return backup_state(call);
}

}  // namespace

std::vector<Route> backup_routes(const Sources& sources) {
  if (!sources.back_up || !sources.backup) return {};
  return {{"GET",
           "/api/v1/backup",
           "The last backup of the store, and how far it is",
           {},
           backup_state,
           Route::Shape::Json,
           "Backup"},
          {"POST",
           "/api/v1/backup",
           "Begins a backup of the store into a new folder of this machine: {\"dir\": absolute path}",
           {},
           start_backup,
           Route::Shape::Json,
           "Backup",
           {403, 409, 415},
           "dir"}};
}

}  // namespace bongsu::http
