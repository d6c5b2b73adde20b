// SPDX-License-Identifier: Apache-2.0
// Reads cases (one JSON object a line: "id", "transport", "input" in base64) and writes what the parser finds in each datagram,
// one JSON object a line.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "syslog/parse.h"

namespace {

const bongsu::Time kReceived = *bongsu::parse_time("2026-11-23T00:00:00Z");
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string from_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const std::size_t value = kBase64.find(c);
    if (value == std::string_view::npos) continue;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held);
    }
  }
  return out;
}

std::string to_base64(std::string_view octets) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : octets) {
    bits = bits << 8 | static_cast<std::uint8_t>(c);
    for (held += 8; held >= 6; held -= 6) out += kBase64[bits >> (held - 6) & 63];
  }
  if (held > 0) out += kBase64[bits << (6 - held) & 63];
  while (out.size() % 4 != 0) out += '=';
  return out;
}

nlohmann::json text_or_null(std::string_view text) { return text.empty() ? nlohmann::json() : nlohmann::json(text); }

// The vendors' own fields, as the scorer names and nests them.
nlohmann::json vendor_fields(const bongsu::Event& event) {
  nlohmann::json out;
  const std::string& word = event.message_id;
  const std::size_t last = word.rfind('-');
  if (last != std::string::npos && last >= 3) {
    out["cisco"] = {
        {"facility", word.substr(0, last - 2)}, {"severity", word.substr(last - 1, 1)}, {"mnemonic", word.substr(last + 1)}};
  }
  for (const auto& [key, value] : event.fields) {
    const std::size_t dot = key.find('.');
    if (dot == std::string::npos) out["fortigate"][key] = value;
    else if (!out[key.substr(0, dot)].contains(key.substr(dot + 1))) out[key.substr(0, dot)][key.substr(dot + 1)] = value;
  }
  return out;
}

nlohmann::json describe(const bongsu::syslog::Message& message, std::string_view datagram) {
  nlohmann::json found;
  found["pri"] = message.pri.value_or(bongsu::syslog::kNoPri);
  if (message.format == bongsu::syslog::Message::Format::Rfc5424) {
    found["format"] = "rfc5424";
    found["version"] = message.version;
    found["msg_id"] = text_or_null(message.message_id);
  }
  found["event"] = vendor_fields(to_event(message, datagram, kReceived));
  if (message.time) {
    const auto us = message.time->time_since_epoch().count() % 1'000'000;
    const auto at = std::chrono::floor<bongsu::Millis>(*message.time);
    std::string text = bongsu::format_time(std::chrono::floor<std::chrono::seconds>(at));
    char fraction[16];
    std::snprintf(fraction, sizeof fraction, ".%06dZ", static_cast<int>(us < 0 ? us + 1'000'000 : us));
    found["timestamp"] = text.substr(0, text.size() - 1) + fraction;
  }
  found["hostname"] = text_or_null(message.host);
  found["app_name"] = text_or_null(message.app);
  found["proc_id"] = text_or_null(message.process);
  found["structured_data"] = nlohmann::json::array();
  for (const auto& element : message.structured_data) {
    nlohmann::json params = nlohmann::json::array();
    for (const auto& [name, value] : element.params) params.push_back({name, value});
    found["structured_data"].push_back({element.id, params});
  }
  found["message_base64"] = to_base64(message.text);
  found["raw_base64"] = to_base64(datagram);
  return found;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::cerr << "usage: " << argv[0] << " CASES.jsonl > FOUND.jsonl\n", 2;
  std::ifstream in(argv[1]);
  if (!in) return std::cerr << argv[1] << " cannot be read\n", 1;
  for (std::string line; std::getline(in, line);) {
    const auto test = nlohmann::json::parse(line);
    if (test["transport"] != "datagram") continue;
    const std::string datagram = from_base64(test["input"].get<std::string>());
    nlohmann::json found = describe(bongsu::syslog::parse(datagram, kReceived), datagram);
    found["id"] = test["id"];
    std::cout << found.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) << '\n';
  }
}
