// SPDX-License-Identifier: Apache-2.0
#include "syslog/parse.h"

#include <algorithm>

#include "model/severity.h"
#include "syslog/payload.h"
#include "syslog/timestamp.h"

namespace bongsu::syslog {
namespace {

constexpr std::size_t kMaxTag = 255;
constexpr std::size_t kMaxPreamble = 4;       // parts in front of a time: sequence number, host, sequence number
constexpr std::size_t kMnemonicWithin = 160;  // octets of the text in which a mnemonic may begin

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter_or_digit(char c) { return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool printable(char c) { return c > 32 && c < 127; }
bool all_digits(std::string_view word) { return !word.empty() && std::all_of(word.begin(), word.end(), digit); }
std::string_view without_nil(std::string_view word) { return word == "-" ? std::string_view() : word; }

void skip_spaces(std::string_view& in) { in.remove_prefix(std::min(in.find_first_not_of(' '), in.size())); }

std::string_view without_line_end(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == '\0')) text.remove_suffix(1);
  return text;
}

// "<0>" to "<191>". A leading zero is read and doubted; anything else is no PRI at all.
std::optional<int> take_pri(std::string_view& in, bool& clean) {
  const std::size_t end = in.substr(0, 5).find('>');
  if (end == std::string_view::npos || end < 2 || in[0] != '<') return std::nullopt;
  const std::string_view digits = in.substr(1, end - 1);
  if (!all_digits(digits)) return std::nullopt;
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  if (value > 191) return std::nullopt;
  if (digits.size() > 1 && digits[0] == '0') clean = false;
  in.remove_prefix(end + 1);
  return value;
}

// RFC 5424 section 6: VERSION and the beginning of a TIMESTAMP tell it from everything older.
bool looks_like_5424(std::string_view in) {
  std::size_t n = 0;
  while (n < in.size() && n < 4 && digit(in[n])) ++n;
  if (n == 0 || n > 3 || in[0] == '0' || in.size() < n + 3 || in[n] != ' ') return false;
  const std::string_view stamp = in.substr(n + 1);
  if (stamp.starts_with("- ")) return true;
  return stamp.size() > 4 && all_digits(stamp.substr(0, 4)) && stamp[4] == '-';
}

// One field of the header and the single space behind it.
std::string_view take_field(std::string_view& in, std::size_t most, bool& clean) {
  if (!in.empty() && in[0] == ' ') {
    clean = false;
    skip_spaces(in);
  }
  const std::size_t end = std::min(in.find(' '), in.size());
  const std::string_view field = in.substr(0, end);
  if (field.empty() || field.size() > most || !std::all_of(field.begin(), field.end(), printable)) clean = false;
  if (end == in.size()) clean = false;  // more must come
  in.remove_prefix(std::min(end + 1, in.size()));
  return without_nil(field);
}

std::size_t name_length(std::string_view in) {
  std::size_t n = 0;
  while (n < in.size() && printable(in[n]) && in[n] != '=' && in[n] != ']' && in[n] != '"') ++n;
  return n;
}

// PARAM-VALUE from behind its opening quote to behind the closing one (RFC 5424 section 6.3.3).
bool take_value(std::string_view& in, std::string& out) {
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] == '"') {
      in.remove_prefix(i + 1);
      return true;
    }
    if (in[i] == ']') return false;  // must be escaped
    if (in[i] == '\\' && i + 1 < in.size() && (in[i + 1] == '"' || in[i + 1] == '\\' || in[i + 1] == ']')) ++i;
    out += in[i];
  }
  return false;
}

bool take_element(std::string_view& in, std::vector<Message::Element>& out, bool& clean) {
  std::string_view rest = in.substr(1);  // behind the bracket
  const std::size_t id = name_length(rest);
  if (id == 0) return false;
  Message::Element element{rest.substr(0, id), {}};
  if (id > 32) clean = false;
  rest.remove_prefix(id);
  while (rest.starts_with(' ')) {
    rest.remove_prefix(1);
    const std::size_t name = name_length(rest);
    if (name == 0 || !rest.substr(name).starts_with("=\"")) return false;
    if (name > 32) clean = false;
    auto& param = element.params.emplace_back(rest.substr(0, name), std::string());
    rest.remove_prefix(name + 2);
    if (!take_value(rest, param.second)) return false;
  }
  if (!rest.starts_with(']')) return false;
  in = rest.substr(1);
  out.push_back(std::move(element));
  return true;
}

