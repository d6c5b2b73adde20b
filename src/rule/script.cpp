// SPDX-License-Identifier: Apache-2.0
#include "rule/script.h"

#include <map>
#include <memory>

#include "base/text.h"
#include "model/alarm_news.h"
#include "model/marker.h"
#include "model/week_hours.h"
#include "query/parse.h"
#include "rule/engine.h"
#include "rule/stage.h"

namespace bongsu::rule {
namespace {

// Words; braces and quotes hold together.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> out;
  std::string word;
  int braces = 0;
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (!quoted && c == '{') ++braces;
    if (!quoted && c == '}') --braces;
    if (c == ' ' && braces == 0 && !quoted) {
      if (!word.empty()) out.push_back(std::move(word));
      word.clear();
    } else {
      word += c;
    }
  }
  if (!word.empty()) out.push_back(std::move(word));
  return out;
}

// Without its quotes.
std::string bare(const std::string& word) {
  return word.size() > 1 && word.front() == '"' && word.back() == '"' ? word.substr(1, word.size() - 2) : word;
}

std::optional<std::string> value_of(const std::string& word, std::string_view key) {
  if (!word.starts_with(std::string(key) + "=")) return std::nullopt;
  return bare(word.substr(key.size() + 1));
}

class Runner {
 public:
  Runner(std::string_view text, std::string name, std::span<const ItemSpec> known, bool restart_each_second)
      : name_(std::move(name)), known_(known), restarting_(restart_each_second) {
    for (const std::string_view line : split(text, '\n'))
      lines_.emplace_back(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line);
  }

  // A person's file: a word that is missing or no number is a failure of its line.
  ScriptResult run() {
    for (at_ = 0; at_ < lines_.size(); ++at_) {
      const auto words = words_of(trim(lines_[at_]));
      if (words.empty() || words[0][0] == '#') continue;
      try {
        step(words);
      } catch (const std::exception&) {
        fail("a word is missing, or is not what stands here; see the README of rules");
      }
    }
    result_.log = store_.alarm_log();
    return std::move(result_);
  }

 private:
  void step(const std::vector<std::string>& words) {
    if (words[0] == "load") load(words);
    else if (words[0] == "begin") begin(words);
    else if (words[0] == "item") item(words);
    else if (words[0] == "override") override_item(words);
    else if (words[0] == "drop") drop(words.at(1));
    else if (words[0] == "device") device(words);
    else if (words[0] == "at") at(words);
    else if (words[0] == "ack") acknowledge(words);
    else if (words[0] == "unack") check(engine().unacknowledge(std::stoull(words.at(1)), "test", now_));
    else if (words[0] == "restart") engine_.reset();
    else if (words[0] == "disk") store_.refuse = words.at(1) == "off";
    else if (words[0] == "window") window(words);
    else if (words[0] == "news") news();
    else if (words[0] == "log") log();
    else fail("no such command");
  }

  void fail(const std::string& what) {
    result_.failures.push_back(name_ + ":" + std::to_string(at_ + 1) + ": " + lines_[at_] + "\n    " + what);
  }
  void check(const Status& status) {
    if (!status) fail(status.error().text);
  }
  Millis span(const std::string& text) {
    const auto parsed = parse_duration(text);
    if (!parsed) fail(parsed.error().text);
    return parsed.value_or(Millis(0));
  }
  static Labels labels_of(const std::string& text) {
    Labels labels;
    const auto parsed = query::parse(text);
    if (!parsed) return labels;
    for (const Matcher& matcher : std::get<query::Selector>((*parsed)->node).matchers) labels.set(matcher.name, matcher.value);
    return labels;
  }

  Time time_of(const std::string& text) { return store_.began + span(text); }

  void begin(const std::vector<std::string>& words) {
    if (step_ != Millis(0) || engine_) return fail("it stands before all that has a time");
    if (words.size() > 2) zone_ = words[2];
    if (!zone_.empty() && !is_zone(zone_)) return fail("no such time zone: " + zone_);
    const auto time = parse_local(bare(words.at(1)), zone_);
    if (!time) return fail(time.error().text);
    store_.began = now_ = next_ = *time;
  }

