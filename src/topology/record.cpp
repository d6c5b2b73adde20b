// SPDX-License-Identifier: Apache-2.0
#include "topology/record.h"

#include "model/record.h"

namespace bongsu::topology {
namespace {

constexpr std::uint8_t kVersion = 2;

}  // namespace

std::string encode(const Told& told) {
  RecordWriter out(kVersion);
  out.number(told.own.size());
  for (const auto& [table, identifiers] : told.own) {
    out.text(table);
    out.number(identifiers.size());
    for (const Identifier& one : identifiers) {
      out.octet(static_cast<unsigned>(one.kind));
      out.text(one.text);
    }
  }
  out.number(told.seen.size());
  for (const auto& [key, sighting] : told.seen) {
    out.text(std::get<0>(key));
    const Neighbor& neighbor = sighting.told;
    for (const std::string* part : {&neighbor.protocol, &neighbor.port, &neighbor.chassis, &neighbor.name, &neighbor.remote_port})
      out.text(*part);
    out.number(sighting.addresses.size());
    for (const std::string& address : sighting.addresses) out.text(address);
    out.time(sighting.first_seen);
    out.time(sighting.last_seen);
    out.optional_time(sighting.missing);
    out.number(sighting.missed);
  }
  out.flag(told.host);
  return out.take();
}

Result<Told> decode_told(std::string_view octets) {
  RecordReader in(octets, kVersion);
  Told told;
  for (auto tables = in.number(); tables > 0 && !in.failed(); --tables) {
    auto& identifiers = told.own[in.text()];
    for (auto left = in.number(); left > 0 && !in.failed(); --left) {
      const unsigned kind = in.octet();
      if (kind > static_cast<unsigned>(Identifier::Kind::Name)) in.fail();
      identifiers.push_back({static_cast<Identifier::Kind>(kind), in.text()});
    }
  }
  for (auto left = in.number(); left > 0 && !in.failed(); --left) {
    const std::string table = in.text();
    Sighting sighting;
    Neighbor& neighbor = sighting.told;
    for (std::string* part : {&neighbor.protocol, &neighbor.port, &neighbor.chassis, &neighbor.name, &neighbor.remote_port})
      *part = in.text();
    for (auto addresses = in.number(); addresses > 0 && !in.failed(); --addresses) sighting.addresses.insert(in.text());
    sighting.first_seen = in.time();
    sighting.last_seen = in.time();
    sighting.missing = in.optional_time();
    const std::uint64_t missed = in.number();
    if (missed > UINT32_MAX) in.fail();
    sighting.missed = static_cast<unsigned>(missed);
    told.seen.insert_or_assign(key_of(table, neighbor), std::move(sighting));
  }
  if (in.version() >= 2) told.host = in.flag();
  if (const Status end = in.end("topology"); !end) return end.error();
  return told;
}

SightingKey key_of(const std::string& table, const Neighbor& neighbor) {
  return {table, neighbor.port, neighbor.chassis.empty() ? neighbor.name : neighbor.chassis};
}

}  // namespace bongsu::topology
