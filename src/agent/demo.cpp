// SPDX-License-Identifier: Apache-2.0
#include "agent/demo.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace bongsu::agent {
namespace {

using namespace std::chrono_literals;

// Order of the devices; the script speaks of them by these.
enum Who : std::size_t { CoreSw1, CoreSw2, EdgeSw1, EdgeSw2, Fw1, Web1, Web2, Db1, Db2, Build1, Mail1, Files1 };
enum Facility : int { Kernel = 0, Mail = 2, Daemon = 3, Auth = 4, Cron = 9, Local4 = 20, Local7 = 23 };
enum Level : int { Emergency = 0, Alert = 1, Critical = 2, Err = 3, Warning = 4, Notice = 5, Info = 6 };

struct Chatter {
  Who who;
  int facility;
  int severity;
  std::string_view app;
  std::string_view text;  // {0}: a number, {1}: a host in an office network
};

constexpr std::array kChatter{
    Chatter{Web1, Daemon, Info, "nginx", "{1} \"GET /api/items?page={0} HTTP/1.1\" 200 5120"},
    Chatter{Web1, Auth, Info, "sshd", "Accepted publickey for deploy from {1} port 5{0} ssh2"},
    Chatter{Web2, Daemon, Warning, "nginx", "upstream response time {0} ms while reading from backend db1"},
    Chatter{Web2, Daemon, Info, "systemd", "Started session {0} of user deploy"},
    Chatter{Fw1, Local4, Notice, "fw", "DROP in=eth0 src={1} dst=192.0.2.10 proto=tcp dpt={0}"},
    Chatter{Fw1, Local4, Notice, "fw", "DROP in=eth0 src=198.51.100.77 dst=192.0.2.25 proto=udp dpt=1900"},
    Chatter{Fw1, Auth, Warning, "sshd", "Failed password for admin from {1} port 4{0} ssh2"},
    Chatter{Db1, Daemon, Info, "postgres", "checkpoint complete: wrote {0} buffers"},
    Chatter{Db1, Daemon, Warning, "postgres", "slow statement: {0} ms from {1}"},
    Chatter{Db2, Cron, Info, "cron", "(root) CMD (/usr/local/bin/rotate-archive {0})"},
    Chatter{Mail1, Mail, Info, "postfix/smtpd", "connect from client-{0}.example.net[{1}]"},
    Chatter{Mail1, Mail, Notice, "postfix/smtpd", "reject: RCPT from [{1}]: 450 greylisted, try again in {0} s"},
    Chatter{Build1, Daemon, Info, "runner", "job {0} finished in 71 s"},
    Chatter{Files1, Daemon, Info, "smbd", "connection from {1}, share projects, {0} files open"},
    Chatter{CoreSw1, Local7, Info, "stp", "topology unchanged, {0} hellos received"},
    Chatter{CoreSw2, Local7, Warning, "port", "Port 1/7: {0} frames with a bad checksum in the last minute"},
};

const Make kCore{.kind = Kind::Switch, .ports = 48, .cpus = 1, .port_mbit = 10'000};
const Make kEdge{.kind = Kind::Switch, .ports = 24, .cpus = 1};
const Make kFirewall{.kind = Kind::Firewall, .ports = 6, .cpus = 4, .disks = 1, .memory_kib = 8U << 20};
const Make kServer{};
const Make kBigServer{.kind = Kind::Server, .ports = 3, .cpus = 8, .disks = 3, .memory_kib = 64U << 20};

}  // namespace

struct DemoNetwork::Step {
  Millis at;
  std::function<void(SteadyTime)> act;
};
struct DemoNetwork::Script {
  std::vector<Step> steps;  // by time, within one period
  std::size_t next = 0;
  SteadyTime round;  // when the period began
};

DemoNetwork::DemoNetwork(net::Reactor& reactor, DemoOptions options)
    : reactor_(reactor),
      options_(std::move(options)),
      random_(options_.seed),
      script_(std::make_unique<Script>()),
      step_timer_([this] { step(); }),
      chat_timer_([this] { chat(); }) {}
DemoNetwork::~DemoNetwork() = default;

Result<std::unique_ptr<DemoNetwork>> DemoNetwork::open(net::Reactor& reactor, DemoOptions options) {
  std::unique_ptr<DemoNetwork> out(new DemoNetwork(reactor, std::move(options)));
  AgentsSpec spec;
  spec.port = out->options_.port;
  spec.community = out->options_.community;
  spec.receive_buffer = 1U << 20;
  BONGSU_TRY(out->agents_, Agents::open(reactor, spec).context("demo network"));
  if (out->options_.syslog) {
    net::SocketSpec sender;
    sender.bind.address = net::Address::any(out->options_.first.family());
    sender.tell_local = true;
    BONGSU_TRY(out->out_, reactor.open(sender).context("demo network, syslog"));
  }
  out->populate();
  out->write_script();
  const SteadyTime now = reactor.clock().steady();
  out->script_->round = now;
  reactor.timers().arm(out->step_timer_, now);
  reactor.timers().arm(out->chat_timer_, now + 2s);
  return out;
}

std::size_t DemoNetwork::add(std::string name, Make make, std::map<std::string, std::string> tags) {
  const std::size_t which = devices_.size();
  const net::Address address = net::Address::v4(options_.first.to_v4() + static_cast<std::uint32_t>(which));
  auto& shape = shapes_[static_cast<unsigned>(make.kind) * 10'000 + make.ports];
  if (!shape) shape = Synthetic::shape(std::move(make));
  Identity identity;
  identity.seed = options_.seed * 1'000 + which;
  identity.name = name;
  identity.location = tags["site"] + ", rack " + std::to_string(which + 1);
  identity.uptime = std::chrono::hours(24 + 7 * static_cast<long>(which) * 24);
  auto made = std::make_unique<Synthetic>(shape, std::move(identity), reactor_.clock().steady());
  synthetic_.push_back(made.get());
  agents_->add(address, std::move(made), {.delay = Millis(1), .jitter = Millis(3)});
  devices_.push_back({std::move(name), address, agents_->port(), std::move(tags)});
  return which;
}

void DemoNetwork::populate() {
  add("core-sw1", kCore, {{"site", "seoul"}, {"role", "core"}});
  add("core-sw2", kCore, {{"site", "seoul"}, {"role", "core"}});
  add("edge-sw1", kEdge, {{"site", "seoul"}, {"role", "access"}});
  add("edge-sw2", kEdge, {{"site", "busan"}, {"role", "access"}});
  add("fw1", kFirewall, {{"site", "seoul"}, {"role", "firewall"}});
  add("web1", kServer, {{"site", "seoul"}, {"role", "web"}});
  add("web2", kServer, {{"site", "seoul"}, {"role", "web"}});
  add("db1", kBigServer, {{"site", "seoul"}, {"role", "database"}});
  add("db2", kBigServer, {{"site", "busan"}, {"role", "database"}});
  add("build1", kBigServer, {{"site", "seoul"}, {"role", "build"}});
  add("mail1", kServer, {{"site", "busan"}, {"role", "mail"}});
  add("files1", kServer, {{"site", "busan"}, {"role", "files"}});

  // What stays as it is, a little of each level.
  const SteadyTime now = reactor_.clock().steady();
  device(Fw1).set_cpu(74, now);   // caution
  device(Web2).set_cpu(84, now);  // danger
  device(Db1).set_cpu(35, now);
  device(Db1).set_memory(83, now);  // caution
  device(Db1).set_storage(0, 41, 0, now);
  device(Db1).set_storage(1, 91.5, 0, now);   // danger
  device(Files1).set_storage(1, 83, 0, now);  // caution
  device(Mail1).set_storage(1, 96, 0, now);   // urgent
  device(CoreSw2).set_traffic(6, 0.02, now);
  device(CoreSw2).set_errors(6, 3, now);
}

void DemoNetwork::write_script() {
  auto& steps = script_->steps;
  const auto at = [&](Millis when, auto act) { steps.push_back({when, act}); };
  const auto cpu = [&](Millis when, Who who, double percent) {
    at(when, [this, who, percent](SteadyTime now) { device(who).set_cpu(percent, now); });
  };
  const auto tell = [&](Millis when, Who who, int facility, int severity, std::string_view app, std::string_view text) {
    at(when, [this, who, facility, severity, app, text](SteadyTime) { say(who, facility, severity, app, text); });
  };

  // web1 climbs: normal, caution, danger, urgent, fatal, and back; each lasts longer than items usually wait.
  cpu(0s, Web1, 22);
  cpu(30s, Web1, 75);
  cpu(270s, Web1, 86);
  tell(275s, Web1, Daemon, Warning, "nginx", "worker connections are at 90 percent of their limit");
  cpu(510s, Web1, 92.5);
  tell(515s, Web1, Daemon, Err, "nginx", "upstream timed out (110) while connecting to backend");
  cpu(750s, Web1, 99);
  tell(755s, Web1, Daemon, Critical, "app", "out of workers, requests are refused");
  cpu(990s, Web1, 30);
  tell(991s, Web1, Daemon, Notice, "app", "restarted by the operator, load is normal again");

  // build1: fatal in the first minutes, then urgent, then done.
  cpu(0s, Build1, 99);
  tell(5s, Build1, Daemon, Notice, "runner", "nightly build started with 16 jobs");
  cpu(480s, Build1, 91.8);
  cpu(720s, Build1, 35);
  tell(721s, Build1, Daemon, Info, "runner", "nightly build finished");

  // db2: /var fills by 2 percent a minute, and is cleaned.
  at(0s, [this](SteadyTime now) { device(Db2).set_storage(1, 76, 2, now); });
  tell(130s, Db2, Daemon, Warning, "postgres", "archive directory holds 412 segments that were not shipped");
  tell(660s, Db2, Kernel, Critical, "kernel", "EXT4-fs warning (device sdb1): delayed allocation failed, no space left");
  at(840s, [this](SteadyTime now) { device(Db2).set_storage(1, 70, 0, now); });
  tell(841s, Db2, Cron, Notice, "cleanup", "removed 380 archived segments from /var");

  // mail1: / all but full.
  at(0s, [this](SteadyTime now) { device(Mail1).set_storage(0, 98.6, 0, now); });
  tell(45s, Mail1, Mail, Alert, "postfix/master", "queue file write error: 1 percent of / left");
  tell(75s, Mail1, Mail, Critical, "postfix/qmgr", "mail queue is not processed");

  // edge-sw1: port 12 flaps, and port 20 loses its cable for ten minutes, when both have been seen up.
  for (Millis when = 70s; when < kPeriod - 120s; when += 110s) {
    at(when, [this](SteadyTime now) { device(EdgeSw1).set_port(11, false, now); });
    tell(when, EdgeSw1, Local7, Err, "link", "Port 1/12 link down");
    at(when + 55s, [this](SteadyTime now) { device(EdgeSw1).set_port(11, true, now); });
    tell(when + 55s, EdgeSw1, Local7, Notice, "link", "Port 1/12 link up, 1000 Mbit/s full duplex");
  }
  at(75s, [this](SteadyTime now) { device(EdgeSw1).set_port(19, false, now); });
  tell(75s, EdgeSw1, Local7, Err, "link", "Port 1/20 link down");
  at(675s, [this](SteadyTime now) { device(EdgeSw1).set_port(19, true, now); });
  tell(675s, EdgeSw1, Local7, Notice, "link", "Port 1/20 link up, 1000 Mbit/s full duplex");

  // edge-sw2: power fails; it comes back with everything at zero.
  tell(89s, EdgeSw2, Local7, Emergency, "power", "input voltage lost, shutting down");
  at(90s, [this](SteadyTime) { agents_->manner(devices_[EdgeSw2].address)->dead = true; });
  at(450s, [this](SteadyTime) {
    agents_->restart(devices_[EdgeSw2].address);
    agents_->manner(devices_[EdgeSw2].address)->dead = false;
  });
  tell(451s, EdgeSw2, Local7, Notice, "system", "cold start, software 4.2.1");

  // core-sw2: port 7 gets worse and better.
  at(60s, [this](SteadyTime now) { device(CoreSw2).set_errors(6, 40, now); });
  at(600s, [this](SteadyTime now) { device(CoreSw2).set_errors(6, 3, now); });
  at(200s, [this](SteadyTime) { device(CoreSw1).set_temperature(58); });
  tell(200s, CoreSw1, Local7, Warning, "sensor", "inlet temperature 58 degrees, threshold 55");
  at(500s, [this](SteadyTime) { device(CoreSw1).set_temperature(41); });

  std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.at < b.at; });
}

