// SPDX-License-Identifier: Apache-2.0
// bongsu maintenance: windows in which nobody is told of alarms.
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "app/ask.h"
#include "app/commands.h"
#include "app/table.h"
#include "base/text.h"
#include "base/time.h"
#include "model/show.h"

namespace bongsu::app {
namespace {

using Json = nlohmann::json;

int refused(const Error& error) {
  std::fprintf(stderr, "bongsu: %s\n", escape_terminal(error.text).c_str());
  return 1;
}

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// "site=seoul" into {"site": ["seoul"]}.
bool add_pattern(const std::string& text, Json& into) {
  const std::size_t mark = text.find('=');
  if (mark == std::string::npos || mark == 0) return false;
  into[text.substr(0, mark)].push_back(text.substr(mark + 1));
  return true;
}

std::string words(const Json& list) {
  std::string out;
  for (const Json& one : list) out += (out.empty() ? "" : ",") + (one.is_string() ? one.get<std::string>() : one.dump());
  return out;
}

// "device=web* tags.site=seoul"
std::string matched(const Json& match) {
  std::string out;
  const auto add = [&](const std::string& name, const Json& list) {
    if (!list.empty()) out += (out.empty() ? "" : " ") + name + "=" + words(list);
  };
  add("device", match.value("device", Json::array()));
  add("item", match.value("item", Json::array()));
  for (const char* key : {"tags", "labels"}) {
    const Json patterns = match.value(key, Json::object());
    for (const auto& [name, list] : patterns.items()) add(std::string(key) + "." + name, list);
  }
  return out;
}

// With the date and the zone of this machine: what is planned is seldom today.
std::string local_time(const std::string& text) {
  const auto at = parse_time(text);
  if (!at) return "";
  const std::time_t seconds = std::chrono::system_clock::to_time_t(*at);
  std::tm then{};
  localtime_r(&seconds, &then);
  char room[48];
  std::strftime(room, sizeof room, "%Y-%m-%d %H:%M %Z", &then);
  return room;
}

// "open", "begins in 6 d", "between its hours", "over"
std::string window_state(const Json& window) {
  if (window.value("open", false)) return "open";
  const Time now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  const auto time = [&](const char* key) -> std::optional<Time> {
    const auto at = window.find(key);
    if (at == window.end() || !at->is_string()) return std::nullopt;
    const auto parsed = parse_time(at->get<std::string>());
    return parsed ? std::optional(*parsed) : std::nullopt;
  };
  if (const auto from = time("from"); from && *from > now)
    return "begins in " + show_seconds(std::chrono::floor<std::chrono::seconds>(*from - now).count());
  if (const auto until = time("until"); until && *until <= now) return "over";
  return "between its hours";
}

}  // namespace

int maintenance_add(const MaintenanceOptions& options) {
  Json match = Json::object();
  if (!options.devices.empty()) match["device"] = options.devices;
  if (!options.items.empty()) match["item"] = options.items;
  Json tags = Json::object(), labels = Json::object();
  for (const auto& [list, into, flag] :
       {std::tuple{&options.tags, &tags, "--tag"}, std::tuple{&options.labels, &labels, "--label"}}) {
    for (const std::string& text : *list) {
      if (add_pattern(text, *into)) continue;
      std::fprintf(stderr, "bongsu: %s: write NAME=VALUE, not \"%s\"\n", flag, escape_terminal(text).c_str());
      return 2;
    }
  }
  if (!tags.empty()) match["tags"] = tags;
  if (!labels.empty()) match["labels"] = labels;
  Json wish{{"match", match}};
  for (const auto& [key, text] :
       {std::pair{"name", &options.name}, std::pair{"note", &options.note}, std::pair{"from", &options.from},
        std::pair{"until", &options.until}, std::pair{"for", &options.span}, std::pair{"hours", &options.hours},
        std::pair{"zone", &options.zone}}) {
    if (!text->empty()) wish[key] = *text;
  }
  const auto answer = ask_daemon(options.ask.url, "/api/v1/maintenance", dumped(wish));
  if (!answer) return refused(answer.error());
  if (options.ask.json) return std::printf("%s\n", answer->c_str()), 0;
  const Json told = Json::parse(*answer, nullptr, false);
  const std::string name = told.is_object() ? told.value("name", "") : "";
  for (const Json& note : told.is_object() ? told.value("notes", Json::array()) : Json::array()) {
    if (note.is_string()) std::fprintf(stderr, "bongsu: %s\n", escape_terminal(note.get<std::string>()).c_str());
  }
  std::printf("set: %s; end it with: bongsu maintenance end %s\n", escape_terminal(name).c_str(), escape_terminal(name).c_str());
  return 0;
}

int maintenance_list(const AskOptions& options) {
  const auto answer = ask_daemon(options.url, "/api/v1/maintenance");
  if (!answer) return refused(answer.error());
  if (options.json) return std::printf("%s\n", answer->c_str()), 0;
  const Json told = Json::parse(*answer, nullptr, false);
  if (!told.is_object() || !told.contains("windows"))
    return refused({Code::Invalid, options.url + " did not answer in Bongsu's form"});
  Table table({"NAME", "STATE", "MATCHES", "FROM", "UNTIL", "HOURS", "ALARMS", "SET BY", "NOTE"});
  for (const Json& one : told["windows"]) {
    const auto text = [&](const char* key) {
      const auto at = one.find(key);
      return at == one.end() || at->is_null() ? std::string() : at->is_string() ? at->get<std::string>() : at->dump();
    };
    const bool always = text("hours") == "always";
    table.row({text("name"), window_state(one), matched(one.value("match", Json::object())), local_time(text("from")),
               local_time(text("until")), always ? "" : text("hours") + (text("zone").empty() ? "" : " " + text("zone")),
               text("alarms"), one.value("in_file", false) ? "configuration" : text("by"), text("note")});
  }
  if (table.empty()) std::printf("no maintenance\n");
  else std::printf("%s", table.text().c_str());
  return 0;
}

int maintenance_end(const MaintenanceEndOptions& options) {
  const auto answer = delete_at_daemon(options.ask.url, "/api/v1/maintenance/" + options.name);
  if (!answer) return refused(answer.error());
  if (options.ask.json) return std::printf("%s\n", answer->c_str()), 0;
  std::printf("ended\n");
  return 0;
}

}  // namespace bongsu::app
