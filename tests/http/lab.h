// SPDX-License-Identifier: Apache-2.0
// A server on loopback over sources made for the test, and a client that can misbehave.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <future>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/lock.h"
#include "base/text.h"
#include "devices.h"
#include "http/server.h"

namespace bongsu::http::lab {

struct Alarms final : AlarmSource {
  std::vector<Alarm> list;  // newest first
  std::vector<ItemState> states;
  std::vector<Alarm> alarms(const AlarmQuery& query) const override {
    std::vector<Alarm> out;
    for (const Alarm& one : list) {
      if (query.active_only && one.state != AlarmState::Active) continue;
      if (query.min_level && one.level < *query.min_level) continue;
      if (!query.device.empty() && one.device != query.device) continue;
      if (query.before_id != 0 && one.id >= query.before_id) continue;
      if (out.size() == query.limit) break;
      out.push_back(one);
    }
    return out;
  }
  std::optional<Alarm> alarm(std::uint64_t id) const override {
    for (const Alarm& one : list) {
      if (one.id == id) return one;
    }
    return std::nullopt;
  }
  std::vector<ItemState> items(std::string_view device) const override {
    std::vector<ItemState> out;
    for (const ItemState& one : states) {
      if (device.empty() || one.device == device) out.push_back(one);
    }
    return out;
  }
};

struct Events final : EventReader {
  std::vector<Event> list;  // newest first
  mutable Guarded<EventQuery> asked;
  mutable std::function<void()> before;  // called at each search, on the worker
  std::optional<Error> fail;
  Result<EventPage> search(const EventQuery& query) const override {
    *asked.lock() = query;
    if (before) before();
    if (fail) return *fail;
    EventPage page;
    for (const Event& one : list) {
      if (query.before_id != 0 && one.id >= query.before_id) continue;
      if (page.events.size() == query.limit) {
        page.next = page.events.back().id;
        break;
      }
      page.events.push_back(one);
    }
    return page;
  }
};

struct Points final : PointSource {
  std::vector<Series> list;
  Result<std::vector<Series>> select(std::span<const Matcher> matchers, Time from, Time to, const SelectLimits&) const override {
    std::vector<Series> out;
    for (const Series& one : list) {
      if (!std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& m) { return one.labels->get(m.name) == m.value; }))
        continue;
      Series cut{.labels = one.labels};
      for (const Sample& sample : one.samples) {
        if (sample.at >= from && sample.at <= to) cut.samples.push_back(sample);
      }
      if (!cut.samples.empty()) out.push_back(std::move(cut));
    }
    return out;
  }
  Result<std::vector<Labels>> find(std::span<const Matcher> matchers, Time from, Time to) const override {
    std::vector<Labels> out;
    const auto series = select(matchers, from, to, {});
    for (const Series& one : *series) out.push_back(*one.labels);
    return out;
  }
  Result<std::vector<std::string>> label_names() const override { return std::vector<std::string>{}; }
  Result<std::vector<std::string>> label_values(std::string_view) const override { return std::vector<std::string>{}; }
};

// 2026-11-23T01:02:03.456Z
inline constexpr std::int64_t kNow = 1'795'395'723'456;

