// SPDX-License-Identifier: Apache-2.0
// bongsu drill: is whoever should be told reached?
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/answer.h"
#include "app/commands.h"
#include "app/table.h"
#include "base/text.h"

namespace bongsu::app {

int drill(const DrillOptions& options) {
  using Answer = nlohmann::json;
  if (options.all != options.item.empty() || (options.all && !options.device.empty())) {
    std::fprintf(stderr, "bongsu: drill: name an item, with the device: bongsu drill --device web1 --item cpu_usage; or --all\n");
    return 2;
  }
  Answer wish = Answer::object();
  for (const auto& [key, text] : {std::pair{"device", &options.device}, {"item", &options.item}, {"level", &options.level}}) {
    if (!text->empty()) wish[key] = *text;
  }
  auto body = answer_of(options.ask, "/api/v1/drills", wish.dump(-1, ' ', false, Answer::error_handler_t::replace));
  Answer drill;
  for (;;) {
    if (!body) return 1;
    const Answer answer = Answer::parse(*body, nullptr, false);
    if (!answer.is_object() || !answer.contains("drill") || !answer["drill"].is_object()) return unreadable(options.ask);
    drill = answer["drill"];
    if (!text_of(drill, "ended").empty()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    body = answer_of(options.ask, "/api/v1/drills/" + text_of(drill, "id"));
  }
  const bool good = drill.value("good", false);
  if (options.ask.json) return std::printf("%s\n", body->c_str()), good ? 0 : 1;
  Table table({"LINK", "OF", "STATE", "WHAT"});
  for (const Answer& one : drill.value("links", Answer::array()))
    table.row({text_of(one, "link"), text_of(one, "what"), text_of(one, "state"), text_of(one, "text")});
  std::printf("%s%s\n", table.text().c_str(), good ? "every link holds" : "a link is broken");
  return good ? 0 : 1;
}

}  // namespace bongsu::app
