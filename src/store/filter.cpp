// SPDX-License-Identifier: Apache-2.0
#include "store/filter.h"

#include <algorithm>

namespace bongsu::store {
namespace {

constexpr std::size_t kHost = 2, kApp = 3;

}  // namespace

EventFilter::EventFilter(const EventQuery& query) : query_(query) {
  for (const std::string& word : query.words) {
    WordPattern pattern(word);
    if (pattern.empty()) continue;
    hashes_.insert(hashes_.end(), pattern.hashes().begin(), pattern.hashes().end());
    patterns_.push_back(std::move(pattern));
  }
  for (const EventQuery::Field& field : query.fields) {
    if (!field.value.empty()) hashes_.push_back(field_hash(field.name, field.value));
  }
  if (!query.device.empty()) hashes_.push_back(field_hash("device", query.device));
  std::sort(hashes_.begin(), hashes_.end());
  hashes_.erase(std::unique(hashes_.begin(), hashes_.end()), hashes_.end());
  if (query.kinds.empty()) return;
  kinds_ = 0;
  for (const EventKind kind : query.kinds) kinds_ = static_cast<std::uint8_t>(kinds_ | 1 << static_cast<int>(kind));
}

bool EventFilter::numbers(EventKind kind, Severity severity, int syslog_severity, Time received) const {
  if (query_.from && received < *query_.from) return false;
  if (query_.to && received >= *query_.to) return false;
  if (static_cast<int>(kind) > 7 || (kinds_ >> static_cast<int>(kind) & 1) == 0) return false;
  if (query_.min_severity && severity < *query_.min_severity) return false;
  return !query_.max_syslog_severity || (syslog_severity >= 0 && syslog_severity <= *query_.max_syslog_severity);
}

bool EventFilter::members(const std::array<std::string_view, 6>& values) const {
  return query_.device.empty() || values[0] == query_.device;
}

bool EventFilter::has_field(const EventQuery::Field& field, const std::array<std::string_view, 6>& members,
                            std::span<const Pair> fields) const {
  bool there = false;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (kMemberFields[i] != field.name || members[i].empty()) continue;
    there = true;
    if (members[i] == field.value) return true;
  }
  for (const auto& [name, value] : fields) {
    if (name != field.name) continue;
    there = true;
    if (value == field.value) return true;
  }
  return !there && field.value.empty();
}

bool EventFilter::rest(const std::array<std::string_view, 6>& members, std::string_view text, std::span<const Pair> fields) {
  for (const EventQuery::Field& field : query_.fields) {
    if (!has_field(field, members, fields)) return false;
  }
  if (patterns_.empty()) return true;
  folded_.assign(text);
  const auto elsewhere = [&](const WordPattern& pattern) {
    for (const std::size_t place : {kHost, kApp}) {
      if (!members[place].empty() && pattern.occurs_in(other_.assign(members[place]))) return true;
    }
    return std::any_of(fields.begin(), fields.end(),
                       [&](const Pair& field) { return pattern.occurs_in(other_.assign(field.second)); });
  };
  return std::all_of(patterns_.begin(), patterns_.end(),
                     [&](const WordPattern& pattern) { return pattern.occurs_in(folded_.view()) || elsewhere(pattern); });
}

bool EventFilter::operator()(const Event& event) {
  if (!numbers(event.kind, event.severity, event.syslog_severity, event.received)) return false;
  std::array<std::string_view, 6> values;
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = event.*kMembers[i];
  if (!members(values)) return false;
  if (!needs_rest()) return true;
  pairs_.assign(event.fields.begin(), event.fields.end());
  return rest(values, event.text, pairs_);
}

}  // namespace bongsu::store
