// SPDX-License-Identifier: Apache-2.0
#include "remedy/wire.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace bongsu::remedy {
namespace {

constexpr std::size_t kMostVariables = 64;
constexpr std::size_t kVariableOctets = 1'024;

using Json = nlohmann::json;

Result<Json> object_of(std::string_view text, std::size_t octets) {
  if (text.size() > octets) return Error{Code::Limit, "message of " + std::to_string(text.size()) + " octets is too long"};
  const auto shallow = [](int depth, Json::parse_event_t, Json&) { return depth <= 3; };
  Json json = Json::parse(text, shallow, false);
  if (!json.is_object()) return Error{Code::Invalid, "message is no JSON object"};
  const auto version = json.find("version");
  if (version == json.end() || !version->is_number_integer()) return Error{Code::Invalid, "message has no version"};
  if (*version != 1)
    return Error{Code::Unsupported, "message of version " + version->dump() + "; install daemon and runner of one release"};
  return json;
}

std::optional<std::string> text_in(const Json& json, const char* name) {
  const auto at = json.find(name);
  if (at == json.end() || !at->is_string()) return std::nullopt;
  return at->get<std::string>();
}

std::optional<std::int64_t> number_in(const Json& json, const char* name, std::int64_t low, std::int64_t high) {
  const auto at = json.find(name);
  if (at == json.end() || !at->is_number_integer()) return std::nullopt;
  if (at->is_number_unsigned() && at->get<std::uint64_t>() > static_cast<std::uint64_t>(high)) return std::nullopt;
  const auto value = at->get<std::int64_t>();
  return value < low || value > high ? std::nullopt : std::optional(value);
}

std::optional<bool> flag_in(const Json& json, const char* name) {
  const auto at = json.find(name);
  if (at == json.end() || !at->is_boolean()) return std::nullopt;
  return at->get<bool>();
}

bool is_variable(std::string_view name) {
  return name.starts_with("BONGSU_") && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

bool is_printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

bool is_script_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 && name.front() != '.' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  });
}

std::string encode(const Order& order) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("version", 1).member("script", order.script);
  json.member("timeout_ms", static_cast<std::int64_t>(order.timeout.count())).key("environment").begin_object();
  for (const auto& [name, value] : order.environment) json.member(name, value);
  json.end_object().member("input", order.input).end_object();
  return out;
}

std::string encode(const Outcome& outcome) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("version", 1).member("ran", outcome.ran).member("problem", outcome.problem);
  json.member("exit", outcome.exit_code).member("signal", outcome.signal).member("timed_out", outcome.timed_out);
  json.member("took_ms", static_cast<std::int64_t>(outcome.took.count())).member("output", outcome.output);
  json.member("left_out", outcome.left_out).end_object();
  return out;
}

Result<Order> decode_order(std::string_view text) {
  BONGSU_TRY(const Json json, object_of(text, kOrderOctets));
  Order order;
  const auto script = text_in(json, "script");
  if (!script || !is_script_name(*script)) return Error{Code::Invalid, "order: \"script\" is no plain file name"};
  order.script = *script;
  const auto timeout = number_in(json, "timeout_ms", 1, kLongestTimeout.count());
  if (!timeout) return Error{Code::Invalid, "order: \"timeout_ms\" is not within an hour"};
  order.timeout = Millis(*timeout);
  auto input = text_in(json, "input");
  if (!input) return Error{Code::Invalid, "order: \"input\" is no text"};
  order.input = *std::move(input);
  const auto environment = json.find("environment");
  if (environment == json.end() || !environment->is_object() || environment->size() > kMostVariables)
    return Error{Code::Invalid, "order: \"environment\" is no object, or has too many members"};
  for (const auto& [name, value] : environment->items()) {
    if (!is_variable(name)) return Error{Code::Invalid, "order: a variable's name must begin with BONGSU_"};
    if (!value.is_string()) return Error{Code::Invalid, "order: " + name + " is no text"};
    auto one = value.get<std::string>();
    if (one.size() > kVariableOctets || !is_printable(one))
      return Error{Code::Invalid, "order: " + name + " is too long, or holds control characters"};
    order.environment.emplace_back(name, std::move(one));
  }
  return order;
}

Result<Outcome> decode_outcome(std::string_view text) {
  BONGSU_TRY(const Json json, object_of(text, kOutcomeOctets));
  const auto ran = flag_in(json, "ran");
  const auto timed_out = flag_in(json, "timed_out");
  auto problem = text_in(json, "problem");
  auto output = text_in(json, "output");
  const auto exit_code = number_in(json, "exit", -1, 255);
  const auto signal = number_in(json, "signal", 0, 128);
  const auto took = number_in(json, "took_ms", 0, INT64_MAX / 2);
  const auto left_out = number_in(json, "left_out", 0, INT64_MAX);
  if (!ran || !timed_out || !problem || !output || !exit_code || !signal || !took || !left_out)
    return Error{Code::Invalid, "the runner's answer lacks a member"};
  // U+FFFD takes three octets where one was.
  if (output->size() > 3 * kOutputOctets) return Error{Code::Limit, "the runner's answer is too long"};
  return Outcome{.ran = *ran,
                 .problem = *std::move(problem),
                 .exit_code = static_cast<int>(*exit_code),
                 .signal = static_cast<int>(*signal),
                 .timed_out = *timed_out,
                 .took = Millis(*took),
                 .output = *std::move(output),
                 .left_out = static_cast<std::uint64_t>(*left_out)};
}

}  // namespace bongsu::remedy
