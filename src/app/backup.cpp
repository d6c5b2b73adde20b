// SPDX-License-Identifier: Apache-2.0
// backup and restore.
#include "store/backup.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/ask.h"
#include "app/commands.h"
#include "app/data.h"
#include "app/progress.h"
#include "app/session.h"
#include "base/json.h"
#include "base/text.h"

namespace bongsu::app {
namespace {

constexpr Millis kAskEvery{200};

struct Told {
  std::string dir;
  std::uint64_t series = 0, samples = 0, logs = 0, events = 0, octets = 0;
};

void write_told(JsonWriter& json, const Told& told) {
  json.member("dir", told.dir).member("series", told.series).member("samples", told.samples).member("logs", told.logs);
  json.member("events", told.events).member("octets", told.octets);
}

std::string contents(const Told& told) {
  return show_count(told.series) + " series, " + show_count(told.samples) + " samples, " + show_count(told.logs) +
         " log lines, " + show_count(told.events) + " events, " + show_octets(told.octets);
}

Told told_of(const std::filesystem::path& dir, const store::Backup& made) {
  return {dir.string(), made.series, made.samples, made.logs, made.events, made.octets};
}

int print_backup(const Told& told, bool json, std::string_view by) {
  if (json) {
    std::string out;
    JsonWriter writer(out);
    write_told(writer.begin_object(), told);
    writer.member("by", by).end_object();
    std::printf("%s\n", out.c_str());
  } else {
    std::printf("%s: a whole backup, read back and found good: %s\n", escape_terminal(told.dir).c_str(), contents(told).c_str());
  }
  return 0;
}

// The daemon makes it; we look how far it is.
int backup_by_daemon(const std::string& url, const std::filesystem::path& dir, bool as_json) {
  using Json = nlohmann::json;
  std::string body;
  JsonWriter(body).begin_object().member("dir", dir.string()).end_object();
  auto answer = ask_daemon(url, "/api/v1/backup", body);
  ProgressBar bar;
  for (;;) {
    if (!answer) return bar.clear(), fail(answer.error().text);
    const Json state = Json::parse(*answer, nullptr, false);
    const auto number = [&](const char* name) { return state.value(name, std::uint64_t{0}); };
    const std::string word = state.is_object() ? state.value("state", "") : "";
    if (word == "running" && state.value("dir", "") == dir.string()) {
      bar.show(state.value("step", ""), state.value("share", 0.0));
      std::this_thread::sleep_for(kAskEvery);
      answer = ask_daemon(url, "/api/v1/backup");
      continue;
    }
    bar.clear();
    if (word == "failed") return fail("the daemon made no backup: " + state.value("error", ""));
    if (word != "done" || state.value("dir", "") != dir.string())
      return fail(url + " does not tell of this backup; does the URL point at a Bongsu daemon?");
    return print_backup({dir.string(), number("series"), number("samples"), number("logs"), number("events"), number("octets")},
                        as_json, "daemon");
  }
}

store::Progress shown_by(ProgressBar& bar) {
  return [&bar](std::string_view step, double share) {
    bar.show(step, share);
    return true;
  };
}

Time wall_clock() { return std::chrono::floor<Millis>(std::chrono::system_clock::now()); }

}  // namespace

int backup(const BackupOptions& options) {
  const auto place = find_data(options.data);
  if (!place) return 1;
  // The daemon may work in another folder.
  std::error_code ignored;
  const std::filesystem::path dir = std::filesystem::absolute(options.dir, ignored).lexically_normal();
  if (!options.url.empty()) return backup_by_daemon(options.url, dir, options.data.json);
  if (store::in_use(place->data)) {
    if (ask_daemon(place->url, "/healthz")) return backup_by_daemon(place->url, dir, options.data.json);
    return fail("a daemon uses " + place->data.string() + ", and none answers at " + place->url +
                ": say with --url where it listens");
  }
  ProgressBar bar;
  const auto made = store::back_up(place->data, dir, wall_clock(), shown_by(bar));
  bar.clear();
  return made ? print_backup(told_of(dir, *made), options.data.json, "command") : fail(made.error().text);
}

int restore(const RestoreOptions& options) {
  const auto place = find_data(options.data);
  if (!place) return 1;
  ProgressBar bar;
  const auto restored = store::restore(options.dir, place->data, options.replace, wall_clock(), shown_by(bar));
  bar.clear();
  if (!restored) return fail(restored.error().text);
  const Told told = told_of(place->data, restored->backup);
  if (options.data.json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().member("made", restored->backup.made);
    write_told(json, told);
    json.key("aside");
    if (restored->aside.empty()) json.null();
    else json.value(restored->aside.string());
    json.end_object();
    std::printf("%s\n", out.c_str());
    return 0;
  }
  std::printf("%s: restored as of %s: %s\n", escape_terminal(told.dir).c_str(), format_time(restored->backup.made).c_str(),
              contents(told).c_str());
  if (!restored->aside.empty())
    std::printf("what was there before is in %s; delete it when it is not needed\n",
                escape_terminal(restored->aside.string()).c_str());
  return 0;
}

}  // namespace bongsu::app
