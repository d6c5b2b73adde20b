// SPDX-License-Identifier: Apache-2.0
#include "agent/answer.h"

#include <algorithm>

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

void Answerer::put_next(const Device& device, std::size_t at, snmp::OidView asked) {
  const ObjectTable& table = device.objects();
  if (at < table.size()) return put(device, table, at);
  out_.add(asked, {.type = ValueType::EndOfMibView});
  ++varbinds_;
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

void Answerer::get(const snmp::MessageView& request, const Device& device) {
  const ObjectTable& table = device.objects();
  const bool v1 = request.version == snmp::Version::V1;
  for (std::size_t i = 0; i < request.varbinds.size(); ++i) {
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

void Answerer::next(const snmp::MessageView& request, const Device& device) {
  const ObjectTable& table = device.objects();
  const bool v1 = request.version == snmp::Version::V1;
  for (std::size_t i = 0; i < request.varbinds.size(); ++i) {
    const snmp::OidView name = request.varbinds[i].name;
    std::size_t at = table.after(name);
    while (v1 && at < table.size() && table[at].type == ValueType::Counter64) ++at;  // RFC 3584 section 4.2.2.1
    if (v1 && at == table.size()) {
      fail(snmp::kNoSuchName, i + 1);
      return echo(request);
    }
    put_next(device, at, name);
  }
}

void Answerer::bulk(const snmp::MessageView& request, const Device& device, std::size_t limit) {
  const ObjectTable& table = device.objects();
  const std::size_t overhead = snmp::Encoder::message_overhead(request.community);
  const std::size_t room = limit > overhead ? limit - overhead : 0;
  const auto names = request.varbinds;
  const std::size_t single = std::min<std::size_t>(static_cast<std::size_t>(std::max(request.non_repeaters(), 0)), names.size());
  // False when it did not fit: what was added last is taken back.
  const auto fits = [&](std::size_t before) {
    if (out_.size() <= room) return true;
    out_.cut(before);
    --varbinds_;
    return false;
  };
  const auto all = [&] {
    for (std::size_t i = 0; i < single; ++i) {
      const std::size_t before = out_.size();
      put_next(device, table.after(names[i].name), names[i].name);
      if (!fits(before)) return;
    }
    columns_.clear();
    for (const snmp::VarbindView& varbind : names.subspan(single)) columns_.push_back({table.after(varbind.name), varbind.name});
    bool more = !columns_.empty();
    for (std::int32_t round = 0; more && round < request.max_repetitions(); ++round) {
      more = false;  // a round of endOfMibView alone is the last
      for (Column& column : columns_) {
        const std::size_t before = out_.size();
        put_next(device, column.at, column.last);
        if (!fits(before)) return;
        if (column.at < table.size()) {
          column.last = table.name(table[column.at]);
          ++column.at;
          more = true;
        }
      }
    }
  };
  all();
  const bool wanted = single > 0 || (names.size() > single && request.max_repetitions() > 0);
  if (wanted && varbinds_ == 0) fail(snmp::kTooBig, 0);  // a single object is larger than the limit
}

snmp::Octets Answerer::answer(const snmp::MessageView& request, const Device& device, std::size_t limit) {
  limit = std::min(limit, kMaxSize);
  head_ = {.type = snmp::PduType::Response, .request_id = request.request_id};
  varbinds_ = 0;
  out_.start();
  switch (request.type) {
    case snmp::PduType::GetRequest:
      get(request, device);
      break;
    case snmp::PduType::GetNext:
      next(request, device);
      break;
    case snmp::PduType::GetBulk:
      bulk(request, device, limit);
      break;
    case snmp::PduType::Set:
      if (!request.varbinds.empty()) fail(request.version == snmp::Version::V1 ? snmp::kNoSuchName : kNotWritable, 1);
      echo(request);
      break;
    default:
      return {};
  }
  snmp::Octets octets = out_.finish(request.version, request.community, head_);
  if (octets.size() <= limit) return octets;
  // RFC 3416 section 4.2.1: without varbinds; RFC 1157 section 4.1.2: with those of the request.
  fail(snmp::kTooBig, 0);
  if (request.version == snmp::Version::V1) echo(request);
  else out_.start();
  varbinds_ = 0;
  octets = out_.finish(request.version, request.community, head_);
  return octets.size() <= limit ? octets : snmp::Octets{};
}

}  // namespace bongsu::agent