  void load(const std::vector<std::string>& words) {
    const Millis step = span(words.at(1));
    const Labels labels = labels_of(words.at(2));
    if (step_ == Millis(0)) {
      step_ = step;
      metric_ = labels.metric();
    }
    const auto id = store_.series(labels);
    if (!id) return fail(id.error().text);
    std::vector<Point> points;
    Time time = store_.began;
    for (std::size_t i = 3; i < words.size(); ++i) {
      std::string value = words[i];
      int times = 1;
      if (const std::size_t x = value.find('x'); x != std::string::npos) {
        times = std::min(std::stoi(value.substr(x + 1)), 1'000'000);
        value.resize(x);
      }
      double rise = 0;
      if (const std::size_t plus = value.find_last_of('+'); plus != std::string::npos && plus > 0 && value[plus - 1] != 'e') {
        rise = parse_number(value.substr(plus + 1)).value();
        value.resize(plus);
      }
      for (double above = 0; times > 0; --times, time += step, above += rise) {
        if (value == "_") continue;
        const double number = value == "stale"     ? stale_marker()
                              : value == "timeout" ? gap_marker(GapCause::Timeout)
                                                   : parse_number(value).value() + above;
        points.push_back({*id, {time, number}});
      }
    }
    check(store_.append(points));
  }