void DemoNetwork::step() {
  const SteadyTime now = reactor_.clock().steady();
  Script& script = *script_;
  while (script.round + script.steps[script.next].at <= now) {
    script.steps[script.next].act(now);
    if (++script.next == script.steps.size()) {
      script.next = 0;
      script.round += kPeriod;
    }
  }
  reactor_.timers().arm(step_timer_, script.round + script.steps[script.next].at);
}

void DemoNetwork::chat() {
  const Chatter& line = kChatter[random_.below(kChatter.size())];
  const std::uint64_t number = 100 + random_.below(900);
  const std::string host = "10.20." + std::to_string(random_.below(8)) + "." + std::to_string(1 + random_.below(250));
  say(line.who, line.facility, line.severity, line.app, fmt::format(fmt::runtime(line.text), number, host));
  reactor_.timers().arm(chat_timer_, reactor_.clock().steady() + Millis(400 + random_.below(2'400)));
}

void DemoNetwork::say(std::size_t which, int facility, int severity, std::string_view app, std::string_view text) {
  if (!out_) return;
  const DemoDevice& device = devices_[which];
  const Manner* manner = agents_->manner(device.address);
  if (manner != nullptr && manner->dead) return;
  const Time now = reactor_.clock().now();
  const int priority = facility * 8 + severity;
  std::string line;
  if (synthetic_[which]->make().kind == Kind::Switch) {
    static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::time_t seconds = to_ms(now) / 1'000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    line = fmt::format("<{}>{} {:2} {:02}:{:02}:{:02} {} {}: {}", priority, kMonths[static_cast<std::size_t>(parts.tm_mon)],
                       parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, device.name, app, text);
  } else {
    line = fmt::format("<{}>1 {} {} {} {} - - {}", priority, format_time(now), device.name, app, 800 + which, text);
  }
  net::Endpoint to = *options_.syslog;
  if (to.address.is_unspecified()) to.address = net::Address::loopback(to.address.family());
  out_->send(to, {reinterpret_cast<const std::uint8_t*>(line.data()), line.size()}, device.address);
}

}  // namespace bongsu::agent
