// SPDX-License-Identifier: Apache-2.0
#include "counter_script.h"

#include <fstream>
#include <map>
#include <optional>

#include "agent/agents.h"
#include "base/text.h"
#include "fixture.h"
#include "model/keeper.h"
#include "model/marker.h"
#include "net/sim.h"
#include "poll/poller.h"
#include "store/memory.h"

namespace bongsu::poll {
namespace {

using namespace std::chrono_literals;

const net::Address kScripted = net::Address::v4(0x0a000101);

// A recording whose sysUpTime stands still.
class StillDevice final : public agent::Device {
 public:
  StillDevice(const std::string& text, SteadyTime at)
      : inside_(agent::RecordedDevice::shape(agent::Recording::parse(text)), at), at_(at) {}
  const agent::ObjectTable& objects() const override { return inside_.objects(); }
  void set_moment(SteadyTime) override { inside_.set_moment(at_); }
  snmp::ValueView read(const agent::ObjectTable::Object& object) const override { return inside_.read(object); }
  void restart(SteadyTime) override {}

 private:
  agent::RecordedDevice inside_;
  SteadyTime at_;
};

using Words = std::map<std::string, std::string>;

class Run {
 public:
  Run() {
    sim_.set_link(kScripted, {});
    sim_.set_link(net::Address(), {});
    agents_ = std::move(agent::Agents::open(sim_.reactor(), {.port = 161, .community = "public", .listen = {kScripted}})).value();
    start();
    next_poll();  // not answered: the first one does not lie on a slot
  }

  void line(const std::string& text) {
    const auto words = split(text, ' ');
    const std::string verb(words[0]);
    const std::string rest = words.size() > 1 ? std::string(trim(std::string_view(text).substr(verb.size()))) : "";
    if (verb == "port") {
      change(std::string(words.at(1)), rest.substr(words.at(1).size()));
    } else if (verb == "gone") {
      ports_.erase(rest);
    } else if (verb == "poll") {
      const bool changes = rest.find('=') != std::string::npos;
      if (changes) change("1", rest);
      answer(changes || rest.empty() ? std::nullopt : std::optional(parse_duration(rest).value()));
    } else if (verb == "between") {
      const auto cut = rest.find(' ');
      sim_.run_until(last_poll_ + parse_duration(rest.substr(0, cut)).value());
      const std::string what = cut == std::string::npos ? "" : rest.substr(cut + 1);
      if (what == "silent") {
        agents_->remove(kScripted);
      } else {
        change("1", what);
        serve();
      }
    } else if (verb == "readings") {
      ++result.expectations;
      const auto found = std::to_string(metrics_.counter("bongsu_poll_between_total", "").value());
      if (found != rest) result.faults.push_back("expected " + rest + " readings between polls, and found " + found);
    } else if (verb == "silent") {
      agents_->remove(kScripted);
      for (int polls = std::stoi(rest); polls > 0; --polls) next_poll();
    } else if (verb == "step") {
      const bool back = rest[0] == '-';
      const Millis span = parse_duration(rest.substr(back)).value();
      sim_.clock().step_wall(back ? -span : span);
    } else if (verb == "off") {
      poller_.reset();
      client_.reset();
      keeper_.reset();
      sim_.run_for(parse_duration(rest).value());
      start();
    } else if (verb == "octets") {
      const auto open = rest.find('{'), close = rest.find('}');
      expect_octets(rest.substr(open + 1, close - open - 1), std::string(trim(rest.substr(close + 1))));
    } else if (verb == "told") {
      expect_notice(rest);
    } else {
      result.faults.push_back("no such verb: " + text);
    }
  }

  // No rate above the line, none below zero.
  void check_rates() {
    for (const Series& series : select("", {})) {
      std::optional<Sample> before;
      for (const Sample& sample : series.samples) {
        if (is_marker(sample.value)) continue;
        if (before) {
          const double span = std::chrono::duration<double>(sample.at - before->at).count();
          const double growth = sample.value < before->value ? sample.value : sample.value - before->value;
          if (growth < 0 || growth > speed_ / 8 * span)
            result.faults.push_back(series.labels->to_string() + " grows by " + format_number(growth) + " in " +
                                    format_number(span) + " s");
        }
        before = sample;
      }
    }
  }

  CounterScript result;

 private:
  void start() {
    keeper_ = std::make_unique<StateKeeper>(store_, metrics_, std::chrono::hours(1000));
    client_ = std::make_unique<snmp::Client>(sim_.reactor(), metrics_);
    poller_ = std::make_unique<Poller>(PollerParts{.reactor = sim_.reactor(),
                                                   .client = *client_,
                                                   .points = store_,
                                                   .events = &store_,
                                                   .profiles = profiles_,
                                                   .metrics = metrics_,
                                                   .keeper = keeper_.get(),
                                                   .kept = &store_});
    DeviceSpec device{.name = "d1", .address = kScripted.to_string()};
    device.credentials = {community()};
    device.ping = false;
    device.retries = 0;
    poller_->apply({device});
  }

  void change(const std::string& index, std::string_view pairs) {
    Words& port = ports_[index];
    for (const auto pair : split(pairs, ' ')) {
      if (pair.empty()) continue;
      const auto cut = pair.find('=');
      const std::string key(pair.substr(0, cut)), value(pair.substr(cut + 1));
      if (value == "-") port.erase(key);
      else port[key] = value;
      if (key == "speed") speed_ = std::max(speed_, parse_number(value).value());
    }
  }