  void item(const std::vector<std::string>& words) {
    if (words.size() == 2) {
      const auto own = std::find_if(known_.begin(), known_.end(), [&](const ItemSpec& one) { return one.name == words[1]; });
      if (own == known_.end()) return fail("there is no item " + words[1]);
      items_.insert_or_assign(words[1], *own);
      if (engine_) engine_->reload(specs());
      return;
    }
    ItemSpec spec;
    spec.name = words.at(1);
    spec.interval = step_;
    spec.expr_text = metric_;
    Millis hold{0};
    Count count;
    std::map<std::string, std::string> own;
    for (std::size_t i = 2; i < words.size(); i += 2) {
      const std::string& key = words[i];
      if (key == "below") {
        spec.below = true;
        --i;
        continue;
      }
      const std::string& value = words.at(i + 1);
      if (const auto severity = parse_severity(key)) spec.levels.push_back({*severity, parse_number(value).value(), {}, {}});
      else if (key == "hold") hold = span(value);
      else if (key == "count") count = count_of(value);
      else if (key.starts_with("hold.") || key.starts_with("count.")) own[key] = value;
      else if (key == "clear") spec.clear = parse_number(value).value();
      else if (key == "interval") spec.interval = span(value);
      else if (key == "after") spec.no_data_after = span(value);
      else if (key == "no_data") spec.no_data = value == "ignore" ? NoData::Ignore : NoData::Unknown;
      else if (key == "flapping") {
        const auto parts = split(value, '/');
        spec.flapping.changes = value == "off" ? 0 : std::stoul(std::string(parts.at(0)));
        if (parts.size() > 1) spec.flapping.within = span(std::string(parts[1]));
      } else if (key == "hours") {
        auto hours = WeekHours::parse(bare(value), zone_);
        if (!hours) return fail(hours.error().text);
        spec.hours = *std::move(hours);
      } else if (key == "os") spec.targets.os.push_back(value);
      else if (key == "kind") spec.targets.kind.push_back(value);
      else if (key == "expr") {
        spec.expr_text.clear();
        for (++i; i < words.size(); ++i) spec.expr_text += words[i] + " ";
      } else fail("no such key: " + key);
    }
    std::sort(spec.levels.begin(), spec.levels.end(), [](const Level& a, const Level& b) { return a.severity < b.severity; });
    for (Level& level : spec.levels) {
      const std::string severity(to_string(level.severity));
      level.hold = own.contains("hold." + severity) ? span(own["hold." + severity]) : hold;
      level.count = own.contains("count." + severity) ? count_of(own["count." + severity]) : count;
    }
    const auto expr = query::parse(spec.expr_text);
    if (!expr) return fail(expr.error().text);
    spec.expr = *expr;
    const std::string name = spec.name;
    items_.insert_or_assign(name, std::move(spec));
    if (engine_) engine_->reload(specs());
  }
  void override_item(const std::vector<std::string>& words) {
    const auto item = items_.find(words.at(1));
    if (item == items_.end()) return fail("there is no item " + words[1]);
    Override made;
    ItemSpec spec = item->second;
    spec.overrides.clear();
    Millis hold{0};
    std::vector<Level> levels;
    for (std::size_t i = 2; i < words.size(); ++i) {
      const std::string& word = words[i];
      if (const std::size_t mark = word.find('='); mark != std::string::npos) {
        const std::string key = word.substr(0, mark);
        const std::string value = value_of(word, key).value_or("");
        if (key == "os") made.targets.os.push_back(value);
        else if (key == "kind") made.targets.kind.push_back(value);
        else if (key == "device") made.match.devices.push_back(value);
        else if (key.starts_with("tag.")) made.match.tags[key.substr(4)].push_back(value);
        else if (key.starts_with("label.")) made.match.labels[key.substr(6)].push_back(value);
        else fail("no such word: " + word);
      } else if (word == "off") {
        spec.enabled = false;
      } else if (const auto severity = parse_severity(word)) {
        levels.push_back({*severity, parse_number(words.at(++i)).value(), {}, {}});
      } else if (word == "hold") {
        hold = span(words.at(++i));
      } else if (word == "clear") {
        spec.clear = parse_number(words.at(++i)).value();
      } else if (word == "flapping" && words.at(++i) == "off") {
        spec.flapping.changes = 0;
      } else {
        fail("no such key: " + word);
      }
    }
    std::sort(levels.begin(), levels.end(), [](const Level& a, const Level& b) { return a.severity < b.severity; });
    if (!levels.empty()) spec.levels = std::move(levels);
    for (Level& level : spec.levels) level.hold = hold > Millis(0) ? hold : level.hold;
    made.item = std::make_shared<const ItemSpec>(std::move(spec));
    item->second.overrides.push_back(std::move(made));
    if (engine_) engine_->reload(specs());
  }
  void drop(const std::string& name) {
    items_.erase(name);
    if (engine_) engine_->reload(specs());
  }
  static Count count_of(const std::string& text) {
    const std::size_t slash = text.find('/');
    return {std::stoi(text.substr(0, slash)), slash == std::string::npos ? std::stoi(text) : std::stoi(text.substr(slash + 1))};
  }
  std::vector<ItemSpec> specs() const {
    std::vector<ItemSpec> out;
    for (const auto& [name, spec] : items_) out.push_back(spec);
    return out;
  }

  void device(const std::vector<std::string>& words) {
    if (words.size() > 2 && words[2] == "gone") return void(devices_.known.erase(words[1]));
    DeviceState& state = devices_.known[words.at(1)];
    state.name = words[1];
    for (std::size_t i = 2; i < words.size(); ++i) {
      if (const auto up = value_of(words[i], "up")) state.up = *up == "1";
      else if (const auto parents = value_of(words[i], "parents")) {
        state.parents.clear();
        for (const auto name : split(*parents, ',')) {
          if (!name.empty()) state.parents.emplace_back(name);
        }
      } else if (const auto answers = value_of(words[i], "answers")) prober_.truth[words[1]] = *answers == "1";
      else if (words[i].starts_with("tag."))
        state.tags[words[i].substr(4, words[i].find('=') - 4)] = words[i].substr(words[i].find('=') + 1);
      else if (const auto error = value_of(words[i], "error")) state.error = *error;
      else state.info[words[i].substr(0, words[i].find('='))] = words[i].substr(words[i].find('=') + 1);
    }
  }

  Engine& engine() {
    if (!engine_) {
      auto opened = Engine::open(specs(), store_, devices_, store_, metrics_,
                                 {.log_changes = false, .own_points = &store_, .prober = &prober_});
      if (!opened) fail(opened.error().text);
      engine_ = *std::move(opened);
      engine_->set_windows(file_windows_);
    }
    // What is counted along the way is what stands there.
    if (engine_->levels() != engine_->AlarmSource::levels()) fail("levels() does not agree with items()");
    return *engine_;
  }

