// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/answer.h"
#include "app/commands.h"
#include "app/table.h"
#include "base/text.h"

namespace bongsu::app {

int topology(const AskOptions& options) {
  using Answer = nlohmann::json;
  const auto body = answer_of(options, "/api/v1/topology");
  if (!body) return 1;
  if (options.json) return std::printf("%s\n", body->c_str()), 0;
  const Answer answer = Answer::parse(*body, nullptr, false);
  if (!answer.is_object() || !answer.contains("nodes")) return unreadable(options);
  const std::string root = text_of(answer, "root"), reason = text_of(answer, "reason");
  if (root.empty()) std::printf("no root, so no parents are discovered: %s\n", escape_terminal(reason).c_str());
  else std::printf("root: %s (%s)\n", escape_terminal(root).c_str(), escape_terminal(reason).c_str());

  Table devices({"DEVICE", "STATE", "STEPS", "PARENTS", "FROM"});
  for (const Answer& node : answer["nodes"]) {
    std::string parents;
    for (const Answer& one : node.value("parents", Answer::array()))
      parents += (parents.empty() ? "" : ", ") + (one.is_string() ? one.get<std::string>() : "");
    devices.row(
        {text_of(node, "name"), text_of(node, "state"), text_of(node, "distance"), parents, text_of(node, "parents_from")});
  }
  if (!devices.empty()) std::printf("\n%s", devices.text().c_str());

  Table links({"BETWEEN", "AND", "TOLD BY", "BY", "PORT", "OTHER PORT", "SINCE", "LAST"});
  for (const Answer& link : answer.value("links", Answer::array())) {
    for (const Answer& one : link.value("evidence", Answer::array()))
      links.row({text_of(link, "a"), text_of(link, "b"), text_of(one, "device"), text_of(one, "protocol"), text_of(one, "port"),
                 text_of(one, "remote_port"), when(one, "first_seen"),
                 when(one, "last_seen") + (one.value("missing", false) ? ", missing now" : "")});
  }
  if (!links.empty()) std::printf("\n%s", links.text().c_str());

  Table doubts({"DEVICE", "PORT", "SEES", "WHICH COULD BE"});
  for (const Answer& one : answer.value("ambiguous", Answer::array())) {
    std::string candidates;
    for (const Answer& name : one.value("candidates", Answer::array()))
      candidates += (candidates.empty() ? "" : ", ") + (name.is_string() ? name.get<std::string>() : "");
    doubts.row({text_of(one, "device"), text_of(one, "port"), text_of(one, "neighbor"), candidates});
  }
  if (!doubts.empty()) std::printf("\n%s", doubts.text().c_str());
  const Answer neighbors = answer.value("neighbors", Answer::object());
  if (neighbors.value("unknown", 0) > 0)
    std::printf("\n%s neighbours are no devices that are watched\n", text_of(neighbors, "unknown").c_str());
  return 0;
}

}  // namespace bongsu::app
