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

int set_coverage(const CoverageOptions& options) {
  using Answer = nlohmann::json;
  std::string path = "/api/v1/coverage/set?dry_run=" + std::string(options.dry_run ? "true" : "false");
  if (!options.device.empty()) path += "&device=" + url_part(options.device);
  const auto body = answer_of(options.ask, path, "{}");
  if (!body) return 1;
  if (options.ask.json) return std::printf("%s\n", body->c_str()), 0;
  const Answer answer = Answer::parse(*body, nullptr, false);
  if (!answer.is_object() || !answer.contains("set")) return unreadable(options.ask);
  for (const Answer& one : answer["set"])
    std::printf("%s %s\n", escape_terminal(one.get<std::string>()).c_str(),
                options.dry_run ? "would be switched on" : "is switched on");
  if (answer["set"].empty()) std::printf("no item is switched off that could be switched on here\n");
  Table left({"STILL MISSING", "WHY"});
  for (const Answer& one : answer.value("left", Answer::array())) left.row({text_of(one, "item"), text_of(one, "why")});
  if (!left.empty()) std::printf("\n%s", left.text().c_str());
  return 0;
}

}  // namespace

int coverage(const CoverageOptions& options) {
  using Answer = nlohmann::json;
  if (!options.device.empty() && !device_is_known(options.ask, options.device)) return 1;
  if (options.set) return set_coverage(options);
  std::string path = "/api/v1/coverage?limit=10000";
  if (options.all) path += "&state=all";
  if (!options.device.empty()) path += "&device=" + url_part(options.device);
  const auto body = answer_of(options.ask, path);
  if (!body) return 1;
  if (options.ask.json) return std::printf("%s\n", body->c_str()), 0;
  const Answer answer = Answer::parse(*body, nullptr, false);
  if (!answer.is_object() || !answer.contains("devices")) return unreadable(options.ask);
  std::printf("coverage %s of 100: %s of %s expected items are watched\n", text_of(answer, "score").c_str(),
              text_of(answer, "watched").c_str(), text_of(answer, "expected").c_str());
  Table table({"DEVICE", "WATCHED", "MISSING", "WHY"});
  for (const Answer& device : answer["devices"]) {
    const std::string name = text_of(device, "device");
    const std::string share = text_of(device, "watched") + " of " + text_of(device, "expected");
    const bool unknown = text_of(device, "os").empty() && text_of(device, "kind").empty();
    if (unknown) table.row({name, share, "", "neither its os nor its kind is known; bongsu doctor " + name});
    else if (text_of(device, "expected") == "0") table.row({name, share, "", "nothing is judged of it yet"});
    else if (device["missing"].empty()) table.row({name, share, "", ""});
    for (const Answer& one : device["missing"]) table.row({name, share, text_of(one, "item"), text_of(one, "why")});
  }
  if (!table.empty()) std::printf("\n%s", table.text().c_str());
  Table rest({"WHAT", "NAME", "WHY"});
  for (const Answer& one : answer.value("idle", Answer::array())) rest.row({"item", text_of(one, "item"), text_of(one, "why")});
  for (const Answer& one : answer.value("senders", Answer::array()))
    rest.row({"syslog sender", text_of(one, "sender"),
              "no device has this address; " + text_of(one, "lines") + " lines, last " + when(one, "last")});
  for (const Answer& one : answer.value("channels", Answer::array())) {
    const std::string problem = text_of(one, "problem");
    rest.row({"channel", text_of(one, "name"),
              problem.empty() ? "nothing has left by it yet; bongsu notify test " + text_of(one, "name") : problem});
  }
  for (const Answer& one : answer.value("people", Answer::array()))
    rest.row({"person", one.is_string() ? one.get<std::string>() : "",
              "was never told anything; where a route names them, bongsu drill --all does"});
  if (!rest.empty()) std::printf("\n%s", rest.text().c_str());
  Table unread({"DEVICE", "ANSWERS, NOT READ", "VALUES", "WHAT TO DO"});
  for (const Answer& one : answer.value("unused", Answer::array())) {
    const std::string name = text_of(one, "device");
    for (const Answer& tree : one.value("subtrees", Answer::array())) {
      const std::string called = text_of(tree, "name");
      unread.row({name, called.empty() ? text_of(tree, "oid") : called, text_of(tree, "values"),
                  called.empty()                  ? "bongsu mib add the vendor's modules"
                  : tree.value("proposed", false) ? "bongsu profile propose " + name + " --accept"
                                                  : "write a profile, or leave it"});
    }
  }
  if (!unread.empty()) std::printf("\n%s", unread.text().c_str());
  return 0;
}

}  // namespace bongsu::app