  void run_until(Time until) {
    for (; next_ <= until; next_ += std::chrono::seconds(1)) {
      now_ = next_;
      // A process that ended in the middle of anything comes back on its records alone.
      if (restarting_ && !store_.refuse) engine_.reset();
      for (const std::string& name : std::exchange(prober_.asked, {})) {
        DeviceState& state = devices_.known[name];
        state.probed = now_;
        if (prober_.truth.contains(name)) state.up = prober_.truth[name];
      }
      engine().evaluate(now_);
    }
  }

  void at(const std::vector<std::string>& words) {
    run_until(words.at(1) == "0s" ? store_.began : time_of(words[1]));
    ++result_.checks;
    std::string state_word = words.at(2);
    std::optional<Severity> level;
    std::optional<Labels> labels;
    std::map<std::string, std::optional<std::string>> wanted{{"item", {}},  {"value", {}},  {"limit", {}}, {"cause", {}},
                                                             {"alarm", {}}, {"events", {}}, {"acked", {}}, {"suppressed", {}}};
    for (std::size_t i = 3; i < words.size(); ++i) {
      if (words[i][0] == '{') labels = labels_of(words[i]);
      else if (const auto severity = parse_severity(words[i])) level = severity;
      else {
        const std::size_t mark = words[i].find('=');
        const std::string key = words[i].substr(0, mark);
        if (mark == std::string::npos || !wanted.contains(key)) {
          fail("no such word: " + words[i]);
          continue;
        }
        wanted[key] = value_of(words[i], key);
      }
    }
    const auto& item = wanted["item"];
    const auto& value = wanted["value"];
    const auto& limit = wanted["limit"];
    const auto& cause = wanted["cause"];
    const auto& alarm = wanted["alarm"];
    const auto& events = wanted["events"];
    const auto& acked = wanted["acked"];
    const auto log = store_.alarm_log();
    if (events && std::to_string(std::count(log.begin(), log.end(), '\n')) != *events) fail("the log is\n" + log);
    std::vector<ItemState> found;
    for (const ItemState& state : engine().items("")) {
      if ((!labels || state.labels == *labels) && (!item || state.item == *item)) found.push_back(state);
    }
    if (state_word == "absent") {
      if (!found.empty()) fail("it is there: " + shown(found[0]));
      return;
    }
    if (found.size() != 1) return fail(std::to_string(found.size()) + " label sets match; name one with {labels}");
    const ItemState& state = found[0];
    const auto open = state.alarm != 0 ? engine().alarm(state.alarm) : std::nullopt;
    const bool unknown = state.level == Severity::Unknown;
    bool good = state_word == "unknown" ? unknown : state_word == to_string(state.state);
    if (level) good = good && (unknown && open ? open->level == *level : state.level == *level);
    if (value) good = good && state.value && format_number(*state.value) == *value;
    if (limit) good = good && open && format_number(open->limit) == *limit;
    if (cause) good = good && state.cause == *cause;
    if (alarm) good = good && std::to_string(state.alarm) == *alarm;
    if (acked) good = good && open && open->acknowledged == (*acked == "1");
    if (const auto& by = wanted["suppressed"]) {
      good = good && open && open->suppressed_by == *by && open->suppressed == !by->empty();
      if (open && !good) fail("it is suppressed by \"" + open->suppressed_by + "\"");
    }
    // What an item shows and what the list of alarms shows is one truth.
    good = good && (state.state == AlarmState::Active) == (open && open->state == AlarmState::Active);
    if (!good) fail("it is " + shown(state));
  }

  static std::string shown(const ItemState& state) {
    return std::string(to_string(state.state)) + " " + std::string(to_string(state.level)) +
           " value=" + (state.value ? format_number(*state.value) : "none") + " cause=\"" + state.cause +
           "\" alarm=" + std::to_string(state.alarm) + " " + state.labels.to_string();
  }

