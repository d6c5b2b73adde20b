// SPDX-License-Identifier: Apache-2.0
// Who is connected with whom, and what stands on the way to what.
#include "http/router.h"
#include "http/view.h"

namespace bongsu::http {
namespace {

void write_node(JsonWriter& json, const DeviceState& device, const topology::View& view) {
  json.begin_object().member("name", device.name).member("state", up_word(device.up)).key("distance");
  const auto at = view.placed.find(device.name);
  if (at == view.placed.end()) json.null();
  else json.value(static_cast<std::uint64_t>(at->second.distance));
  write_parents(json, device);
  json.end_object();
}

void write_evidence(JsonWriter& json, const topology::Evidence& one) {
  json.begin_object().member("device", one.device).member("protocol", one.protocol).member("port", one.port);
  json.member("remote_port", one.remote_port).member("first_seen", one.first_seen).member("last_seen", one.last_seen);
  json.member("missing", one.missing).end_object();
}

Reply topology(const Call& call) {
  const topology::View view = call.sources.topology();
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("root");
  if (view.root.empty()) json.null();
  else json.value(view.root);
  json.member("reason", view.reason).key("nodes").begin_array();
  for (const DeviceState& device : call.sources.devices.devices()) write_node(json, device, view);
  json.end_array().key("links").begin_array();
  for (const topology::Link& link : view.links) {
    json.begin_object().member("a", link.a).member("b", link.b).key("evidence").begin_array();
    for (const topology::Evidence& one : link.evidence) write_evidence(json, one);
    json.end_array().end_object();
  }
  json.end_array().key("neighbors").begin_object();
  json.member("unknown", static_cast<std::uint64_t>(view.unknown));
  json.member("ambiguous", static_cast<std::uint64_t>(view.ambiguous)).end_object().key("ambiguous").begin_array();
  for (const topology::Doubt& one : view.doubts) {
    json.begin_object().member("device", one.device).member("port", one.port).member("neighbor", one.neighbor);
    json.key("candidates").begin_array();
    for (const std::string& name : one.candidates) json.value(name);
    json.end_array().end_object();
  }
  json.end_array().end_object();
  body += '\n';
  return {.body = std::move(body)};
}

}  // namespace

std::vector<Route> topology_routes(const Sources& sources) {
  if (!sources.topology) return {};
  return {{"GET",
           "/api/v1/topology",
           "Links between devices with their evidence, the root, and the parents of each device; \"reason\" says why there is no "
           "root, and with that no discovered parents",
           {},
           topology,
           Route::Shape::Json,
           "Topology",
           {}}};
}

}  // namespace bongsu::http