// Leaves `in` behind the structured data; what does not follow the grammar is left to the text, all of it.
void take_structured_data(std::string_view& in, Message& message) {
  const std::string_view start = in;
  if (in == "-" || in.starts_with("- ")) {
    in.remove_prefix(1);
  } else {
    bool good = in.starts_with('[');
    while (good && in.starts_with('[')) good = take_element(in, message.structured_data, message.clean);
    if (!good || (!in.empty() && in[0] != ' ')) {
      message.structured_data.clear();
      message.clean = false;
      in = start;
      return;
    }
  }
  if (!in.empty()) in.remove_prefix(1);
}

void take_host_and_tag(std::string_view& in, Message& message);

// True when it was RFC 5424. Some senders put its first fields before a text of their own, without the rest of the header; then
// everything behind the time is left in `in`.
bool parse_5424(std::string_view& in, Message& message) {
  message.format = Message::Format::Rfc5424;
  for (; in[0] != ' '; in.remove_prefix(1)) message.version = message.version * 10 + (in[0] - '0');
  if (message.version != 1) message.clean = false;
  in.remove_prefix(1);
  std::string_view after = in;
  if (const auto stamp = take_iso(after); stamp && after.starts_with(' ')) {
    message.time = stamp->at;
    message.clean = message.clean && stamp->strict;
    in = after.substr(1);
  } else if (!take_field(in, 32, message.clean).empty()) {
    message.clean = false;
  }
  const std::string_view behind_time = in;
  message.host = take_field(in, 255, message.clean);
  const bool whole_app = in.substr(0, 49).find(' ') != std::string_view::npos || in.size() <= 48;
  message.app = take_field(in, 48, message.clean);
  message.process = take_field(in, 128, message.clean);
  message.message_id = take_field(in, 32, message.clean);
  if (!whole_app || (!in.empty() && in[0] != '[' && in[0] != '-')) {
    in = behind_time;
    message.host = message.app = message.process = message.message_id = {};
    message.clean = false;
    return false;
  }
  if (in.empty()) message.clean = false;
  else take_structured_data(in, message);
  if (in.starts_with("\xef\xbb\xbf")) in.remove_prefix(3);
  message.text = without_line_end(in);
  return true;
}