  void window(const std::vector<std::string>& words) {
    Window window{.name = words.at(1)};
    std::string hours = "always", zone = zone_;
    if (words.size() > 2 && words[2] == "end") return check(engine().end_window(words[1], "test", now_));
    for (std::size_t i = 2; i < words.size(); ++i) {
      const std::string& word = words[i];
      const auto pattern = [&](std::size_t skip) { return word.substr(skip, word.find('=') - skip); };
      const std::string value = value_of(word, pattern(0)).value_or("");
      if (word == "in_file") window.in_file = true;
      else if (word.starts_with("from=")) window.from = time_of(value);
      else if (word.starts_with("until=")) window.until = time_of(value);
      else if (word.starts_with("hours=")) hours = value;
      else if (word.starts_with("zone=")) zone = value;
      else if (word.starts_with("note=")) window.note = value;
      else if (word.starts_with("device=")) window.match.devices = {value};
      else if (word.starts_with("item=")) window.match.items = {value};
      else if (word.starts_with("tag.")) window.match.tags[pattern(4)] = {value};
      else if (word.starts_with("label.")) window.match.labels[pattern(6)] = {value};
      else fail("no such word: " + word);
    }
    auto parsed = WeekHours::parse(hours, zone);
    if (!parsed) return fail(parsed.error().text);
    window.match.hours = *std::move(parsed);
    if (!window.in_file) {
      if (const auto begun = engine().begin_window(std::move(window), now_); !begun) fail(begun.error().text);
      return;
    }
    file_windows_.push_back(std::move(window));
    engine().set_windows(file_windows_);
  }

  void news() {
    std::string got;
    check(store_.scan(kAlarmNewsTable, "", [&](std::string_view, std::string_view value) {
      const auto one = decode_alarm_news(value);
      if (!one) return fail(one.error().text), false;
      got += format_duration(one->at - store_.began) + " " + std::string(to_string(one->change)) + " " + one->alarm.item + " " +
             std::string(to_string(one->alarm.level)) + " " + one->alarm.labels.to_string() +
             (one->alarm.suppressed ? " suppressed" : "") + (one->alarm.flapping ? " flapping" : "") + "\n";
      return true;
    }));
    const std::string expected = indented();
    ++result_.checks;
    if (got != expected) fail("expected news\n" + expected + "got\n" + got);
  }

  std::string indented() {
    std::string lines;
    while (at_ + 1 < lines_.size() && !lines_[at_ + 1].empty() && lines_[at_ + 1][0] == ' ')
      lines += std::string(trim(lines_[++at_])) + "\n";
    return lines;
  }

  void acknowledge(const std::vector<std::string>& words) {
    Acknowledgement acknowledgement{.by = "test", .note = "seen"};
    for (const std::string& word : words) {
      if (const auto until = value_of(word, "until")) acknowledgement.until = time_of(*until);
      if (word == "until_worse") acknowledgement.until_worse = true;
    }
    check(engine().acknowledge(std::stoull(words.at(1)), acknowledgement, now_));
  }

  void log() {
    const std::string expected = indented();
    ++result_.checks;
    if (const auto got = store_.alarm_log(); got != expected) fail("expected\n" + expected + "got\n" + got);
  }

  std::string name_;
  const std::span<const ItemSpec> known_;
  const bool restarting_;
  std::vector<std::string> lines_;
  std::size_t at_ = 0;
  Millis step_{0};
  std::string metric_;
  std::string zone_;
  Time now_;
  Time next_;
  std::map<std::string, ItemSpec> items_;
  KeptStore store_;
  KnownDevices devices_;
  AskedDevices prober_;
  std::vector<Window> file_windows_;
  Metrics metrics_;
  std::unique_ptr<Engine> engine_;
  ScriptResult result_;
};

}  // namespace

ScriptResult run_script(std::string_view text, std::string name, std::span<const ItemSpec> known, bool restart_each_second) {
  return Runner(text, std::move(name), known, restart_each_second).run();
}

}  // namespace bongsu::rule