  std::string recording(std::uint64_t ticks) const {
    std::string text = "1.3.6.1.2.1.1.1.0|4|box\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9999.1\n1.3.6.1.2.1.1.3.0|67|" +
                       std::to_string(static_cast<std::uint32_t>(ticks)) + "\n";
    for (const auto& [index, port] : ports_) {
      const auto put = [&](const std::string& column, const std::string& type, const std::string& key) {
        if (const auto at = port.find(key); at != port.end())
          text += "1.3.6.1.2.1." + column + "." + index + "|" + type + "|" + at->second + "\n";
      };
      text += "1.3.6.1.2.1.2.2.1.3." + index + "|2|" + (port.contains("type") ? port.at("type") : "6") + "\n";
      put("2.2.1.2", "4", "descr");
      if (port.contains("speed")) {
        const double speed = parse_number(port.at("speed")).value();
        text += "1.3.6.1.2.1.2.2.1.5." + index + "|66|" + format_number(std::min(speed, 4294967295.0)) + "\n";
        text += "1.3.6.1.2.1.31.1.1.1.15." + index + "|66|" + format_number(std::floor(speed / 1e6)) + "\n";
      }
      put("2.2.1.6", "4x", "mac");
      text += "1.3.6.1.2.1.2.2.1.8." + index + "|2|1\n";
      put("2.2.1.10", "65", "in");
      put("31.1.1.1.1", "4", "name");
      put("31.1.1.1.6", "70", "hcin");
      put("31.1.1.1.18", "4", "alias");
      put("31.1.1.1.19", "67", "disc");
    }
    return text;
  }

  void serve() {
    const SteadyTime now = sim_.clock().steady();
    const auto up = std::chrono::duration_cast<Millis>(now - born_).count() / 10;
    agents_->add(kScripted,
                 std::make_unique<agent::RecordedDevice>(
                     agent::RecordedDevice::shape(agent::Recording::parse(recording(static_cast<std::uint64_t>(up)))), now));
  }

  void answer(std::optional<Millis> uptime) {
    const SteadyTime now = sim_.clock().steady();
    if (uptime) {
      agents_->add(kScripted, std::make_unique<StillDevice>(recording(static_cast<std::uint64_t>(uptime->count() / 10)), now));
    } else {
      serve();
    }
    next_poll();
    if (uptime) born_ = sim_.clock().steady() - *uptime;
  }

  void next_poll() {
    Counter& polls = metrics_.counter("bongsu_poll_polls_total", "");
    const std::uint64_t before = polls.value();
    for (int tries = 0; polls.value() == before && tries < 100'000; ++tries) sim_.run_for(50ms);
    if (polls.value() == before) result.faults.push_back("no poll came");
    last_poll_ = sim_.clock().steady();
  }

  std::vector<Series> select(const std::string& metric, const Words& labels) {
    std::vector<Matcher> matchers{
        {metric.empty() ? Matcher::Op::Regex : Matcher::Op::Equal, "__name__", metric.empty() ? ".*_bytes_total" : metric}};
    for (const auto& [name, value] : labels) matchers.push_back({Matcher::Op::Equal, name, value});
    return std::move(store_.select(matchers, time_from_ms(0), time_from_ms(4'000'000'000'000))).value();
  }

  void expect_octets(const std::string& labels, const std::string& expected) {
    ++result.expectations;
    Words wanted;
    for (const auto pair : split(labels, ',')) {
      const auto cut = pair.find('=');
      wanted[std::string(trim(pair.substr(0, cut)))] = pair.substr(cut + 1);
    }
    const auto found = select("interface_receive_bytes_total", wanted);
    std::string story = found.size() == 1 ? "" : std::to_string(found.size()) + " series";
    for (const Sample& sample : found.size() == 1 ? found[0].samples : std::vector<Sample>()) {
      const auto cause = gap_cause(sample.value);
      story += (story.empty() ? "" : " ") + (cause                     ? "gap:" + std::string(to_string(*cause))
                                             : is_marker(sample.value) ? "stale"
                                                                       : format_number(sample.value));
    }
    if (story != expected) result.faults.push_back("{" + labels + "}: expected " + expected + "\n  and found " + story);
  }

  void expect_notice(const std::string& words) {
    ++result.expectations;
    const auto page = store_.search({.limit = 1000});
    std::string all;
    for (const Event& event : page->events) {
      if (event.text.find(words) != std::string::npos) return;
      all += "\n  " + event.text;
    }
    result.faults.push_back("nothing was told of: " + words + all);
  }

  net::SimWorld sim_{7};
  Metrics metrics_;
  store::MemoryStore store_;
  Snapshot<ProfileSet> profiles_{stock_profiles()};
  std::unique_ptr<agent::Agents> agents_;
  std::unique_ptr<StateKeeper> keeper_;
  std::unique_ptr<snmp::Client> client_;
  std::unique_ptr<Poller> poller_;
  std::map<std::string, Words> ports_;
  SteadyTime born_ = sim_.clock().steady() - std::chrono::hours(240);
  SteadyTime last_poll_{};
  double speed_ = 0;
};

}  // namespace

CounterScript run_counter_script(const std::filesystem::path& file) {
  std::ifstream in(file);
  Run run;
  for (std::string text; std::getline(in, text);) {
    const std::string line(trim(text.substr(0, text.find('#'))));
    if (!line.empty()) run.line(line);
  }
  run.check_rates();
  return std::move(run.result);
}

}  // namespace bongsu::poll