struct Lab {
  ManualClock clock{time_from_ms(kNow)};
  Metrics metrics;
  ListedDevices devices;
  Alarms alarms;
  Events events;
  Points points;
  const PointSource* source = &points;
  std::vector<RuleState> rules;
  std::vector<rule::ItemSpec> items;
  Sources::Remedies remedies;
  WriteSink write;
  std::function<Result<Scraped>(std::string_view, std::string_view, std::stop_token)> scrape;
  Millis lookback{300'000};
  std::vector<std::string> notices;
  std::optional<Error> not_ready;
  std::map<std::string, snmp::Dialect, std::less<>> dialects;
  topology::View links;
  Guarded<BackupState> backup;
  std::shared_ptr<const mib::Tree> mibs = mib::Tree::empty();
  std::optional<Error> no_mib;
  std::string here = R"({"x":"1"})";       // what was set of the first entry
  Guarded<std::vector<std::string>> done;  // "ack 7 note"
  ServerOptions options{.listen = "127.0.0.1:0"};
  std::unique_ptr<Server> server;

  void start() {
    Sources sources{
        .clock = clock,
        .metrics = metrics,
        .devices = devices,
        .alarms = alarms,
        .events = events,
        .points = *source,
        .ready = [this]() -> Status { return not_ready ? Status(*not_ready) : Status(); },
        .notices = [this] { return notices; },
        .acknowledge =
            [this](std::uint64_t id, const Taking& taking) {
              std::string how = taking.note;
              if (taking.until) how += " until " + format_time(*taking.until);
              if (taking.until_worse) how += " until worse";
              return change("ack", id, how);
            },
        .unacknowledge = [this](std::uint64_t id, std::string_view note) { return change("unack", id, note); },
        .dialect =
            [this](std::string_view device) {
              const auto at = dialects.find(device);
              return at == dialects.end() ? std::nullopt : std::optional(at->second);
            },
        .back_up = [this](std::string_view dir) { return begin_backup(dir); },
        .backup = [this] { return *backup.lock(); },
        .rules = [this] { return rules; },
        .items = [this] { return std::make_shared<const std::vector<rule::ItemSpec>>(items); },
        .describe =
            [](const std::string& metric) {
              return metric == "ifInErrors" ? MetricInfo{"counter", "Errors", "packets"} : MetricInfo();
            },
        .remedies = remedies,
        .entries = [this](std::string_view part) -> Result<std::vector<Entry>> {
          return std::vector<Entry>{{"db1", R"({"part":")" + std::string(part) + R"("})", here}, {"web1", "{}", ""}};
        },
        .set_entry = [this](std::string_view part, const std::string& name, std::optional<std::string> body,
                            bool dry) -> Result<EntryChange> {
          done.lock()->push_back((dry ? "try " : "set ") + std::string(part) + " " + name + " " + body.value_or("-"));
          if (body == "{}") return Error{Code::Invalid, "body:1:1: no levels\nbody:1:1: no expr"};
          if (!body && name == "web1") return Error{Code::NotFound, "it was not set here"};
          return EntryChange{.notes = {"none of 2 is beyond a limit now"}};
        },
        .begin_drill = [this](const DrillWish& wish) -> Result<Drill> {
          done.lock()->push_back("drill " + wish.device + " " + wish.item + " " +
                                 (wish.level ? std::string(to_string(*wish.level)) : ""));
          if (wish.item == "busy") return Error{Code::Refused, "another is under way"};
          return drill();
        },
        .drills = [this] { return std::vector<Drill>{drill()}; },
        .people =
            [this] {
              return std::vector<notify::PersonState>{{"kim", std::nullopt}, {"lee", clock.now()}};
            },
        .write = write,
        .scrape = scrape,
        .mibs = [this] { return mibs; },
        .add_mib = [this](std::string_view name, std::string_view octets, bool load) -> Result<MibAdded> {
          done.lock()->push_back("mib " + std::string(name) + " " + std::string(octets));
          if (no_mib) return *no_mib;
          return MibAdded{.file = "/data/mibs/added/A.txt", .tree = load ? mibs : nullptr, .devices = {"db1"}};
        },
        .remove_mib = [this](std::string_view name) -> Result<std::vector<std::string>> {
          done.lock()->push_back("remove " + std::string(name));
          if (no_mib) return *no_mib;
          return std::vector<std::string>{"vendor/A.txt"};
        },
        .propose = [](std::string_view device, std::stop_token) -> Result<Proposed> {
          if (device != "db1") return Error{Code::NotFound, "no such device"};
          return Proposed{
              .profile = "proposed-9", .yaml = "- profile: proposed-9\n", .groups = 1, .series = 2, .notes = {"much"}};
        },
        .accept_profile = [this](std::string_view yaml) -> Result<std::string> {
          done.lock()->push_back("profile " + std::string(yaml));
          if (yaml.empty()) return Error{Code::Invalid, "profile:1:1: empty"};
          return std::string("proposed-9");
        },
        .surveys =
            [this] {
              std::vector<Survey> all(1);
              all[0].device = "web1";
              all[0].sys_object_id = Oid{1, 3, 6, 1, 4, 1, 99999, 1};
              all[0].at = clock.now();
              all[0].profile = "proposed-99999";
              all[0].series = 7;
              all[0].unused = {{Oid{1, 3, 6, 1, 4, 1, 99999, 5}, "ACME-MIB::acmeFanTable", 12, true},
                               {Oid{1, 3, 6, 1, 4, 1, 99999, 9, 1}, "", 3, false}};
              return all;
            },
        .topology = [this] { return links; },
        .lookback = lookback,
        .version = "1.2.3",
        .started = clock.steady() - std::chrono::seconds(90)};
    auto made = Server::start(options, std::move(sources));
    BONGSU_CHECK(made.ok());
    server = *std::move(made);
  }
  int port() const { return server->port(); }
  // Sum over all label sets.
  double metric(std::string_view name) const {
    double sum = 0;
    metrics.each([&](std::string_view one, const MetricLabels&, double value) { sum += one == name ? value : 0; });
    return sum;
  }
  // Until it is `least` or more; the server counts a moment after a client sees.
  void wait_for(std::string_view name, double least) const {
    while (metric(name) < least) std::this_thread::yield();
  }

 private:
  Drill drill() const {
    return {.id = 8,
            .device = "web1",
            .item = "cpu",
            .started = clock.now(),
            .links = {{"device", "web1", "ok", "it answers"}, {"route", "cpu", "broken", "nobody is told"}}};
  }
  Status begin_backup(std::string_view dir) {
    auto state = backup.lock();
    if (state->state == "running") return Error{Code::Exists, "one is under way"};
    if (!dir.starts_with('/')) return Error{Code::Invalid, "no absolute path"};
    *state = {.state = "running", .dir = std::string(dir), .step = "copying", .share = 0.25, .started = clock.now()};
    return {};
  }
  Status change(const char* verb, std::uint64_t id, std::string_view note) {
    done.lock()->push_back(std::string(verb) + ' ' + std::to_string(id) + ' ' + std::string(note));
    if (!alarms.alarm(id)) return Error{Code::NotFound, "no alarm " + std::to_string(id)};
    return {};
  }
};

// A plain TCP client. Nothing in it waits for ever: 20 s without progress ends a call as if the peer had closed.
class Wire {
 public:
  explicit Wire(int port, const char* from = nullptr) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in local{};
    local.sin_family = AF_INET;
    if (from) {
      ::inet_pton(AF_INET, from, &local.sin_addr);
      BONGSU_CHECK(::bind(fd_, reinterpret_cast<sockaddr*>(&local), sizeof local) == 0);
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    BONGSU_CHECK(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
  }
  ~Wire() { ::close(fd_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // False when the peer has closed; the peer may well cut us off in the middle.
  bool send(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t sent = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      octets.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void half_close() { ::shutdown(fd_, SHUT_WR); }
  // All octets until the peer closes.
  std::string rest() {
    std::string out = std::move(seen_);
    seen_.clear();
    while (more()) {}
    out += seen_;
    seen_.clear();
    return out;
  }
  // The next answer by its Content-Length; what follows stays for the next call.
  std::string answer() {
    std::size_t head;
    while ((head = seen_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return std::exchange(seen_, {});
    }
    const std::string lower = to_lower(std::string_view(seen_).substr(0, head));
    const std::size_t at = lower.find("content-length: ");
    const std::size_t body = at == std::string::npos ? 0 : std::stoul(lower.substr(at + 16));
    while (seen_.size() < head + 4 + body) {
      if (!more()) break;
    }
    const std::string out = seen_.substr(0, head + 4 + body);
    seen_.erase(0, out.size());
    return out;
  }
  bool closed() { return rest().empty(); }

 private:
  bool more() {
    pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 20'000) <= 0) return false;
    char room[16384];
    const ssize_t octets = ::recv(fd_, room, sizeof room, 0);
    if (octets <= 0) return false;
    seen_.append(room, static_cast<std::size_t>(octets));
    return true;
  }
  int fd_;
  std::string seen_;
};

inline std::string get(std::string_view target, std::string_view fields = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + std::string(fields) + "\r\n";
}
inline int status_of(std::string_view answer) {
  return answer.size() > 12 ? std::atoi(std::string(answer.substr(9, 3)).c_str()) : 0;
}

}  // namespace bongsu::http::lab
