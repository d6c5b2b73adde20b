// SPDX-License-Identifier: Apache-2.0
#include "store/filter.h"

#include <algorithm>

#include "base/text.h"

namespace bongsu::store {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool holds(std::string_view text, std::string_view lower_word) {
  return std::search(text.begin(), text.end(), lower_word.begin(), lower_word.end(),
                     [](char a, char b) { return lower(a) == b; }) != text.end();
}

}  // namespace

EventFilter::EventFilter(const EventQuery& query) : query_(query) {
  for (const std::string& word : query.words) {
    if (!word.empty()) words_.push_back(to_lower(word));
  }
}

bool EventFilter::operator()(const Event& event) const {
  if (query_.from && event.received < *query_.from) return false;
  if (query_.to && event.received >= *query_.to) return false;
  if (query_.kind && event.kind != *query_.kind) return false;
  if (!query_.device.empty() && event.device != query_.device) return false;
  if (query_.min_severity && event.severity < *query_.min_severity) return false;
  if (query_.max_syslog_severity && (event.syslog_severity < 0 || event.syslog_severity > *query_.max_syslog_severity))
    return false;
  return std::all_of(words_.begin(), words_.end(), [&](const std::string& word) {
    return holds(event.text, word) || holds(event.app, word) || holds(event.host, word);
  });
}

}  // namespace bongsu::store
