// SPDX-License-Identifier: Apache-2.0
#include "rule/engine.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <span>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "model/marker.h"
#include "rule/coverage.h"
#include "rule/describe.h"
#include "rule/round.h"
#include "rule/state.h"

namespace bongsu::rule {
namespace {

constexpr std::size_t kMaxUnsavedEvents = 100'000;  // while the disk refuses
constexpr std::size_t kMostLogged = 20;             // changes of one round

std::uint64_t expression_hash(const ItemSpec& spec) { return hash_bytes(query::to_string(*spec.expr)); }

// The interval since 1970 that a time is in.
std::int64_t slot_of(const ItemSpec& spec, Time at) { return to_ms(at) / spec.interval.count(); }

}  // namespace

Engine::Engine(const PointSource& points, const DeviceSource& devices, StateStore& state, Metrics& metrics, EngineOptions options)
    : points_(points),
      devices_(devices),
      store_(state),
      metrics_(metrics),
      options_(options),
      state_(std::make_unique<State>(options.max_closed)) {}

Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::open(std::vector<ItemSpec> items, const PointSource& points, const DeviceSource& devices,
                                             StateStore& state, Metrics& metrics, EngineOptions options) {
  std::unique_ptr<Engine> engine(new Engine(points, devices, state, metrics, options));
  engine->reload(std::move(items));
  BONGSU_TRY_OK(engine->restore().context("alarms"));
  return engine;
}

Status Engine::restore() {
  Ledger ledger(options_.max_closed);
  ledger.items = std::move(state_->ledger.lock()->items);
  const auto refuse = [](std::string_view key, const Error& error) {
    log::error("{} (record {}); it is left out", error.text, key);
  };
  BONGSU_TRY_OK(store_.scan(kAlarmTable, "", [&](std::string_view key, std::string_view value) {
    auto alarm = decode_alarm(value);
    if (alarm) ledger.restore(*std::move(alarm));
    else refuse(key, alarm.error());
    return true;
  }));
  std::map<std::string, Item, std::less<>> strangers;
  std::set<std::uint64_t> held;
  BONGSU_TRY_OK(store_.scan(kWatchTable, "", [&](std::string_view key, std::string_view value) {
    auto kept = decode_watch(value);
    if (!kept) {
      refuse(key, kept.error());
      return true;
    }
    auto at = ledger.items.find(kept->item);
    if (at == ledger.items.end()) {
      at = strangers.try_emplace(kept->item).first;
      auto spec = std::make_shared<ItemSpec>();
      spec->name = kept->item;
      if (!at->second.spec) at->second.spec = std::move(spec);
    }
    Watch& watch = ledger.add(at->second, kept->labels, kept->changed);
    // What was judged is not judged again in the same interval: it would count twice in `n of m`.
    at->second.judged = std::max(at->second.judged, kept->judged);
    at->second.slot = slot_of(*at->second.spec, at->second.judged);
    watch.expr = kept->expr;
    watch.state = kept->state;
    watch.had_value = kept->had_value;
    watch.silent = kept->silent;
    watch.missing = kept->missing_since.has_value();
    watch.last_value = kept->missing_since;
    watch.cause = std::move(kept->cause);
    watch.clocks = kept->clocks;
    watch.unrest = std::move(kept->unrest);
    const auto alarm = ledger.alarms.find(kept->alarm);
    if (alarm != ledger.alarms.end() && alarm->second.state == AlarmState::Active) watch.alarm = kept->alarm;
    if (watch.alarm != 0) {
      held.insert(watch.alarm);
      ledger.alarms.at(watch.alarm).flapping = watch.unrest.flapping;
    }
    return true;
  }));
  BONGSU_TRY_OK(store_.scan(kAcknowledgementTable, "", [&](std::string_view key, std::string_view value) {
    auto kept = decode_acknowledgement(value);
    if (!kept) {
      refuse(key, kept.error());
      return true;
    }
    for (auto& [id, alarm] : ledger.alarms) {
      if (alarm.state != AlarmState::Active || alarm_key(id) != key) continue;
      // The run that kept it ended before it could say that the level had risen meanwhile.
      if (kept->said.until_worse && alarm.level > kept->level) {
        ledger.unacknowledge(alarm, alarm.changed, state_->unsaved);
        break;
      }
      alarm.acknowledged = true;
      ledger.acknowledgements.emplace(id, *std::move(kept));
      break;
    }
    return true;
  }));
  BONGSU_TRY_OK(store_.scan(kHushTable, "", [&](std::string_view key, std::string_view value) {
    auto kept = decode_hush(value);
    if (!kept) {
      refuse(key, kept.error());
      return true;
    }
    std::uint64_t id = 0;
    std::from_chars(key.data(), key.data() + key.size(), id, 16);
    if (!ledger.open.contains(id)) return true;
    Alarm& alarm = ledger.alarms.at(id);
    alarm.suppressed = true;
    alarm.suppressed_by = kept->by;
    ledger.hushes.emplace(id, *std::move(kept));
    return true;
  }));
  BONGSU_TRY_OK(store_.scan(kWindowTable, "", [&](std::string_view key, std::string_view value) {
    auto kept = decode_window(value);
    if (kept) ledger.windows.insert_or_assign(std::string(key), *std::move(kept));
    else refuse(key, kept.error());
    return true;
  }));
  for (auto& [name, item] : ledger.items) {
    for (auto& [labels, watch] : item.watches) ledger.count(watch, ledger.level(watch));
  }
  for (auto& [name, item] : strangers) ledger.leave(std::move(item));
  // An active alarm that no watch holds: a lost record. It gets a watch of an item that is gone, and so an end.
  for (const auto& [id, alarm] : ledger.alarms) {
    if (alarm.state != AlarmState::Active || held.contains(id)) continue;
    Item stray;
    auto spec = std::make_shared<ItemSpec>();
    spec->name = alarm.item;
    stray.spec = std::move(spec);
    ledger.add(stray, alarm.labels, alarm.changed).alarm = id;
    ledger.leave(std::move(stray));
  }
  ledger.show();
  *state_->ledger.lock() = std::move(ledger);
  return {};
}

void Engine::reload(std::vector<ItemSpec> items) {
  auto ledger = state_->ledger.lock();
  std::map<std::string, Item, std::less<>> next;
  for (ItemSpec& spec : items) {
    if (!spec.enabled) continue;
    std::string name = spec.name;
    Item item;
    if (const auto at = ledger->items.find(name); at != ledger->items.end()) {
      item = std::move(at->second);
      ledger->items.erase(at);
    }
    item.spec = std::make_shared<const ItemSpec>(std::move(spec));
    item.expr = expression_hash(*item.spec);
    next.insert_or_assign(std::move(name), std::move(item));
  }
  for (auto& [name, item] : ledger->items) ledger->leave(std::move(item));
  ledger->items = std::move(next);
}

std::string Engine::silence_cause(const ItemSpec& item, const std::string& device, Time now,
                                  const std::optional<DeviceState>& known) const {
  const std::vector<const query::Selector*> selectors = query::selectors_of(*item.expr);
  if (!device.empty()) {
    for (const query::Selector* selector : selectors) {
      std::vector<Matcher> matchers = selector->matchers;
      matchers.push_back({Matcher::Op::Equal, "device", device});
      const auto found = points_.select(matchers, now - 2 * options_.query.lookback, now, options_.query.limits);
      if (!found) continue;
      for (const Series& series : *found) {
        if (series.samples.empty()) continue;
        if (const auto cause = gap_cause(series.samples.back().value)) return std::string(to_string(*cause));
      }
    }
  }
  if (known && !known->error.empty()) return known->error;
  if (known && known->up == false) return "device is down";
  return "no data";
}

void Engine::evaluate(Time now) {
  Unsaved& out = state_->unsaved;
  Round round{.now = now};
  std::vector<std::shared_ptr<const ItemSpec>> due;
  Histogram& lateness = metrics_.histogram("bongsu_rule_lateness_seconds", "From when an item is due to when it is judged.",
                                           {0.5, 1, 1.5, 2, 5, 10, 30, 60, 300});
  {
    auto ledger = state_->ledger.lock();
    ledger->end_strays(now, out);
    ledger->expire_acknowledgements(now, out);
    for (auto& [name, item] : ledger->items) {
      const std::int64_t slot = slot_of(*item.spec, now);
      if (slot == item.slot) continue;
      item.slot = slot;
      lateness.observe(std::chrono::duration<double>(now - time_from_ms(slot * item.spec->interval.count())).count());
      if (!item.spec->hours.contains(now)) {
        ledger->drop_all(item, "outside of its hours", now, out);
        continue;
      }
      due.push_back(item.spec);
    }
  }
  if (!due.empty()) {
    round.load(devices_);
    for (const DeviceState& device : round.devices) state_->known_devices.insert(device.name);
  }
  Counter& evaluations = metrics_.counter("bongsu_rule_evaluations_total", "Evaluations of watch items.");
  Counter& failures = metrics_.counter("bongsu_rule_failures_total", "Evaluations whose query gave an error.");
  const query::Engine queries(points_, options_.query);
  for (const auto& spec : due) {
    evaluations.add();
    auto answer = queries.instant(*spec->expr, now);
    if (answer) {
      auto limits = Limits::at(*spec, queries, now);
      if (limits) round.limits = *std::move(limits);
      else answer = std::move(limits).error();
    }
    bool starts_failing = false;
    {
      auto ledger = state_->ledger.lock();
      const auto at = ledger->items.find(spec->name);
      if (at == ledger->items.end() || at->second.spec != spec) continue;  // reloaded meanwhile
      starts_failing = !answer && !at->second.failing;
      at->second.failing = !answer;
      if (answer) apply(*ledger, at->second, *answer, round);
    }
    if (answer) continue;
    // What was known stays: a query that fails says nothing about the device.
    failures.add();
    if (starts_failing) log::warning("item {} cannot be judged: {}", spec->name, answer.error().text);
  }
  // Causes are looked up in the points, so not under the lock.
  std::map<std::pair<const ItemSpec*, std::string>, std::string> causes;
  for (const Round::Silence& silence : round.silences) {
    const DeviceState* device = round.device(silence.device);
    auto [cause, is_new] = causes.try_emplace({silence.spec.get(), silence.device});
    if (is_new)
      cause->second =
          silence_cause(*silence.spec, silence.device, now, device != nullptr ? std::optional(*device) : std::nullopt);
    auto ledger = state_->ledger.lock();
    const auto at = ledger->items.find(silence.spec->name);
    if (at == ledger->items.end()) continue;
    if (const auto watch = at->second.watches.find(silence.labels); watch != at->second.watches.end()) {
      ledger->set_cause(at->second, silence.labels, watch->second, cause->second, out);
    }
  }
  suppress(round, !due.empty());
  write_uplink(round);
  commit();
}

void Engine::apply(Ledger& ledger, Item& item, const query::Answer& answer, Round& round) {
  Unsaved& out = state_->unsaved;
  ++item.round;
  item.judged = round.now;
  const auto spec_of = [&](const Labels& labels) -> const ItemSpec& {
    if (item.spec->overrides.empty()) return *item.spec;
    return spec_for(*item.spec, labels, round.device(labels.get("device")));
  };
  std::vector<Labels> unwanted;
  const auto take = [&](const Labels& labels, double value) {
    if (std::isnan(value)) return;
    const ItemSpec& spec = spec_of(labels);
    if (!spec.enabled) return unwanted.push_back(labels);
    const std::span<const Level> levels = round.limits.levels(spec, labels);
    if (levels.empty()) return;
    auto at = item.watches.find(labels);
    if (at == item.watches.end()) {
      if (ledger.watch_count >= options_.max_watches) {
        metrics_.counter("bongsu_rule_watches_refused_total", "Label sets not watched because there were too many.").add();
        return;
      }
      ledger.add(item, labels, round.now);
      at = item.watches.find(labels);
    }
    at->second.expr = item.expr;
    ledger.with_value(item, spec, levels, round.device(labels.get("device")), at->first, at->second, value, round.now, out);
  };
  if (answer.kind == query::ValueType::Scalar) take(Labels(), answer.scalar);
  for (const query::VectorSample& sample : answer.vector) {
    if (!sample.labels->has(kMetricName)) {
      take(*sample.labels, sample.value);
      continue;
    }
    take(sample.labels->without(kMetricName), sample.value);
  }

  for (const Labels& labels : unwanted) ledger.drop(item, labels, "switched off here", round.now, out);

  std::vector<Labels> missing;
  for (const auto& [labels, watch] : item.watches) {
    if (watch.round != item.round) missing.push_back(labels);
  }
  std::sort(missing.begin(), missing.end());  // events in an order that does not depend on a hash
  for (const Labels& labels : missing) miss(ledger, item, labels, round);
  if (item.spec->targets.empty()) return;
  for (const DeviceState& device : round.devices) {
    if (item.per_device.contains(device.name) || !wanted_on(item.spec->targets, device) ||
        ledger.watch_count >= options_.max_watches)
      continue;
    const Labels labels{{"device", device.name}};
    if (!spec_of(labels).enabled) continue;
    ledger.add(item, labels, round.now);
    miss(ledger, item, labels, round);
  }
}

void Engine::miss(Ledger& ledger, Item& item, const Labels& labels, Round& round) {
  Unsaved& out = state_->unsaved;
  Watch& watch = item.watches.at(labels);
  const DeviceState* device = round.device(watch.device);
  const std::string name = watch.device;
  const auto drop = [&](const std::string& reason) { ledger.drop(item, labels, reason, round.now, out); };
  // Where silence is the good case it still is not when the device itself fell silent: an open alarm then stays.
  const bool mute = device != nullptr && (device->up == false || device->snmp_up == false);
  if (item.spec->no_data == NoData::Ignore && !(mute && watch.alarm != 0)) return drop("no longer there");
  if (watch.expr != item.expr) return drop("the expression changed");
  if (!item.spec->overrides.empty() && !spec_for(*item.spec, labels, device).enabled) return drop("switched off here");
  const bool removed = state_->known_devices.contains(name) || (watch.silent && !name.empty() && !round.devices.empty());
  if (device == nullptr && removed) return drop("the device is no longer watched");
  if (!watch.had_value) {
    // Stands for a device that should have the item; it leaves when the device gives a label set of its own, or need not.
    if (device == nullptr || !wanted_on(item.spec->targets, *device) || item.per_device.find(name)->second > 1) return drop("");
  }
  if (watch.last_value && watch.had_value && round.now - *watch.last_value >= options_.forget &&
      (device == nullptr || device->up != false)) {
    return drop("gone for " + format_duration(options_.forget));
  }
  if (ledger.without_value(item, labels, watch, round.now, out)) round.silences.push_back({item.spec, labels, name});
}

void Engine::commit() {
  save();
  // Kept, or refused: then the store says so, and an alarm must be seen all the same.
  {
    auto ledger = state_->ledger.lock();
    ledger->show();
    for (int level = 1; level <= 5; ++level) {
      const auto severity = static_cast<Severity>(level);
      metrics_.gauge("bongsu_alarms_active", "Open alarms by level.", {{"level", std::string(to_string(severity))}})
          .set(ledger->active[static_cast<std::size_t>(level) + 1]);
    }
    metrics_.gauge("bongsu_watches", "Watched items times label sets.").set(static_cast<double>(ledger->watch_count));
  }
}

void Engine::save() {
  Unsaved& unsaved = state_->unsaved;
  if (unsaved.empty()) return;
  StateBatch batch;
  batch.changes.reserve(unsaved.records.size());
  for (const auto& [place, value] : unsaved.records) batch.changes.push_back({std::string(place.first), place.second, value});
  batch.events = unsaved.events;
  if (const Status done = store_.commit(batch); !done) {
    metrics_.counter("bongsu_rule_commit_failures_total", "Changes of alarms that could not be kept at once.").add();
    if (!std::exchange(state_->refused, true)) log::error("alarms cannot be kept, will try again: {}", done.error().text);
    if (unsaved.events.size() > kMaxUnsavedEvents) {
      const std::size_t excess = unsaved.events.size() - kMaxUnsavedEvents;
      metrics_.counter("bongsu_rule_events_dropped_total", "Alarm events lost because the store refused for too long.")
          .add(excess);
      unsaved.events.erase(unsaved.events.begin(), unsaved.events.begin() + static_cast<std::ptrdiff_t>(excess));
    }
    return;
  }
  // For whoever reads the daemon's log; a storm is told in full by the alarms themselves.
  const std::size_t told = options_.log_changes ? std::min(unsaved.events.size(), kMostLogged) : unsaved.events.size();
  for (const Event& event : std::span(unsaved.events).first(options_.log_changes ? told : 0)) {
    log::info("alarm {}: {}: {}", to_string(event.severity), event.device.empty() ? "(no device)" : event.device, event.text);
  }
  if (told < unsaved.events.size()) log::info("and {} more changes of alarms", unsaved.events.size() - told);
  unsaved = {};
  if (std::exchange(state_->refused, false)) log::info("alarms are kept again");
}

std::vector<Alarm> Engine::alarms(const AlarmQuery& query) const {
  std::vector<Alarm> out;
  const auto ledger = state_->ledger.lock();
  for (auto at = ledger->shown.rbegin(); at != ledger->shown.rend() && out.size() < query.limit; ++at) {
    const Alarm& alarm = at->second;
    if (query.before_id != 0 && alarm.id >= query.before_id) continue;
    if (query.active_only && alarm.state != AlarmState::Active) continue;
    if (query.min_level && alarm.level < *query.min_level) continue;
    if (!query.device.empty() && alarm.device != query.device) continue;
    out.push_back(alarm);
  }
  return out;
}

std::optional<Alarm> Engine::alarm(std::uint64_t id) const {
  const auto ledger = state_->ledger.lock();
  const auto at = ledger->shown.find(id);
  return at == ledger->shown.end() ? std::nullopt : std::optional(at->second);
}

std::vector<Engine::Health> Engine::health() const {
  std::vector<Health> out;
  const auto ledger = state_->ledger.lock();
  for (const auto& [name, item] : ledger->items) {
    out.push_back({item.spec, item.judged == Time{} ? std::nullopt : std::optional(item.judged), item.failing});
  }
  return out;
}

std::vector<ItemState> Engine::items(std::string_view device) const { return states(device, {}); }

std::vector<ItemState> Engine::of_item(std::string_view item) const { return states({}, item); }

// An empty name stands for all.
std::vector<ItemState> Engine::states(std::string_view device, std::string_view only) const {
  std::vector<ItemState> out;
  {
    const auto ledger = state_->ledger.lock();
    for (const auto& [name, item] : ledger->items) {
      if (!only.empty() && name != only) continue;
      if (!device.empty() && !item.per_device.contains(device)) continue;
      for (const auto& [labels, watch] : item.watches) {
        if (!device.empty() && watch.device != device) continue;
        ItemState state;
        state.item = name;
        state.title = item.spec->title.en.empty() ? name : item.spec->title.en;
        state.labels = labels;
        state.device = watch.device;
        state.state = watch.state;
        state.level = ledger->level(watch);
        state.value = watch.value;
        state.unit = unit_of(*item.spec, labels);
        if (watch.value) state.meaning = meaning_of(*item.spec, *watch.value);
        state.why = item.spec->why;
        state.cause = watch.cause;
        state.changed = watch.changed;
        state.alarm = watch.alarm;
        out.push_back(std::move(state));
      }
    }
  }
  std::sort(out.begin(), out.end(), [](const ItemState& a, const ItemState& b) {
    return std::tie(a.device, a.item, a.labels) < std::tie(b.device, b.item, b.labels);
  });
  return out;
}

std::vector<DeviceLevels> Engine::levels() const {
  std::vector<DeviceLevels> out;
  const auto ledger = state_->ledger.lock();
  out.reserve(ledger->levels.size());
  std::map<std::string_view, LevelCounts> alarms;
  for (const std::uint64_t id : ledger->shown_open) {
    const Alarm& alarm = ledger->shown.at(id);
    ++alarms[alarm.device][alarm.level];
  }
  auto open = alarms.begin();
  const auto those_before = [&](std::string_view device) {
    for (; open != alarms.end() && open->first < device; ++open) out.push_back({std::string(open->first), {}, open->second});
  };
  for (const auto& [device, items] : ledger->levels) {
    those_before(device);
    out.push_back({device, items});
    if (open != alarms.end() && open->first == device) out.back().alarms = (open++)->second;
  }
  for (; open != alarms.end(); ++open) out.push_back({std::string(open->first), {}, open->second});
  return out;
}

void Engine::put_news(StateBatch& batch, AlarmChange change, Alarm alarm, const std::string& by, const std::string& note,
                      Time now) {
  alarm.acknowledged = change == AlarmChange::Acknowledged;
  const AlarmNews news{.change = change, .before = alarm.level, .at = now, .by = by, .note = note, .alarm = std::move(alarm)};
  batch.put(kAlarmNewsTable, alarm_news_key(news), encode(news));
  batch.put(kRemedyNewsTable, alarm_news_key(news), encode(news));
}

Status Engine::acknowledge(std::uint64_t id, const Acknowledgement& acknowledgement, Time now) {
  const auto known = alarm(id);
  if (!known) return Error{Code::NotFound, "no alarm " + std::to_string(id) + "; `bongsu alarms` lists them"};
  if (known->state != AlarmState::Active)
    return Error{Code::Refused, "alarm " + std::to_string(id) + " has recovered; there is nothing to acknowledge"};
  const KeptAcknowledgement kept{acknowledgement, known->level};
  StateBatch batch;
  batch.put(kAcknowledgementTable, alarm_key(id), encode(kept));
  Event event = alarm_event(*known, "acknowledged",
                            "acknowledged" + (acknowledgement.by.empty() ? "" : " by " + acknowledgement.by) +
                                (acknowledgement.note.empty() ? "" : ": " + acknowledgement.note),
                            now);
  event.kind = EventKind::Audit;
  batch.events.push_back(std::move(event));
  put_news(batch, AlarmChange::Acknowledged, *known, acknowledgement.by, acknowledgement.note, now);
  BONGSU_TRY_OK(store_.commit(batch).context("acknowledge alarm " + std::to_string(id)));
  {
    auto ledger = state_->ledger.lock();
    const auto at = ledger->alarms.find(id);
    // It may have ended meanwhile; then the record means nothing.
    if (at == ledger->alarms.end() || at->second.state != AlarmState::Active) return {};
    if (!acknowledgement.until_worse || at->second.level <= kept.level) {
      at->second.acknowledged = true;
      if (const auto shown = ledger->shown.find(id); shown != ledger->shown.end()) shown->second.acknowledged = true;
      ledger->acknowledgements.insert_or_assign(id, kept);
      return {};
    }
  }
  // Or risen, which ends it at once: who acts on news must hear of that, too.
  StateBatch back;
  back.erase(kAcknowledgementTable, alarm_key(id));
  put_news(back, AlarmChange::Unacknowledged, *known, "", "", now);
  return store_.commit(back).context("acknowledge alarm " + std::to_string(id));
}

Status Engine::unacknowledge(std::uint64_t id, const std::string& by, Time now) {
  const auto known = alarm(id);
  if (!known) return Error{Code::NotFound, "no alarm " + std::to_string(id) + "; `bongsu alarms` lists them"};
  if (!known->acknowledged) return Error{Code::Refused, "alarm " + std::to_string(id) + " is not acknowledged"};
  StateBatch batch;
  batch.erase(kAcknowledgementTable, alarm_key(id));
  Event event = alarm_event(*known, "unacknowledged", "acknowledgement withdrawn" + (by.empty() ? "" : " by " + by), now);
  event.kind = EventKind::Audit;
  batch.events.push_back(std::move(event));
  put_news(batch, AlarmChange::Unacknowledged, *known, by, "", now);
  BONGSU_TRY_OK(store_.commit(batch).context("unacknowledge alarm " + std::to_string(id)));
  auto ledger = state_->ledger.lock();
  ledger->acknowledgements.erase(id);
  for (auto* alarms : {&ledger->alarms, &ledger->shown}) {
    if (const auto at = alarms->find(id); at != alarms->end()) at->second.acknowledged = false;
  }
  return {};
}

void Engine::credit(std::uint64_t alarm, std::string by, Time until) {
  const auto ledger = state_->ledger.lock();
  if (by.empty()) ledger->credits.erase(alarm);
  else if (const auto known = ledger->alarms.find(alarm);
           known != ledger->alarms.end() && known->second.state == AlarmState::Active)
    ledger->credits.insert_or_assign(alarm, Ledger::Credit{std::move(by), until});
}

}  // namespace bongsu::rule
