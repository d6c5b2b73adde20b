// SPDX-License-Identifier: Apache-2.0
#include "app/answer.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "app/ask.h"
#include "base/text.h"
#include "base/url.h"

namespace bongsu::app {

using Json = nlohmann::json;

std::string text_of(const Json& object, const char* key) {
  const auto at = object.find(key);
  if (at == object.end() || at->is_null()) return "";
  return at->is_string() ? at->get<std::string>() : at->dump();
}

std::string when(const Json& object, const char* key) {
  const auto at = parse_time(text_of(object, key));
  return at ? when(*at) : "";
}

std::string when(Time at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm then{}, today{};
  localtime_r(&seconds, &then);
  localtime_r(&now, &today);
  char room[32];
  const bool same_day = then.tm_year == today.tm_year && then.tm_yday == today.tm_yday;
  std::strftime(room, sizeof room, same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &then);
  return room;
}

std::string meant(std::string_view word, const std::vector<std::string>& known) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  const auto near = nearest(word, names);
  return near ? "; did you mean \"" + std::string(*near) + "\"?" : std::string();
}

std::optional<std::vector<std::string>> device_names(const AskOptions& options) {
  std::vector<std::string> out;
  for (std::string cursor;;) {
    const auto body =
        ask_daemon(options.url, "/api/v1/devices?limit=10000" + (cursor.empty() ? "" : "&cursor=" + url_part(cursor)));
    const Json answer = body ? Json::parse(*body, nullptr, false) : Json();
    if (!answer.is_object() || !answer.contains("devices") || !answer["devices"].is_array()) return std::nullopt;
    for (const Json& one : answer["devices"]) out.push_back(text_of(one, "name"));
    cursor = text_of(answer, "next");
    if (cursor.empty()) return out;
  }
}

bool device_is_known(const AskOptions& options, const std::string& name) {
  const auto names = device_names(options);
  if (!names || std::find(names->begin(), names->end(), name) != names->end()) return true;
  std::fprintf(stderr, "bongsu: no device is named \"%s\"%s\n", escape_terminal(name).c_str(),
               escape_terminal(meant(name, *names)).c_str());
  return false;
}

int unreadable(const AskOptions& options) {
  std::fprintf(stderr, "bongsu: %s did not answer in Bongsu's form; does the URL point at a Bongsu daemon?\n",
               options.url.c_str());
  return 1;
}

std::optional<std::string> answer_of(const AskOptions& options, const std::string& path, const std::optional<std::string>& body) {
  auto answer = ask_daemon(options.url, path, body);
  if (answer) return *std::move(answer);
  std::fprintf(stderr, "bongsu: %s\n", escape_terminal(answer.error().text).c_str());
  return std::nullopt;
}

}  // namespace bongsu::app
