// SPDX-License-Identifier: Apache-2.0
#include "http/prometheus.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "query/parse.h"

namespace bongsu::http {
namespace {

struct Kind {
  std::string_view name;
  int status;
};
Kind kind_of(Fault fault) {
  switch (fault) {
    case Fault::BadData:
      return {"bad_data", 400};
    case Fault::Execution:
      return {"execution", 422};
    case Fault::Timeout:
      return {"timeout", 503};
    case Fault::Canceled:
      return {"canceled", 499};
    case Fault::NotFound:
      return {"not_found", 404};
    case Fault::Unavailable:
      return {"unavailable", 503};
    case Fault::Internal:
      break;
  }
  return {"internal", 500};
}

Error bad_parameter(std::string_view name, std::string_view why) {
  return Error{Code::Invalid, fmt::format("invalid parameter \"{}\": {}", name, why)};
}

std::string shown(std::string_view text) { return to_valid_utf8(text.substr(0, 200)); }

// Prometheus' answers for all of time, which clients send back.
constexpr std::string_view kMinTime = "-292273086-05-16T16:47:06Z";
constexpr std::string_view kMaxTime = "292277025-08-18T07:12:54.999999999Z";
// Beyond these nothing can be kept, and arithmetic on them stays within 64 bits.
constexpr std::int64_t kFarthest = std::int64_t{1} << 53;

}  // namespace

Reply fault(Fault kind, std::string_view text) {
  const auto [name, status] = kind_of(kind);
  Reply reply{.status = status, .body = {}};
  JsonWriter json(reply.body);
  json.begin_object().member("status", "error").member("errorType", name).member("error", text).end_object();
  return reply;
}

Reply fault(const Error& error) {
  switch (error.code) {
    case Code::Timeout:
      return fault(Fault::Timeout, error.text);
    case Code::Cancelled:
      return fault(Fault::Canceled, error.text);
    case Code::Unavailable:
      return fault(Fault::Unavailable, error.text);
    case Code::Corrupt:
    case Code::Io:
      return fault(Fault::Internal, error.text);
    default:
      return fault(Fault::Execution, error.text);
  }
}

std::string end_of_answer(const Remarks& remarks) {
  std::string out;
  for (const auto& [name, texts] : {std::pair("warnings", &remarks.warnings), std::pair("infos", &remarks.infos)}) {
    if (texts->empty()) continue;
    out += fmt::format(",\"{}\":", name);
    append_strings(out, *texts);
  }
  out += '}';
  return out;
}

Reply success(std::string data, const Remarks& remarks) {
  Reply reply{.body = std::string(kSuccess)};
  reply.body += data;
  reply.body += end_of_answer(remarks);
  return reply;
}

Result<Time> parse_prometheus_time(std::string_view text) {
  if (const auto seconds = parse_number(text)) {
    const double ms = std::round(*seconds * 1000);
    if (std::abs(ms) < static_cast<double>(kFarthest)) return time_from_ms(static_cast<std::int64_t>(ms));
  } else if (text == kMinTime || text == kMaxTime) {
    return time_from_ms(text == kMinTime ? -kFarthest : kFarthest);
  } else if (const auto at = parse_time(text)) {
    return *at;
  }
  return Error{Code::Invalid, fmt::format("cannot parse \"{}\" to a valid timestamp", shown(text))};
}

Result<Millis> parse_prometheus_duration(std::string_view text) {
  if (const auto seconds = parse_number(text)) {
    const double ms = std::round(*seconds * 1000);
    if (std::abs(ms) < static_cast<double>(kFarthest)) return Millis(static_cast<std::int64_t>(ms));
  } else if (const auto span = parse_duration(text); span && span->count() < kFarthest) {
    return *span;
  }
  return Error{Code::Invalid, fmt::format("cannot parse \"{}\" to a valid duration", shown(text))};
}

Result<std::optional<Time>> time_of(const Form& form, std::string_view name) {
  const std::string_view text = form.get(name);
  if (text.empty()) return std::optional<Time>();
  const auto at = parse_prometheus_time(text);
  if (!at) return bad_parameter(name, at.error().text);
  return std::optional(*at);
}

Result<std::optional<Millis>> duration_of(const Form& form, std::string_view name) {
  const std::string_view text = form.get(name);
  if (text.empty()) return std::optional<Millis>();
  const auto span = parse_prometheus_duration(text);
  if (!span) return bad_parameter(name, span.error().text);
  return std::optional(*span);
}

Result<std::size_t> count_of(const Form& form, std::string_view name) {
  const std::string_view text = form.get(name);
  if (text.empty()) return SIZE_MAX;
  const auto count = parse_unsigned(text);
  if (!count) return bad_parameter(name, fmt::format("\"{}\" is not a whole number from 0 on", shown(text)));
  return *count == 0 ? SIZE_MAX : static_cast<std::size_t>(*count);
}

Result<std::vector<Matcher>> parse_series_selector(std::string_view name, std::string_view text) {
  const auto expr = query::parse(text);
  if (!expr) return bad_parameter(name, expr.error().text);
  const auto* selector = std::get_if<query::Selector>(&(*expr)->node);
  if (!selector || selector->shift.at || selector->shift.offset != Millis(0))
    return bad_parameter(name, fmt::format("\"{}\" is no series selector such as up{{device=\"db1\"}}", shown(text)));
  return selector->matchers;
}

char* write_timestamp(char* to, Time at) {
  std::int64_t ms = to_ms(at);
  if (ms < 0) {
    *to++ = '-';
    ms = -ms;
  }
  to = std::to_chars(to, to + 20, ms / 1000).ptr;
  if (const auto left = static_cast<int>(ms % 1000); left != 0) {
    *to++ = '.';
    *to++ = static_cast<char>('0' + left / 100);
    *to++ = static_cast<char>('0' + left / 10 % 10);
    *to++ = static_cast<char>('0' + left % 10);
  }
  return to;
}

void append_timestamp(std::string& out, Time at) {
  std::array<char, kTimestampRoom> room;
  out.append(room.data(), write_timestamp(room.data(), at));
}

void append_sample(std::string& out, Time at, double value) {
  std::array<char, kTimestampRoom + kNumberRoom + 8> room;
  char* to = room.data();
  *to++ = '[';
  to = write_timestamp(to, at);
  *to++ = ',';
  *to++ = '"';
  to = write_number(to, value);
  *to++ = '"';
  *to++ = ']';
  out.append(room.data(), to);
}

void append_scalar(std::string& out, Time at, double value) {
  if (!std::isfinite(value)) return append_sample(out, at, value);
  out += '[';
  append_timestamp(out, at);
  out += ",\"";
  std::array<char, kPositionalRoom> room;
  out.append(room.data(), write_positional(room.data(), value));
  out += "\"]";
}

void append_labels(std::string& out, const Labels& labels) {
  char mark = '{';
  for (const auto& [name, value] : labels) {
    out += mark;
    append_json_string(out, name);
    out += ':';
    append_json_string(out, value);
    mark = ',';
  }
  if (mark == '{') out += mark;
  out += '}';
}

void append_strings(std::string& out, const std::vector<std::string>& texts) {
  char mark = '[';
  for (const std::string& text : texts) {
    out += mark;
    append_json_string(out, text);
    mark = ',';
  }
  if (mark == '[') out += mark;
  out += ']';
}

std::string scientific(double value) {
  if (!std::isfinite(value)) return format_number(value);
  std::array<char, 40> room{};
  return {room.data(), std::to_chars(room.data(), room.data() + room.size(), value, std::chars_format::scientific).ptr};
}

}  // namespace bongsu::http
