// SPDX-License-Identifier: Apache-2.0
#include "rule/window.h"

#include <algorithm>

#include "base/text.h"
#include "rule/state.h"

namespace bongsu::rule {
namespace {

Event window_event(const Window& window, const std::string& text, Time now) {
  Event event;
  event.kind = EventKind::Audit;
  event.severity = Severity::Normal;
  event.received = now;
  event.app = "maintenance";
  event.text = "maintenance " + window.name + " " + text;
  event.fields = {{"maintenance", window.name}, {"by", window.by}};
  return event;
}

}  // namespace

std::optional<Time> Window::ends(Time now) const {
  std::optional<Time> end = until;
  if (!match.hours.always()) {
    if (const auto hours = match.hours.until(now); hours && (!end || *hours < *end)) end = hours;
  }
  return end;
}

Status check_window(const Window& window) {
  const auto refuse = [&](std::string text) {
    return Status(Error{Code::Invalid, "maintenance " + window.name + ": " + std::move(text)});
  };
  const Match& match = window.match;
  if (match.items.empty() && match.devices.empty() && match.tags.empty() && match.labels.empty())
    return refuse("it names nothing; give device, tags, item or labels, and device \"*\" for everything");
  if (window.from && window.until && *window.from >= *window.until) return refuse("it ends before it begins");
  if (!window.until && match.hours.always()) return refuse("it has no end; give until, or hours where it comes again");
  return {};
}

void Engine::set_windows(std::vector<Window> windows) {
  auto ledger = state_->ledger.lock();
  ledger->file_windows.clear();
  for (Window& window : windows) {
    window.in_file = true;
    std::string name = window.name;
    ledger->file_windows.insert_or_assign(std::move(name), std::move(window));
  }
  ledger->windows_changed = true;
}

Result<std::string> Engine::begin_window(Window window, Time now) {
  window.in_file = false;
  {
    const auto ledger = state_->ledger.lock();
    const auto taken = [&](const std::string& name) {
      return ledger->windows.contains(name) || ledger->file_windows.contains(name) || ledger->windows_begun.contains(name);
    };
    if (window.name.empty()) {
      // Not the name of one that has just ended: its record may not be gone yet.
      while (window.name.empty() || taken(window.name)) window.name = "m" + std::to_string(++ledger->windows_named);
    } else if (taken(window.name)) {
      return Error{Code::Exists, "maintenance " + window.name + " is there already; end it first, or take another name"};
    }
    BONGSU_TRY_OK(check_window(window));
    if (window.until && *window.until <= now) return Error{Code::Invalid, "maintenance " + window.name + ": it is over already"};
    ledger->windows_begun.insert(window.name);
  }
  StateBatch batch;
  batch.put(kWindowTable, window.name, encode(window));
  batch.events.push_back(window_event(window,
                                      "set" + (window.by.empty() ? "" : " by " + window.by) +
                                          (window.until ? " until " + format_time(*window.until) : "") +
                                          (window.note.empty() ? "" : ": " + window.note),
                                      now));
  const Status kept = store_.commit(batch).context("maintenance " + window.name);
  const std::string name = window.name;
  auto ledger = state_->ledger.lock();
  ledger->windows_begun.erase(name);
  if (!kept) return kept.error();
  ledger->windows.insert_or_assign(name, std::move(window));
  ledger->windows_changed = true;
  return name;
}

Status Engine::end_window(const std::string& name, const std::string& by, Time now) {
  Window window;
  {
    const auto ledger = state_->ledger.lock();
    if (ledger->file_windows.contains(name))
      return Error{Code::Refused, "maintenance " + name + " is of the configuration; take it out of maintenance: there"};
    const auto known = ledger->windows.find(name);
    if (known == ledger->windows.end())
      return Error{Code::NotFound, "no maintenance " + name + "; `bongsu maintenance list` lists them"};
    window = known->second;
  }
  window.by = by;
  StateBatch batch;
  batch.erase(kWindowTable, name);
  batch.events.push_back(window_event(window, "ended" + (by.empty() ? "" : " by " + by), now));
  BONGSU_TRY_OK(store_.commit(batch).context("maintenance " + name));
  auto ledger = state_->ledger.lock();
  ledger->windows.erase(name);
  ledger->windows_changed = true;
  return {};
}

std::vector<Engine::WindowState> Engine::windows(Time now) const {
  std::vector<WindowState> out;
  const auto ledger = state_->ledger.lock();
  for (const auto* windows : {&ledger->file_windows, &ledger->windows}) {
    for (const auto& [name, window] : *windows) {
      WindowState state{.window = window, .open = window.open(now)};
      if (state.open) state.ends = window.ends(now);
      for (const auto& [id, hush] : ledger->hushes) {
        if (hush.kind == Hush::Kind::Window && hush.name == name) ++state.alarms;
      }
      out.push_back(std::move(state));
    }
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.window.name < b.window.name; });
  return out;
}

std::vector<std::string> Ledger::open_windows(Time now, Unsaved& out) {
  std::vector<std::string> names;
  for (auto at = windows.begin(); at != windows.end();) {
    if (at->second.until && now >= *at->second.until) {
      out.records[{kWindowTable, at->first}] = std::nullopt;
      out.events.push_back(window_event(at->second, "is over", now));
      at = windows.erase(at);
      continue;
    }
    if (at->second.open(now)) names.push_back(at->first);
    ++at;
  }
  for (const auto& [name, window] : file_windows) {
    if (window.open(now)) names.push_back(name);
  }
  return names;
}

}  // namespace bongsu::rule
