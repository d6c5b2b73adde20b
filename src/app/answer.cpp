// SPDX-License-Identifier: Apache-2.0
#include "app/answer.h"

#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "app/ask.h"
#include "base/text.h"

namespace bongsu::app {

using Json = nlohmann::json;

std::string text_of(const Json& object, const char* key) {
  const auto at = object.find(key);
  if (at == object.end() || at->is_null()) return "";
  return at->is_string() ? at->get<std::string>() : at->dump();
}

std::string when(const Json& object, const char* key) {
  const auto at = parse_time(text_of(object, key));
  if (!at) return "";
  const std::time_t seconds = std::chrono::system_clock::to_time_t(*at);
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm then{}, today{};
  localtime_r(&seconds, &then);
  localtime_r(&now, &today);
  char room[32];
  const bool same_day = then.tm_year == today.tm_year && then.tm_yday == today.tm_yday;
  std::strftime(room, sizeof room, same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &then);
  return room;
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
