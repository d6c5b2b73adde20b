// SPDX-License-Identifier: Apache-2.0
#include "agent/answer.h"

#include <algorithm>

#include "base/check.h"

namespace bongsu::agent {
namespace {

constexpr std::int32_t kNotWritable = 17;

}  // namespace

void Answerer::put(const Device& device, const ObjectTable& table, std::size_t at) {
  const ObjectTable::Object& object = table[at];
  if (object.moving) out_.add(table.name(object), device.read(object));
  else out_.add_raw(table.varbind(object));
  ++varbinds_;
}

// What comes after `place`, which moves on; false when nothing does.
bool Answerer::put_next(const Device& device, Place& place) {
  const ObjectTable& table = device.objects();
  if (table.endless()) {
    std::vector<std::uint8_t> name;
    if (const std::size_t last = table.endless_after(place.last, name); last < table.size()) {
      const ObjectTable::Object& object = table[last];
      place.last = snmp::OidView(made_names_.emplace_back(std::move(name)));
      if (object.moving) {
        out_.add(place.last, device.read(object));
      } else {
        std::vector<snmp::VarbindView> fixed;
        BONGSU_CHECK(snmp::read_varbinds(table.varbind(object), fixed) == snmp::ber::Fault::None);
        out_.add(place.last, fixed[0].value);
      }
      ++varbinds_;
      return true;
    }
  }
  if (place.at >= table.size()) {
    out_.add(place.last, {.type = ValueType::EndOfMibView});
    ++varbinds_;
    return false;
  }
  put(device, table, place.at);
  place.last = table.name(table[place.at]);
  place.at = table.next(place.at);
  return true;
}

void Answerer::fail(std::int32_t status, std::size_t index) {
  head_.error_status = status;
  head_.error_index = static_cast<std::int32_t>(index);
}

void Answerer::echo(const snmp::MessageView& request) {
  out_.start();
  for (const snmp::VarbindView& varbind : request.varbinds) out_.add(varbind.name, varbind.value);
  varbinds_ = 0;
}

void Answerer::get(const snmp::MessageView& request, const Device& device, const Rules& rules) {
  const ObjectTable& table = device.objects();
  const bool v1 = request.version == snmp::Version::V1;
  for (std::size_t i = 0; i < request.varbinds.size() && !full(rules); ++i) {
    const snmp::OidView name = request.varbinds[i].name;
    const std::size_t at = table.find(name);
    if (at < table.size() && !(v1 && table[at].type == ValueType::Counter64)) {
      put(device, table, at);
    } else if (v1) {
      fail(snmp::kNoSuchName, i + 1);
      return echo(request);
    } else {
      out_.add(name, {.type = table.has_type_of(name) ? ValueType::NoSuchInstance : ValueType::NoSuchObject});
      ++varbinds_;
    }
  }
}

void Answerer::next(const snmp::MessageView& request, const Device& device, const Rules& rules) {
  const ObjectTable& table = device.objects();
  const bool v1 = request.version == snmp::Version::V1;
  for (std::size_t i = 0; i < request.varbinds.size() && !full(rules); ++i) {
    const snmp::OidView name = request.varbinds[i].name;
    Place place{table.after(name), name};
    // RFC 3584 section 4.2.2.1. A table that leads back to where it was is left at its end.
    for (std::size_t steps = 0; v1 && place.at < table.size() && table[place.at].type == ValueType::Counter64; ++steps) {
      place.at = steps < table.size() ? table.next(place.at) : table.size();
    }
    if (!put_next(device, place) && v1) {
      fail(snmp::kNoSuchName, i + 1);
      return echo(request);
    }
  }
}

void Answerer::bulk(const snmp::MessageView& request, const Device& device, const Rules& rules) {
  const ObjectTable& table = device.objects();
  const std::size_t overhead = snmp::Encoder::message_overhead(request.community);
  const std::size_t room = std::max(std::min(rules.octets, kMaxSize), overhead) - overhead;
  const auto names = request.varbinds;
  const std::size_t single = std::min<std::size_t>(static_cast<std::size_t>(std::max(request.non_repeaters(), 0)), names.size());
  const std::int32_t rounds = std::max(request.max_repetitions(), 0);
  bool fits = true, more = false;
  // False when it is the last: what does not fit is taken back.
  const auto put_one = [&](Place& place) {
    const std::size_t before = out_.size();
    more |= put_next(device, place);
    fits = out_.size() <= room;
    if (!fits) {
      out_.cut(before);
      --varbinds_;
    }
    return fits && !full(rules);
  };
  const auto all = [&] {
    for (std::size_t i = 0; i < single; ++i) {
      Place place{table.after(names[i].name), names[i].name};
      if (!put_one(place)) return;
    }
    columns_.clear();
    for (const snmp::VarbindView& varbind : names.subspan(single)) columns_.push_back({table.after(varbind.name), varbind.name});
    if (rules.columns_one_by_one) {
      for (Place& column : columns_) {
        for (std::int32_t row = 0; row < rounds; ++row) {
          if (!put_one(column)) return;
        }
      }
      return;
    }
    more = !columns_.empty();
    for (std::int32_t round = 0; more && round < rounds; ++round) {
      more = false;  // a round of endOfMibView alone is the last
      for (Place& column : columns_) {
        if (!put_one(column)) return;
      }
    }
  };
  all();
  if (!fits && varbinds_ == 0) fail(snmp::kTooBig, 0);  // a single object is larger than the limit
}

snmp::Octets Answerer::finish(const snmp::MessageView& request) {
  if (request.version == snmp::Version::V3) return out_.finish_pdu(head_);
  return out_.finish(request.version, request.community, head_);
}

snmp::Octets Answerer::answer(const snmp::MessageView& request, const Device& device, const Rules& rules) {
  const std::size_t limit = std::min(rules.octets, kMaxSize);
  head_ = {.type = snmp::PduType::Response, .request_id = request.request_id};
  varbinds_ = 0;
  made_names_.clear();
  out_.start();
  switch (request.type) {
    case snmp::PduType::GetRequest:
      get(request, device, rules);
      break;
    case snmp::PduType::GetNext:
      next(request, device, rules);
      break;
    case snmp::PduType::GetBulk:
      bulk(request, device, rules);
      break;
    case snmp::PduType::Set:
      if (!request.varbinds.empty()) fail(request.version == snmp::Version::V1 ? snmp::kNoSuchName : kNotWritable, 1);
      echo(request);
      break;
    default:
      return {};
  }
  snmp::Octets octets = finish(request);
  if (octets.size() <= limit) return octets;
  octets = refuse(request, snmp::kTooBig);
  return octets.size() <= limit ? octets : snmp::Octets{};
}

// RFC 3416 section 4.2.1: tooBig goes without varbinds; RFC 1157 section 4.1.2: with those of the request.
snmp::Octets Answerer::refuse(const snmp::MessageView& request, std::int32_t status, std::size_t index) {
  head_ = {.type = snmp::PduType::Response, .request_id = request.request_id};
  fail(status, index);
  if (status == snmp::kTooBig && request.version != snmp::Version::V1) out_.start();
  else echo(request);
  varbinds_ = 0;
  return finish(request);
}

}  // namespace bongsu::agent
