// SPDX-License-Identifier: Apache-2.0
#include "loglines.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <iterator>

#include "base/time.h"

namespace bongsu::bench {
namespace {

constexpr std::array kUnits{"nginx.service",      "postgresql@15-main.service",
                            "logrotate.service",  "apt-daily.service",
                            "user@1000.service",  "systemd-journald.service",
                            "fstrim.service",     "php8.2-fpm.service",
                            "session-4711.scope", "certbot.service",
                            "man-db.service",     "docker.service"};
constexpr std::array kAgents{
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_{} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 "
    "Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
    "curl/7.{}.0",
    "Mozilla/5.0 (compatible; bingbot/2.{}; +http://www.bing.com/bingbot.htm)",
    "kube-probe/1.{}",
    "Go-http-client/1.{}"};

}  // namespace

LogLines::LogLines(std::uint64_t seed) : random_(seed) {
  for (int i = 0; i < 200; ++i) {
    hosts_.push_back(fmt::format("{}{:02}.{}.example.com", std::array{"web", "db", "app", "cache", "mail"}[i % 5], i / 5,
                                 i % 2 == 0 ? "seoul" : "busan"));
    process_.push_back(static_cast<std::uint32_t>(500 + random_.below(30'000)));
    uptime_.push_back(static_cast<double>(random_.below(9'000'000)));
  }
  for (int i = 0; i < 20'000; ++i) {
    clients_.push_back(
        fmt::format("{}.{}.{}.{}", 1 + random_.below(222), random_.below(256), random_.below(256), 1 + random_.below(254)));
  }
  for (int i = 0; i < 600; ++i) {
    paths_.push_back(fmt::format("/{}/{}{}", std::array{"api/v2", "static", "shop", "blog", "user", "search"}[i % 6],
                                 std::array{"item", "cart", "profile", "image", "page", "list", "order"}[random_.below(7)],
                                 random_.below(400)));
  }
  for (int i = 0; i < 60; ++i)
    agents_.push_back(fmt::format(fmt::runtime(kAgents[static_cast<std::size_t>(i) % kAgents.size()]), 60 + random_.below(60)));
  for (int i = 0; i < 300; ++i)
    users_.push_back(fmt::format("{}{}", std::array{"kim", "lee", "park", "admin", "test", "deploy"}[i % 6], i));
}

std::size_t LogLines::skewed(std::size_t size) {
  const double unit = random_.unit();
  return std::min(size - 1, static_cast<std::size_t>(static_cast<double>(size) * unit * unit * unit));
}

std::string LogLines::web() {
  static constexpr std::array kStatus{200, 200, 200, 200, 200, 200, 304, 301, 404, 499, 500, 502};
  const std::int64_t second = now_ms_ / 1000;
  const std::string& path = paths_[skewed(paths_.size())];
  return fmt::format("{} - {} [{:02}/Sep/2026:{:02}:{:02}:{:02} +0900] \"{} {}{} HTTP/1.1\" {} {} \"{}\" \"{}\" rt={:.3f}",
                     client(), random_.chance(0.1) ? users_[skewed(users_.size())] : "-", 1 + second / 86400 % 28,
                     second / 3600 % 24, second / 60 % 60, second % 60, random_.chance(0.85) ? "GET" : "POST", path,
                     random_.chance(0.3) ? fmt::format("?id={}", random_.below(1'000'000)) : "",
                     kStatus[random_.below(kStatus.size())], random_.chance(0.2) ? 0 : skewed(200'000),
                     random_.chance(0.5) ? "-" : "https://www.example.com" + paths_[skewed(600)], agents_[skewed(agents_.size())],
                     random_.unit() * random_.unit());
}

std::string LogLines::firewall() {
  static constexpr std::array kPorts{22, 23, 80, 443, 445, 3389, 8080, 5900, 1433, 6379};
  const bool tcp = random_.chance(0.8);
  return fmt::format(
      "[{:.6f}] [UFW BLOCK] IN=eth0 OUT= MAC=52:54:00:{:02x}:{:02x}:01:00:1c:73:00:00:99:08:00 SRC={} DST=10.20.{}.{} LEN={} "
      "TOS=0x00 "
      "PREC=0x00 TTL={} ID={} {}PROTO={} SPT={} DPT={} {}",
      uptime_[0] + static_cast<double>(now_ms_ % 1'000'000'000) / 1e3 + random_.unit() * 1e-3, random_.below(4),
      random_.below(50), client(), random_.below(4), random_.below(50), tcp ? 40 + 4 * random_.below(5) : 50 + random_.below(400),
      40 + random_.below(80), random_.below(65'536), random_.chance(0.5) ? "DF " : "", tcp ? "TCP" : "UDP",
      1024 + random_.below(64'000),
      random_.chance(0.9) ? static_cast<std::uint64_t>(kPorts[skewed(kPorts.size())]) : random_.below(65'536),
      tcp ? fmt::format("WINDOW={} RES=0x00 SYN URGP=0", random_.chance(0.5) ? 1024 : random_.below(65'536)) : "LEN=40");
}

std::string LogLines::login() {
  const std::string& user = users_[skewed(users_.size())];
  const std::uint64_t port = 1024 + random_.below(64'000);
  switch (random_.below(6)) {
    case 0:
      return fmt::format("Failed password for {} from {} port {} ssh2", user, client(), port);
    case 1:
      return fmt::format("Failed password for invalid user {} from {} port {} ssh2", user, client(), port);
    case 2:
      return fmt::format("pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={}  user={}",
                         client(), user);
    case 3:
      return fmt::format("Connection closed by authenticating user {} {} port {} [preauth]", user, client(), port);
    case 4:
      return fmt::format("Accepted publickey for {} from {} port {} ssh2: RSA SHA256:{:016x}{:016x}", user, client(), port,
                         std::hash<std::string>{}(user), std::hash<std::string>{}(user)*31);
    default:
      return fmt::format("pam_unix(sshd:session): session opened for user {}(uid={}) by (uid=0)", user, 1000 + user.size());
  }
}

std::string LogLines::service() {
  const char* unit = kUnits[random_.below(kUnits.size())];
  switch (random_.below(4)) {
    case 0:
      return fmt::format("Started {}.", unit);
    case 1:
      return fmt::format("{}: Deactivated successfully.", unit);
    case 2:
      return fmt::format("{}: Consumed {:.3f}s CPU time.", unit, random_.unit() * 20);
    default:
      return fmt::format("Starting {}...", unit);
  }
}

std::string LogLines::job() {
  if (random_.chance(0.5)) return "(root) CMD (   cd / && run-parts --report /etc/cron.hourly)";
  return fmt::format("({}) CMD (/usr/local/bin/backup.sh --level {} >/dev/null 2>&1)", users_[skewed(20)], random_.below(3));
}

std::string LogLines::kernel() {
  const double up = uptime_[1] + static_cast<double>(now_ms_ % 1'000'000'000) / 1e3;
  switch (random_.below(3)) {
    case 0:
      return fmt::format("[{:.6f}] EXT4-fs (vd{}{}): mounted filesystem with ordered data mode. Quota mode: none.", up,
                         static_cast<char>('a' + random_.below(4)), 1 + random_.below(3));
    case 1:
      return fmt::format("[{:.6f}] device veth{:07x} entered promiscuous mode", up, random_.below(1 << 28));
    default:
      return fmt::format("[{:.6f}] Out of memory: Killed process {} (php-fpm8.2) total-vm:{}kB, anon-rss:{}kB, file-rss:{}kB", up,
                         random_.below(40'000), random_.below(4'000'000), random_.below(900'000), random_.below(9'000));
  }
}

Event LogLines::next() {
  now_ms_ += static_cast<std::int64_t>(random_.below(3));
  const std::size_t host = skewed(hosts_.size());
  Event event{.syslog_severity = 6, .facility = 3, .received = time_from_ms(now_ms_)};
  event.device_time = time_from_ms(now_ms_ / 1000 * 1000);
  event.device = hosts_[host].substr(0, hosts_[host].find('.'));
  event.host = event.device;
  event.sender = fmt::format("10.20.{}.{}", host % 4, host / 4);
  const std::uint64_t dice = random_.below(100);
  bool numbered = true;
  if (dice < 50) {
    event.app = "nginx";
    event.text = web();
    process_[host] += random_.chance(0.01);
    event.process = std::to_string(process_[host] / 100);
    numbered = false;
  } else if (dice < 75) {
    event.app = "kernel";
    event.facility = 0;
    event.syslog_severity = 4;
    event.text = firewall();
    numbered = false;
  } else if (dice < 87) {
    event.app = "sshd";
    event.facility = 10;
    event.text = login();
  } else if (dice < 94) {
    event.app = "systemd";
    event.process = "1";
    event.text = service();
    numbered = false;
  } else if (dice < 98) {
    event.app = "CRON";
    event.facility = 9;
    event.text = job();
  } else {
    event.app = "kernel";
    event.facility = 0;
    event.syslog_severity = 3;
    event.severity = Severity::Danger;
    event.text = kernel();
    numbered = false;
  }
  if (numbered) event.process = std::to_string(process_[host] += 1 + static_cast<std::uint32_t>(random_.below(3)));
  raw_octets_ += 4 + 16 + event.host.size() + 1 + event.app.size() + (event.process.empty() ? 0 : event.process.size() + 2) + 2 +
                 event.text.size();
  return event;
}

}  // namespace bongsu::bench
