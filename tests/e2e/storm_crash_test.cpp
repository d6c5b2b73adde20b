// SPDX-License-Identifier: Apache-2.0
// kill -9 in a storm of a thousand alarms: each notice reaches the service, and what goes twice was under way at a kill.
#include <gtest/gtest.h>
#include <httplib.h>
#include <signal.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "e2e/daemon.h"
#include "e2e/switches.h"

namespace bongsu::e2e {
namespace {

using Json = nlohmann::json;

constexpr unsigned kSwitches = 4, kPorts = 250;
constexpr int kRounds = 2;  // kills while it begins, and as many while it ends

// A webhook that takes each message, and answers only as many as it may.
class SlowHook {
 public:
  SlowHook() {
    server_.Post("/hook", [this](const httplib::Request& request, httplib::Response&) {
      const Json message = Json::parse(request.body, nullptr, false);
      std::unique_lock hold(mutex_);
      const std::string key = message.value("key", "");
      ++keys_[key];
      for (const Json& notice : message.value("notices", Json::array()))
        told_[notice.value("reason", "")][notice["alarm"]["id"].get<std::uint64_t>()].insert(key);
      ++unanswered_;
      changed_.notify_all();
      changed_.wait(hold, [&] { return answers_ > 0; });
      --answers_;
      --unanswered_;
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
  }
  ~SlowHook() {
    answer(1'000'000);
    server_.stop();
    thread_.join();
  }
  int port() const { return port_; }
  // So many more messages, one that waits for its answer first.
  void answer(int messages) {
    const std::lock_guard hold(mutex_);
    answers_ = messages;
    changed_.notify_all();
  }
  bool holds_one() const {
    const std::lock_guard hold(mutex_);
    return unanswered_ > 0 && answers_ == 0;
  }
  // Lets those go that nobody waits for any more.
  void forget() {
    std::unique_lock hold(mutex_);
    answers_ = unanswered_;
    changed_.notify_all();
  }
  // By alarm: the keys of the messages that told it.
  std::map<std::uint64_t, std::set<std::string>> told(const std::string& reason) const {
    const std::lock_guard hold(mutex_);
    const auto at = told_.find(reason);
    return at == told_.end() ? std::map<std::uint64_t, std::set<std::string>>() : at->second;
  }
  // Messages that came again.
  int twice() const {
    const std::lock_guard hold(mutex_);
    int out = 0;
    for (const auto& [key, times] : keys_) out += times - 1;
    return out;
  }
  std::size_t messages() const {
    const std::lock_guard hold(mutex_);
    return keys_.size();
  }

 private:
  httplib::Server server_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> keys_;
  std::map<std::string, std::map<std::uint64_t, std::set<std::string>>> told_;
  int answers_ = 0;
  int unanswered_ = 0;
  int port_ = 0;
  std::thread thread_;
};

constexpr const char* kItem = R"(
- item: storm
  title: {en: Storm, ko: 폭풍}
  interval: 1s
  expr: 0 * last_over_time(interface_oper_up{device!="mast"}[10m]) + on () group_left () max_over_time(device_up{device="mast"}[4s])
  below: {fatal: 1}
  hold: 0s
  why: A thousand at once.
)";

// No notice of a thousand alarms is lost, and none is told in two messages. Each kill comes while the service has a message that
// it has not answered: it may go again, and nothing else.
TEST(StormCrash, EachOfAThousandNoticesArrives) {
  const Folder folder;
  std::filesystem::create_directories(folder / "rules/items");
  folder.write("rules/items/storm.yaml", kItem);
  Switches network;
  SlowHook hook;
  const std::string port = ":" + std::to_string(network.port());
  std::string devices = "  - {name: mast, address: \"127.77.2.9" + port + "\", ping: false}\n";
  network.add("127.77.2.9", "mast");
  for (unsigned i = 1; i <= kSwitches; ++i) {
    const std::string number = std::to_string(i);
    network.add("127.77.2." + number, "sw" + number, kPorts);
    devices += "  - {name: sw" + number + ", address: \"127.77.2." + number + port + "\", ping: false, interval: 10s}\n";
  }
  const std::string config =
      folder
          .write("bongsu.yaml", config_text(folder, devices) +
                                    "channels: {hook: {type: webhook, url: \"http://127.0.0.1:" + std::to_string(hook.port()) +
                                    "/hook\", gather: 0s, per_hour: 1000, timeout: 60s}}\n"
                                    "routes: [{match: {item: storm}, via: [hook]}]\n")
          .string();
  const std::vector<std::string> words{"bongsu", "serve", "--alone", "--config", config};
  auto daemon = std::make_unique<Daemon>(words);
  ASSERT_TRUE(daemon->comes_up()) << daemon->printed();
  int kills = 0;
  const auto kill_and_start = [&] {
    daemon->send(SIGKILL);
    ASSERT_EQ(128 + SIGKILL, daemon->wait());
    ++kills;
    hook.forget();
    daemon = std::make_unique<Daemon>(words);
    ASSERT_TRUE(daemon->comes_up()) << daemon->printed();
  };
  const std::size_t all = std::size_t{kSwitches} * kPorts;
  ASSERT_TRUE(eventually([&] {
    const Json answer = daemon->ask(
        "/prometheus/api/v1/query?query=count(interface_oper_up%7Bdevice!=%22mast%22%7D)*on()device_up%7Bdevice=%22mast%22%7D");
    if (!answer.is_object() || answer["data"]["result"].empty()) return false;
    return std::stoul(answer["data"]["result"][0]["value"][1].get<std::string>()) >= all;
  })) << daemon->printed();
  for (const std::string reason : {"raised", "recovered"}) {
    SCOPED_TRACE(reason);
    network.set_dead("127.77.2.9", reason == "raised");
    for (int round = 0; round < kRounds; ++round) {
      // What was not answered comes again first, and is; the next one is not.
      hook.answer(round == 0 ? 0 : 1);
      ASSERT_TRUE(eventually([&] { return hook.holds_one(); })) << daemon->printed();
      ASSERT_NO_FATAL_FAILURE(kill_and_start());
    }
    hook.answer(1'000'000);
    EXPECT_TRUE(eventually([&] { return hook.told(reason).size() >= all; })) << hook.told(reason).size() << " of " << all << "\n"
                                                                             << daemon->printed();
    EXPECT_EQ(all, hook.told(reason).size());
    for (const auto& [alarm, keys] : hook.told(reason)) EXPECT_EQ(1U, keys.size()) << alarm;
    EXPECT_LE(hook.twice(), kills);
  }
  EXPECT_EQ(2 * kRounds, kills);
  EXPECT_GE(hook.twice(), 1);
  std::printf("%zu messages, %d of them twice\n", hook.messages(), hook.twice());
}

}  // namespace
}  // namespace bongsu::e2e
