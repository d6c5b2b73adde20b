// SPDX-License-Identifier: Apache-2.0
// bongsu overlay: items, people, routes and remedies that are set while the daemon runs, as the API sets them.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "app/answer.h"
#include "app/ask.h"
#include "app/commands.h"
#include "app/table.h"
#include "base/text.h"
#include "base/url.h"
#include "config/overlay.h"

namespace bongsu::app {
namespace {

using EntryJson = nlohmann::json;

std::string path_of(const OverlayOptions& options) { return "/api/v1/" + options.part + "/" + url_part(options.name); }

int refused_entry(const Error& error) {
  for (const std::string_view line : split(error.text, '\n')) std::fprintf(stderr, "bongsu: %s\n", escape_terminal(line).c_str());
  return 1;
}

// As a file would say it; what the daemon gives is JSON, which is YAML.
std::string yaml_of(const EntryJson& value) {
  config::Problems problems;
  const auto node = config::parse_yaml(value.dump(-1, ' ', false, EntryJson::error_handler_t::replace), "the answer", problems);
  return node ? config::to_yaml(*node) : value.dump(2, ' ', false, EntryJson::error_handler_t::replace) + "\n";
}

void print_lines(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (const std::string_view line : split(text, '\n')) std::printf("%s\n", escape_terminal(line).c_str());
}

// "levels, hold"
std::string keys_of(const EntryJson& here) {
  std::string out;
  if (!here.is_object()) return out;
  for (const auto& [key, value] : here.items()) out += (out.empty() ? "" : ", ") + key;
  return out;
}

// What was done, or would be.
int print_change(const OverlayOptions& options, const Result<std::string>& answer, const char* done) {
  if (!answer) return refused_entry(answer.error());
  if (options.ask.json) return std::printf("%s\n", answer->c_str()), 0;
  const EntryJson told = EntryJson::parse(*answer, nullptr, false);
  if (!told.is_object() || !told.contains("notes")) return unreadable(options.ask);
  std::printf("%s %s\n", escape_terminal(options.name).c_str(), options.dry_run ? "is right, and nothing was changed" : done);
  for (const EntryJson& note : told["notes"]) {
    if (note.is_string()) print_lines(note.get<std::string>());
  }
  return 0;
}

// A name with a slip in it would make, or miss, another entry.
void tell_nearest(const OverlayOptions& options) {
  const auto body = ask_daemon(options.ask.url, "/api/v1/" + options.part);
  const EntryJson answer = body ? EntryJson::parse(*body, nullptr, false) : EntryJson();
  if (!answer.is_object()) return;
  std::vector<std::string> known;
  for (const char* key : {"entries", "remedies"}) {
    for (const EntryJson& one : answer.value(key, EntryJson::array())) known.push_back(text_of(one, "name"));
  }
  if (std::find(known.begin(), known.end(), options.name) != known.end()) return;
  if (const std::string near = meant(options.name, known); !near.empty())
    std::fprintf(stderr, "bongsu: \"%s\" is not among the %s yet%s\n", escape_terminal(options.name).c_str(),
                 options.part.c_str(), escape_terminal(near).c_str());
}

}  // namespace

int overlay_list(const OverlayOptions& options) {
  Table table({"PART", "NAME", "SET HERE"});
  EntryJson all = EntryJson::object();
  for (const config::Part part : config::kParts) {
    const std::string word(to_string(part));
    if (!options.part.empty() && options.part != word) continue;
    const auto body = answer_of(options.ask, "/api/v1/" + word);
    if (!body) return 1;
    const EntryJson answer = EntryJson::parse(*body, nullptr, false);
    // The list of remedies tells how they fare; each has its entry.
    const char* const key = part == config::Part::Remedies ? "remedies" : "entries";
    if (!answer.is_object() || !answer.contains(key) || !answer[key].is_array()) return unreadable(options.ask);
    EntryJson entries = EntryJson::array();
    for (const EntryJson& one : answer[key]) {
      EntryJson entry = one;
      if (part == config::Part::Remedies) {
        const auto whole = answer_of(options.ask, "/api/v1/remedies/" + url_part(text_of(one, "name")));
        if (!whole) return 1;
        const EntryJson parsed = EntryJson::parse(*whole, nullptr, false);
        if (!parsed.is_object() || !parsed.contains("entry")) return unreadable(options.ask);
        entry = parsed["entry"];
      }
      const EntryJson here = entry.value("here", EntryJson());
      if (options.set_here && !here.is_object()) continue;
      table.row({word, text_of(entry, "name"), keys_of(here)});
      entries.push_back(std::move(entry));
    }
    all[word] = std::move(entries);
  }
  if (options.ask.json) std::printf("%s\n", all.dump(-1, ' ', false, EntryJson::error_handler_t::replace).c_str());
  else if (table.empty()) std::printf("nothing\n");
  else std::printf("%s", table.text().c_str());
  return 0;
}

int overlay_show(const OverlayOptions& options) {
  const auto body = answer_of(options.ask, path_of(options));
  if (!body) return tell_nearest(options), 1;
  if (options.ask.json) return std::printf("%s\n", body->c_str()), 0;
  const EntryJson answer = EntryJson::parse(*body, nullptr, false);
  if (!answer.is_object() || !answer.contains("entry") || !answer["entry"].is_object()) return unreadable(options.ask);
  const EntryJson& entry = answer["entry"];
  std::printf("# as it holds\n");
  print_lines(yaml_of(entry.value("value", EntryJson())));
  if (const EntryJson here = entry.value("here", EntryJson()); here.is_object()) {
    std::printf("\n# of it, set while the daemon ran\n");
    print_lines(yaml_of(here));
  }
  return 0;
}

int overlay_set(const OverlayOptions& options) {
  std::string text;
  if (options.file == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    std::ifstream in(options.file, std::ios::binary);
    if (!in) return refused_entry({Code::Io, options.file + ": cannot be read"});
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  tell_nearest(options);
  return print_change(options,
                      put_at_daemon(options.ask.url, path_of(options), {{"dry_run", options.dry_run ? "true" : "false"}}, text),
                      "is set");
}

int overlay_remove(const OverlayOptions& options) {
  tell_nearest(options);
  return print_change(options,
                      delete_at_daemon(options.ask.url, path_of(options), {{"dry_run", options.dry_run ? "true" : "false"}}),
                      "was taken away; what files say holds");
}

}  // namespace bongsu::app
