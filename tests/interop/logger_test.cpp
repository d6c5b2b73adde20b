// SPDX-License-Identifier: Apache-2.0
// util-linux's logger sends, our receiver reads.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <future>

#include "net/live.h"
#include "net/process.h"
#include "syslog/receiver.h"

namespace bongsu::syslog {
namespace {

const std::filesystem::path kLogger = "/usr/bin/logger";

struct FirstEvent final : EventSink {
  std::promise<Event> first;
  bool set = false;
  Status append(std::vector<Event> events) override {
    if (!set && !events.empty()) first.set_value(std::move(events[0]));
    set = true;
    return {};
  }
};

// What the receiver made of `logger ARGUMENTS` to the loopback address of that family.
Result<Event> log_with(std::vector<std::string> arguments, const net::Address& to) {
  net::LiveReactor reactor;
  Metrics metrics;
  FirstEvent sink;
  DeviceLookup devices;
  devices.publish(std::make_shared<const DeviceNames>(DeviceNames{{to, "here"}}));
  BONGSU_TRY(const auto receiver, Receiver::open(reactor, {.udp = {{to, 0}}}, devices, sink, metrics));
  reactor.start("syslog");
  net::Command command{.program = kLogger,
                       .arguments = {"-n", to.to_string(), "-P", std::to_string(receiver->local().at(0).port)}};
  for (std::string& argument : arguments) command.arguments.push_back(std::move(argument));
  net::LiveProcesses processes;
  BONGSU_TRY(const net::Outcome outcome, processes.run(command));
  if (outcome.exit_code != 0) return Error{Code::Refused, "logger: " + outcome.error_output};
  auto event = sink.first.get_future();
  if (event.wait_for(std::chrono::seconds(30)) != std::future_status::ready) return Error{Code::Timeout, "nothing came"};
  return event.get();
}

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string short_host_name() {
  const std::string name = host_name();
  return name.substr(0, name.find('.'));
}

// logger writes the local time; with UTC as the local zone it is ours.
bool local_zone_is_utc() {
  const std::time_t now = 1'700'000'000;
  std::tm local{};
  localtime_r(&now, &local);
  return local.tm_gmtoff == 0;
}

}  // namespace

TEST(Logger, Rfc3164) {
  if (!std::filesystem::exists(kLogger)) GTEST_SKIP() << kLogger << " is not installed (bsdutils)";
  const auto event = log_with({"-d", "--rfc3164", "-p", "auth.crit", "-t", "su", "--id=42", "'su root' failed; 한글"},
                              net::Address::loopback(net::Address::Family::V4));
  ASSERT_TRUE(event) << event.error().text;
  EXPECT_EQ("here", event->device);
  EXPECT_EQ("127.0.0.1", event->sender);
  EXPECT_EQ(4, event->facility);
  EXPECT_EQ(2, event->syslog_severity);
  EXPECT_EQ(short_host_name(), event->host);
  EXPECT_EQ("su", event->app);
  EXPECT_EQ("42", event->process);
  EXPECT_EQ("'su root' failed; 한글", event->text);
  EXPECT_TRUE(event->clean);
  ASSERT_TRUE(event->device_time);
  if (local_zone_is_utc()) {
    EXPECT_LE(std::chrono::abs(*event->device_time - event->received), std::chrono::minutes(1));
  }
}

TEST(Logger, Rfc5424) {
  if (!std::filesystem::exists(kLogger)) GTEST_SKIP() << kLogger << " is not installed (bsdutils)";
  const auto event = log_with({"-d", "--rfc5424", "-p", "daemon.warning", "-t", "app", "--msgid", "ID47", "--sd-id", "a@32473",
                               "--sd-param", "k=\"v\"", "--id=7", "hello"},
                              net::Address::loopback(net::Address::Family::V6));
  if (!event && event.error().code == Code::Io) GTEST_SKIP() << "no IPv6 here: " << event.error().text;
  ASSERT_TRUE(event) << event.error().text;
  EXPECT_EQ("::1", event->sender);
  EXPECT_EQ(3, event->facility);
  EXPECT_EQ(4, event->syslog_severity);
  EXPECT_EQ(host_name(), event->host);
  EXPECT_EQ("app", event->app);
  EXPECT_EQ("7", event->process);
  EXPECT_EQ("ID47", event->message_id);
  EXPECT_EQ("hello", event->text);
  EXPECT_TRUE(event->clean);
  bool found = false;
  for (const auto& [key, value] : event->fields) found = found || (key == "a@32473.k" && value == "v");
  EXPECT_TRUE(found);
  ASSERT_TRUE(event->device_time);
  EXPECT_LE(std::chrono::abs(*event->device_time - event->received), std::chrono::minutes(1));
}

TEST(Logger, AsItIsByDefault) {
  if (!std::filesystem::exists(kLogger)) GTEST_SKIP() << kLogger << " is not installed (bsdutils)";
  const auto event = log_with({"plain words"}, net::Address::loopback(net::Address::Family::V4));
  ASSERT_TRUE(event) << event.error().text;
  EXPECT_EQ("plain words", event->text);
  EXPECT_EQ(5, event->syslog_severity);
  EXPECT_TRUE(event->clean);
}

}  // namespace bongsu::syslog
