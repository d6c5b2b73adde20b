// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/answer.h"
#include "app/commands.h"
#include "app/table.h"
#include "base/text.h"
#include "base/url.h"

namespace bongsu::app {
namespace {

using RemedyJson = nlohmann::json;

// The member of the daemon's answer; prints what went wrong.
std::optional<RemedyJson> member_of(const AskOptions& options, const std::optional<std::string>& body, const char* name) {
  if (!body) return std::nullopt;
  RemedyJson answer = RemedyJson::parse(*body, nullptr, false);
  if (answer.is_object() && answer.contains(name)) return answer[name];
  unreadable(options);
  return std::nullopt;
}

bool flag_of(const RemedyJson& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_boolean() && at->get<bool>();
}

std::string outcome_of(const RemedyJson& run) {
  const std::string state = text_of(run, "state");
  return state == "done" ? (flag_of(run, "good") ? "good" : "bad") : state;
}

// Printed as it is but for what moves a cursor; lines stay lines.
void print_text(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (const std::string_view line : split(text, '\n')) std::printf("%s\n", escape_terminal(line).c_str());
}

int print_run(const AskOptions& options, const std::optional<std::string>& body) {
  if (body && options.json) return std::printf("%s\n", body->c_str()), 0;
  const auto run = member_of(options, body, "run");
  if (!run) return 1;
  print_text("run " + text_of(*run, "id") + " of " + text_of(*run, "remedy") + " for alarm " + text_of(*run, "alarm") + " (" +
             text_of(*run, "item") + " on " + text_of(*run, "device") + "): " + outcome_of(*run) + ", " + text_of(*run, "text"));
  return 0;
}

}  // namespace

int remedies_list(const AskOptions& options) {
  const auto body = answer_of(options, "/api/v1/remedies");
  if (body && options.json) return std::printf("%s\n", body->c_str()), 0;
  const auto remedies = member_of(options, body, "remedies");
  if (!remedies) return 1;
  Table table({"REMEDY", "SCRIPT", "ON", "STATE", "LAST HOUR", "FAILED IN A ROW", "LAST RUN", "RESULT"});
  for (const RemedyJson& one : *remedies) {
    const RemedyJson last = one.value("last", RemedyJson());
    const std::string state = !text_of(one, "stopped").empty() ? "stopped"
                              : flag_of(one, "dry_run")        ? "dry run"
                              : flag_of(one, "approval")       ? "on approval"
                                                               : "ready";
    std::string items;
    for (const RemedyJson& item : one.value("items", RemedyJson::array()))
      items += (items.empty() ? "" : " ") + (item.is_string() ? item.get<std::string>() : "");
    table.row({text_of(one, "name"), text_of(one, "script"), items, state,
               text_of(one, "within_hour") + " of " + text_of(one, "max_per_hour"), text_of(one, "failures"),
               last.is_object() ? when(last, text_of(last, "started").empty() ? "created" : "started") : "",
               last.is_object() ? outcome_of(last) : ""});
  }
  if (table.empty()) std::printf("no remedies: no script runs on an alarm; see remedies in the README\n");
  else std::printf("%s", table.text().c_str());
  return 0;
}

int remedies_runs(const RemedyRunsOptions& options) {
  const auto body = answer_of(options.ask, "/api/v1/remedies/runs?limit=" + std::to_string(options.limit) +
                                               (options.state.empty() ? "" : "&state=" + url_part(options.state)));
  if (body && options.ask.json) return std::printf("%s\n", body->c_str()), 0;
  const auto runs = member_of(options.ask, body, "runs");
  if (!runs) return 1;
  Table table({"RUN", "AT", "REMEDY", "ALARM", "DEVICE", "ITEM", "STATE", "WHAT"});
  for (const RemedyJson& run : *runs) {
    table.row({text_of(run, "id"), when(run, "created"), text_of(run, "remedy"), text_of(run, "alarm"), text_of(run, "device"),
               text_of(run, "item"), outcome_of(run), text_of(run, "text")});
  }
  if (table.empty()) std::printf("no runs\n");
  else std::printf("%s", table.text().c_str());
  return 0;
}

int remedies_show(const RemedyShowOptions& options) {
  const auto body = answer_of(options.ask, "/api/v1/remedies/runs/" + std::to_string(options.run));
  if (body && options.ask.json) return std::printf("%s\n", body->c_str()), 0;
  const auto run = member_of(options.ask, body, "run");
  if (!run) return 1;
  print_run(options.ask, body);
  print_text(text_of(*run, "output"));
  return 0;
}

int remedies_approve(const RemedyShowOptions& options, bool yes) {
  return print_run(
      options.ask,
      answer_of(options.ask, "/api/v1/remedies/runs/" + std::to_string(options.run) + (yes ? "/approve" : "/refuse"), "{}"));
}

int remedies_run(const RemedyRunOptions& options) {
  const std::string alarm = "/api/v1/alarms/" + std::to_string(options.alarm);
  if (!options.dry_run) {
    const RemedyJson asked{{"remedy", options.remedy}};
    return print_run(options.ask, answer_of(options.ask, alarm + "/remedies",
                                            asked.dump(-1, ' ', false, RemedyJson::error_handler_t::replace)));
  }
  const auto body = answer_of(options.ask, alarm + "/order?remedy=" + url_part(options.remedy));
  if (body && options.ask.json) return std::printf("%s\n", body->c_str()), 0;
  const auto environment = member_of(options.ask, body, "environment");
  if (!environment) return 1;
  const RemedyJson order = RemedyJson::parse(*body, nullptr, false);
  print_text("would run " + text_of(order, "script") + ", without arguments, in this environment:");
  for (const auto& [name, value] : environment->items())
    print_text("  " + name + "=" + (value.is_string() ? value.get<std::string>() : ""));
  print_text("and with this on its standard input:");
  print_text("  " + text_of(order, "input"));
  return 0;
}

int remedies_resume(const RemedyRunOptions& options) {
  const auto body = answer_of(options.ask, "/api/v1/remedies/" + url_part(options.remedy) + "/resume", "{}");
  if (!body) return 1;
  if (options.ask.json) return std::printf("%s\n", body->c_str()), 0;
  std::printf("remedy %s runs again\n", escape_terminal(options.remedy).c_str());
  return 0;
}

}  // namespace bongsu::app
