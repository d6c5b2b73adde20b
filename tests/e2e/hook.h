// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <httplib.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

namespace bongsu::e2e {

// A webhook that keeps what it is told.
class Hook {
 public:
  Hook() {
    server_.Post("/hook", [this](const httplib::Request& request, httplib::Response& response) {
      std::lock_guard hold(mutex_);
      response.status = status_;
      if (status_ == 200) got_.push_back(nlohmann::json::parse(request.body, nullptr, false));
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
  }
  ~Hook() {
    server_.stop();
    thread_.join();
  }
  int port() const { return port_; }
  void answer(int status) {
    std::lock_guard hold(mutex_);
    status_ = status;
  }
  // "raised sw2 device_down", each as often as it was told.
  std::vector<std::string> told() const {
    std::lock_guard hold(mutex_);
    std::vector<std::string> out;
    for (const nlohmann::json& message : got_) {
      for (const nlohmann::json& notice : message.value("notices", nlohmann::json::array())) {
        out.push_back(notice.value("reason", "") + " " + notice["alarm"].value("device", "") + " " +
                      notice["alarm"].value("item", ""));
      }
    }
    return out;
  }
  // Whether each says that it is a drill.
  std::vector<bool> drills() const {
    std::lock_guard hold(mutex_);
    std::vector<bool> out;
    for (const nlohmann::json& message : got_) {
      for (const nlohmann::json& notice : message.value("notices", nlohmann::json::array()))
        out.push_back(notice["alarm"].value("drill", false));
    }
    return out;
  }
  // "sw2 by revive" of each end.
  std::vector<std::string> repaired() const {
    std::lock_guard hold(mutex_);
    std::vector<std::string> out;
    for (const nlohmann::json& message : got_) {
      for (const nlohmann::json& notice : message.value("notices", nlohmann::json::array())) {
        if (notice.value("reason", "") == "recovered")
          out.push_back(notice["alarm"].value("device", "") + " by " + notice.value("by", ""));
      }
    }
    return out;
  }

 private:
  httplib::Server server_;
  mutable std::mutex mutex_;
  std::vector<nlohmann::json> got_;
  int status_ = 200;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace bongsu::e2e