bool host_like(std::string_view word) {
  return !word.empty() && word.size() <= 255 &&
         std::all_of(word.begin(), word.end(),
                     [](char c) {
                       return letter_or_digit(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '%' || c == ',' ||
                              static_cast<std::uint8_t>(c) >= 0x80;
                     }) &&
         word[0] != '%' && word[0] != ':';
}

// FACILITY-SEVERITY-MNEMONIC behind a percent sign, as Cisco's and Juniper's systems write it; "SYS-5-CONFIG_I".
std::string_view mnemonic_at(std::string_view in) {
  if (!in.starts_with('%')) return {};
  std::size_t n = 1;
  while (n < in.size() && n < 128 && (letter_or_digit(in[n]) || in[n] == '_' || in[n] == '-' || in[n] == '/')) ++n;
  if (n < in.size() && in[n] != ':' && in[n] != ' ') return {};
  const std::string_view word = in.substr(1, n - 1);
  const std::size_t last = word.rfind('-');
  if (last == std::string_view::npos || last < 3 || last + 1 == word.size()) return {};
  const bool severity = word[last - 1] >= '0' && word[last - 1] <= '7' && word[last - 2] == '-';
  return severity ? word : std::string_view();
}

std::string_view find_mnemonic(std::string_view text) {
  const std::string_view head = text.substr(0, kMnemonicWithin);
  for (std::size_t at = head.find('%'); at != std::string_view::npos; at = head.find('%', at + 1)) {
    if (at > 0 && head[at - 1] != ' ' && head[at - 1] != ':') continue;
    if (const auto found = mnemonic_at(text.substr(at)); !found.empty()) return found;
  }
  return {};
}

std::optional<Stamp> take_any_time(std::string_view& in, Time received) {
  if (auto stamp = take_legacy(in, received)) return stamp;
  return take_epoch(in);
}

// Cisco's time since the start, where no clock was set: 00:01:31, 1d02h, 3w4d, 1y2w.
bool uptime_like(std::string_view word) {
  return all_digits(word.substr(0, 1)) &&
         std::all_of(word.begin(), word.end(),
                     [](char c) { return digit(c) || c == ':' || c == 'h' || c == 'd' || c == 'w' || c == 'y'; }) &&
         word.find("::") == std::string_view::npos;
}

// What network devices put before the time: "45: ", "core-sw1: ", "RP/0/RSP0/CPU0:", ": ". Taken only when a time or a mnemonic
// follows; the last part that is no number names the host.
void take_preamble(std::string_view& in, Time received, Message& message, std::optional<Stamp>& stamp) {
  std::string_view rest = in;
  std::string_view host;
  for (std::size_t part = 0; part < kMaxPreamble; ++part) {
    if (rest.starts_with(':')) {
      rest.remove_prefix(1);
    } else {
      const std::size_t space = std::min(rest.find(' '), rest.size());
      const std::size_t colon = rest.substr(0, space).rfind(':');
      if (colon == std::string_view::npos || colon > kMaxTag) return;
      const std::string_view word = rest.substr(0, colon);
      if (!uptime_like(word) && host_like(word)) host = word;
      else if (!uptime_like(word) && word.find('/') == std::string_view::npos) return;
      rest.remove_prefix(colon + 1);
    }
    skip_spaces(rest);
    stamp = take_any_time(rest, received);
    if (stamp || !mnemonic_at(rest).empty()) {
      message.host = host;
      in = rest;
      return;
    }
  }
}

bool tag_char(char c) {
  constexpr std::string_view kRefused = "\"'{}<>=;|[]";
  return (printable(c) || static_cast<std::uint8_t>(c) >= 0x80) && kRefused.find(c) == std::string_view::npos;
}

struct Tag {
  std::string_view app, process, rest;
};

// "app:", "app[pid]:", and where `loose` also "app[pid] ". A colon ends the tag even without a space behind it.
std::optional<Tag> read_tag(std::string_view in, bool loose) {
  std::size_t n = 0;
  while (n < in.size() && n <= kMaxTag && in[n] != ':' && tag_char(in[n])) ++n;
  if (n == 0 || n > kMaxTag || n == in.size() || in[0] == '%' || all_digits(in.substr(0, n))) return std::nullopt;
  if (in.starts_with("CEF:") || in.starts_with("LEEF:")) return std::nullopt;  // the text's own format, with no tag in front
  Tag tag{in.substr(0, n), {}, in.substr(n)};
  if (tag.rest[0] == '[') {
    const std::size_t end = tag.rest.substr(0, 130).find(']');
    if (end == std::string_view::npos) return std::nullopt;
    tag.process = tag.rest.substr(1, end - 1);
    tag.rest.remove_prefix(end + 1);
    if (!tag.rest.starts_with(':') && !(loose && (tag.rest.empty() || tag.rest[0] == ' '))) return std::nullopt;
  }
  if (tag.rest.starts_with(':')) tag.rest.remove_prefix(1);
  else if (tag.process.empty()) return std::nullopt;
  return tag;
}

void take_tag(std::string_view& in, Message& message, bool loose) {
  const auto tag = read_tag(in, loose);
  if (!tag) return;
  message.app = tag->app;
  message.process = tag->process;
  in = tag->rest;
  if (in.starts_with(' ')) in.remove_prefix(1);
}

// AIX: "Message forwarded from HOST: TAG: text".
bool take_forwarded(std::string_view& in, Message& message) {
  constexpr std::string_view kWords = "Message forwarded from ";
  if (!in.starts_with(kWords)) return false;
  const std::string_view rest = in.substr(kWords.size());
  const std::size_t end = std::min(rest.find(' '), rest.size());
  if (end < 2 || rest[end - 1] != ':' || !host_like(rest.substr(0, end - 1))) return false;
  message.host = rest.substr(0, end - 1);
  in = rest.substr(end);
  skip_spaces(in);
  return true;
}

// HOST and TAG behind a time (RFC 3164 sections 4.1.2 and 4.1.3). Leaves `in` at the text.
void take_host_and_tag(std::string_view& in, Message& message) {
  skip_spaces(in);
  if (take_forwarded(in, message)) return take_tag(in, message, true);
  if (in.starts_with('%') || !message.host.empty()) return take_tag(in, message, false);
  const std::size_t space = std::min(in.find(' '), in.size());
  const std::string_view word = in.substr(0, space);
  if (!word.empty() && (word.back() == ':' || read_tag(word, false))) {
    // "fw1: %ASA-..." is a host, "app: text" a tag.
    std::string_view behind = in.substr(space);
    skip_spaces(behind);
    const bool host = word.back() == ':' && word.find('[') == std::string_view::npos && !mnemonic_at(behind).empty() &&
                      host_like(word.substr(0, word.size() - 1));
    if (!host) return take_tag(in, message, false);
    message.host = word.substr(0, word.size() - 1);
    in = behind;
    return;
  }
  if (word != "-" && !host_like(word)) return;
  message.host = without_nil(word);
  in = in.substr(space);
  if (in.starts_with(' ')) in.remove_prefix(1);
  if (in.starts_with(": ")) in.remove_prefix(2);
  if (in.starts_with(' ')) return skip_spaces(in);  // an empty TAG
  take_tag(in, message, true);
}

void parse_legacy(std::string_view in, Time received, Message& message) {
  const std::string_view whole = in;
  skip_spaces(in);
  const std::string_view start = in;
  std::optional<Stamp> stamp = take_any_time(in, received);
  if (!stamp && in.starts_with("1 ")) {  // Meraki: "1 1379967288.409907239 name ..."
    std::string_view behind = in.substr(2);
    if (behind.size() > 10 && behind[10] == '.') stamp = take_epoch(behind);
    if (stamp) in = behind;
  }
  if (!stamp) take_preamble(in, received, message, stamp);
  const bool preamble = in.data() != start.data();
  if (stamp) {
    message.time = stamp->at;
    if (in.starts_with(':')) in.remove_prefix(1);
    take_host_and_tag(in, message);
  } else if (!preamble) {
    if (take_forwarded(in, message)) take_tag(in, message, true);
    else take_tag(in, message, false);
    if (in.data() == start.data()) in = whole;
  }
  message.text = without_line_end(in);
  message.message_id = find_mnemonic(message.text);
  const bool told = !message.message_id.empty() || (!message.host.empty() && !message.app.empty());
  message.clean = message.clean && stamp && told;
}

}  // namespace

