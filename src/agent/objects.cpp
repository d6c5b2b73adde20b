// SPDX-License-Identifier: Apache-2.0
#include "agent/objects.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "snmp/codec.h"

namespace bongsu::agent {
namespace {

std::uint64_t hash_name(snmp::Octets octets) {
  std::uint64_t hash = 0x9e3779b97f4a7c15 ^ octets.size();
  while (!octets.empty()) {
    std::uint64_t word = 0;
    const std::size_t part = std::min<std::size_t>(octets.size(), 8);
    std::memcpy(&word, octets.data(), part);
    hash = (hash ^ word) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
    octets = octets.subspan(part);
  }
  return hash;
}

}  // namespace

std::size_t ObjectTable::find(snmp::OidView name) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash_name(name.octets()) & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
    if (this->name(objects_[slots_[slot] - 1]) == name) return slots_[slot] - 1;
  }
  return objects_.size();
}

std::size_t ObjectTable::after(snmp::OidView name) const {
  if (const std::size_t exact = find(name); exact != objects_.size()) return next(exact);
  const auto later = [this](snmp::OidView wanted, const Object& object) { return wanted < this->name(object); };
  return static_cast<std::size_t>(std::upper_bound(objects_.begin(), objects_.end(), name, later) - objects_.begin());
}

bool ObjectTable::has_type_of(snmp::OidView name) const {
  // Instances of one type are neighbours, so the type of `name`, if there is one, is that of the object before or after it.
  const std::size_t exact = find(name);
  if (exact != objects_.size()) return true;
  const std::size_t behind = after(name);
  const auto is_instance = [&](std::size_t at) {
    return at < objects_.size() &&
           name.starts_with(snmp::OidView(this->name(objects_[at]).octets().first(objects_[at].column_size)));
  };
  return is_instance(behind) || (behind > 0 && is_instance(behind - 1));
}

std::size_t ObjectTable::endless_after(snmp::OidView name, std::vector<std::uint8_t>& next_name) const {
  for (const std::size_t at : endless_) {
    const Object& last = objects_[at];
    const snmp::OidView column(this->name(last).octets().first(last.column_size));
    if (name < this->name(last) || !name.starts_with(column)) continue;
    const Oid before = name.to_oid();
    if (before.back() == UINT32_MAX) continue;
    std::vector<std::uint32_t> arcs(before.arcs().begin(), before.arcs().end());
    ++arcs.back();
    auto octets = snmp::encode_oid(Oid(std::move(arcs)));
    BONGSU_CHECK(octets);
    next_name = std::move(*octets);
    return at;
  }
  return objects_.size();
}

void ObjectTable::follow_with(std::size_t at, std::size_t then) {
  for (std::size_t i = next_.size(); i < objects_.size(); ++i) next_.push_back(i + 1);
  next_[at] = then;
}

ObjectTable::Builder::Builder(const ObjectTable& table, const Change& change) {
  std::vector<snmp::VarbindView> views;
  for (const Object& object : table.objects_) {
    Draft draft{.name = table.name(object).to_oid(), .instance = 1, .value = {}, .object = object};
    const Oid column = snmp::OidView(table.name(object).octets().first(object.column_size)).to_oid();
    draft.instance = draft.name.size() - column.size();
    if (!object.moving) {
      const snmp::Octets octets = table.varbind(object);
      const auto fault = snmp::read_varbinds(octets, views);
      BONGSU_CHECK(fault == snmp::ber::Fault::None && views.size() == 1);
      draft.value = views[0].value.to_value();
    }
    const Value before = draft.value;
    if (!change(draft.name, object.type, draft.value)) continue;
    if (object.moving && draft.value != before) draft.object = {};
    drafts_.push_back(std::move(draft));
  }
}

void ObjectTable::Builder::fixed(Oid name, Value value, std::size_t instance) {
  drafts_.push_back({std::move(name), instance, std::move(value), {}});
}

void ObjectTable::Builder::moving(Oid name, ValueType type, std::uint8_t source, std::size_t row, double weight) {
  Object object{.row = static_cast<std::uint16_t>(row), .source = source, .type = type, .moving = true, .weight = weight};
  drafts_.push_back({std::move(name), 1, {}, object});
}

ObjectTable ObjectTable::Builder::build() && {
  std::stable_sort(drafts_.begin(), drafts_.end(), [](const Draft& a, const Draft& b) { return a.name < b.name; });
  ObjectTable out;
  out.objects_.reserve(drafts_.size());
  snmp::Encoder encoder;
  for (std::size_t i = 0; i < drafts_.size(); ++i) {
    Draft& draft = drafts_[i];
    if (i + 1 < drafts_.size() && drafts_[i + 1].name == draft.name) continue;
    const auto name = snmp::encode_oid(draft.name);
    BONGSU_CHECK(name);
    Object object = draft.object;
    object.name_size = static_cast<std::uint16_t>(name->size());
    const std::size_t column_arcs = std::max<std::size_t>(2, draft.name.size() - std::min(draft.instance, draft.name.size()));
    const auto column = snmp::encode_oid(Oid(draft.name.arcs().first(column_arcs)));
    BONGSU_CHECK(column);
    object.column_size = static_cast<std::uint16_t>(column->size());
    object.octets_at = static_cast<std::uint32_t>(out.octets_.size());
    if (object.moving) {
      object.name_at = object.octets_at;
      out.octets_.insert(out.octets_.end(), name->begin(), name->end());
    } else {
      object.type = draft.value.type;
      encoder.start();
      BONGSU_CHECK(encoder.add({std::move(draft.name), std::move(draft.value)}));
      const snmp::Octets varbind = encoder.varbinds();
      const auto at = std::search(varbind.begin(), varbind.end(), name->begin(), name->end());
      object.name_at = object.octets_at + static_cast<std::uint32_t>(at - varbind.begin());
      out.octets_.insert(out.octets_.end(), varbind.begin(), varbind.end());
    }
    object.octets_size = static_cast<std::uint32_t>(out.octets_.size()) - object.octets_at;
    out.objects_.push_back(object);
  }
  drafts_.clear();
  std::size_t slots = 16;
  while (slots < out.objects_.size() * 2) slots *= 2;
  out.slots_.assign(slots, 0);
  for (std::size_t i = 0; i < out.objects_.size(); ++i) {
    std::size_t slot = hash_name(out.name(out.objects_[i]).octets()) & (slots - 1);
    while (out.slots_[slot] != 0) slot = (slot + 1) & (slots - 1);
    out.slots_[slot] = static_cast<std::uint32_t>(i + 1);
  }
  return out;
}

}  // namespace bongsu::agent
