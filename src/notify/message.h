// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "model/alarm_news.h"
#include "notify/spec.h"

namespace bongsu::notify {

enum class Reason : std::uint8_t {
  Raised = 1,
  Worse,
  Repeated,
  Escalated,
  Recovered,
  Test,
  Flapping,  // from news.before, the least of late, to its level
  Settled    // and stays open at its level
};
std::string_view to_string(Reason reason);  // "raised"

// One thing to say about one alarm.
struct Notice {
  Reason reason = Reason::Raised;
  AlarmNews news;
  friend bool operator==(const Notice&, const Notice&) = default;
};

// What one address gets at once: one notice, or several that arose together. Never empty.
struct Message {
  std::string key;     // the same again when it is sent again after a crash
  std::string person;  // empty for a room
  std::string address;
  std::vector<Notice> notices;
  std::string graph{};  // PNG: how the first one's value went; for e-mail alone, empty for none
};

// A message in words. Text of devices is in it as it came, with control characters taken out; each channel escapes it.
struct Words {
  std::string subject;  // one line
  std::string plain;
  std::string html;
  std::string brief;                  // one line of at most 160 characters
  Severity level = Severity::Normal;  // the worst that is open; Normal when all of it is over
};
// `zone` is for the times in it; `page` for links, empty for none.
Words words_of(const Message& message, Language language, std::string_view zone, std::string_view page);

// The whole message for machines: {"key", "at", "notices": [{"reason", "change", "at", "before", "by", "note", "alarm": {...}}]}.
std::string json_of(const Message& message, std::string_view page);

// At most `octets` octets, cut between characters, "..." at the end where something is missing.
std::string cut(std::string_view text, std::size_t octets);
// Without control characters and those that turn the direction of text; invalid UTF-8 becomes U+FFFD.
std::string one_line(std::string_view text);

// The text with each ${name} replaced. Names: subject, text, brief, level, device, item, title, value, unit, limit, since,
// reason, key, to, url, alarm (JSON), json (the whole message). `escape` is applied to each value. Error: Invalid, an unknown
// name.
Result<std::string> fill(std::string_view form, const Message& message, const Words& words, std::string_view page,
                         std::string (*escape)(std::string_view));
// Whether every name in it is known. Error: Invalid.
Status check_form(std::string_view form);

}  // namespace bongsu::notify