Message parse(std::string_view datagram, Time received) {
  Message message;
  message.clean = true;
  std::string_view in = datagram;
  message.pri = take_pri(in, message.clean);
  if (!message.pri) message.clean = false;
  if (!message.pri || !looks_like_5424(in)) {
    parse_legacy(in, received, message);
  } else if (!parse_5424(in, message)) {
    message.format = Message::Format::Legacy;
    take_host_and_tag(in, message);
    message.text = without_line_end(in);
    message.message_id = find_mnemonic(message.text);
  }
  return message;
}

Event to_event(const Message& message, std::string_view datagram, Time received) {
  Event event;
  event.kind = EventKind::Syslog;
  event.severity = from_syslog(message.pri.value_or(kNoPri) % 8);
  if (message.pri) {
    event.syslog_severity = static_cast<std::int8_t>(*message.pri % 8);
    event.facility = static_cast<std::int8_t>(*message.pri / 8);
  }
  event.clean = message.clean;
  event.received = received;
  if (message.time) event.device_time = std::chrono::floor<Millis>(*message.time);
  event.host = message.host;
  event.app = message.app;
  event.process = message.process;
  event.message_id = message.message_id;
  event.text = message.text;
  for (const Message::Element& element : message.structured_data) {
    if (element.params.empty()) event.fields.emplace_back(element.id, "");
    for (const auto& [name, value] : element.params) {
      std::string key;
      key.reserve(element.id.size() + 1 + name.size());
      event.fields.emplace_back(key.append(element.id).append(1, '.').append(name), value);
    }
  }
  add_payload_fields(message.text, event.fields);
  if (!message.clean) event.raw = datagram;
  return event;
}

}  // namespace bongsu::syslog
