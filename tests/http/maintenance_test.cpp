// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "http/router.h"
#include "lab.h"

namespace bongsu::http {
namespace {

using nlohmann::json;

// The routes over windows that are kept here.
class MaintenanceTest : public testing::Test {
 protected:
  MaintenanceTest()
      : router_(Sources{.clock = lab_.clock,
                        .metrics = lab_.metrics,
                        .devices = lab_.devices,
                        .alarms = lab_.alarms,
                        .events = lab_.events,
                        .points = lab_.points,
                        .ready = [] { return Status(); },
                        .notices = [] { return std::vector<std::string>(); },
                        .acknowledge = {},
                        .unacknowledge = {},
                        .dialect = {},
                        .maintenance =
                            [this] {
                              std::vector<rule::Engine::WindowState> out;
                              for (const rule::Window& window : windows_)
                                out.push_back({.window = window, .open = window.open(lab_.clock.now()), .alarms = 3});
                              return out;
                            },
                        .begin_maintenance = [this](rule::Window window) -> Result<std::string> {
                          if (window.name.empty()) window.name = "m1";
                          BONGSU_TRY_OK(rule::check_window(window));
                          windows_.push_back(window);
                          return window.name;
                        },
                        .end_maintenance = [this](const std::string& name) -> Status {
                          if (std::erase_if(windows_, [&](const auto& one) { return one.name == name; }) == 0)
                            return Error{Code::NotFound, "no maintenance " + name};
                          return {};
                        },
                        .version = "1",
                        .started = {}}) {}

  // Status and body.
  std::pair<int, json> ask(const std::string& method, const std::string& path, const std::string& body = "",
                           const std::string& origin = "") {
    WholeRequest request{.text = method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
                                 (origin.empty() ? "" : "Origin: " + origin + "\r\n") + "\r\n",
                         .body = body,
                         .content_type = "application/json"};
    const std::string answer = router_.answer(request).text;
    return {std::stoi(answer.substr(9, 3)), json::parse(answer.substr(answer.find("\r\n\r\n") + 4), nullptr, false)};
  }

  lab::Lab lab_;
  std::vector<rule::Window> windows_;
  Router router_;
};

TEST_F(MaintenanceTest, IsSetListedAndEnded) {
  const auto [set, named] =
      ask("POST", "/api/v1/maintenance",
          R"({"match": {"device": "web*", "tags": {"site": ["seoul", "busan"]}}, "for": "2h", "note": "disk"})");
  EXPECT_EQ(200, set) << named;
  EXPECT_EQ("m1", named["name"]);
  ASSERT_EQ(1U, windows_.size());
  EXPECT_EQ(lab_.clock.now(), windows_[0].from);
  EXPECT_EQ(lab_.clock.now() + std::chrono::hours(2), windows_[0].until);
  EXPECT_EQ(json({"no device is named \"web*\" now"}), named["notes"]);
  lab_.devices.list = {{.name = "web1"}};
  EXPECT_EQ(json::array(),
            ask("POST", "/api/v1/maintenance", R"({"name":"x","match":{"device":"web*"},"for":"2h"})").second["notes"]);
  EXPECT_EQ(json({"no device is named \"wbe1\" now; did you mean \"web1\"?"}),
            ask("POST", "/api/v1/maintenance", R"({"name":"y","match":{"device":"wbe1"},"for":"2h"})").second["notes"]);
  windows_.resize(1);
  EXPECT_EQ((std::vector<std::string>{"seoul", "busan"}), windows_[0].match.tags.at("site"));
  EXPECT_EQ(200, ask("POST", "/api/v1/maintenance",
                     R"({"name": "nights", "match": {"item": ["cpu_usage"], "labels": {"cpu": "0"}}, "hours": "daily 22:00-04:00",
                         "zone": "Asia/Seoul", "from": "2026-12-01 02:00"})")
                     .first);
  EXPECT_EQ(parse_time("2026-11-30T17:00:00Z").value(), windows_[1].from);
  const auto [listed, list] = ask("GET", "/api/v1/maintenance");
  EXPECT_EQ(200, listed);
  ASSERT_EQ(2U, list["windows"].size());
  const json& first = list["windows"][0];
  EXPECT_TRUE(first["open"].get<bool>());
  EXPECT_EQ("2026-11-23T03:02:03.456Z", first["until"]);
  EXPECT_EQ(json({"web*"}), first["match"]["device"]);
  EXPECT_EQ(3, first["alarms"]);
  EXPECT_EQ("daily 22:00-04:00", list["windows"][1]["hours"]);
  EXPECT_EQ(200, ask("DELETE", "/api/v1/maintenance/m1").first);
  EXPECT_EQ(404, ask("DELETE", "/api/v1/maintenance/m1").first);
  EXPECT_EQ(1U, windows_.size());
}

TEST_F(MaintenanceTest, RefusesWhatItCannotTake) {
  const auto refuses = [&](const std::string& body, const std::string& said) {
    SCOPED_TRACE(body);
    const auto [status, answer] = ask("POST", "/api/v1/maintenance", body);
    EXPECT_EQ(400, status);
    ASSERT_TRUE(answer.is_object());
    EXPECT_NE(std::string::npos, answer["error"]["message"].get<std::string>().find(said)) << answer;
  };
  refuses("", "no match");
  refuses("[]", "no match");
  refuses(R"({"match": 7})", "must be an object");
  refuses(R"({"match": {"device": 7}, "for": "1h"})", "must be a text");
  refuses(R"({"match": {"level": "danger"}, "for": "1h"})", "match.level is not taken");
  refuses(R"({"match": {"device": "a"}})", "has no end");
  refuses(R"({"match": {}, "for": "1h"})", "names nothing");
  refuses(R"({"match": {"device": "a"}, "for": "soon"})", "for");
  refuses(R"({"match": {"device": "a"}, "for": "1h", "until": "2026-12-01"})", "keep one");
  refuses(R"({"match": {"device": "a"}, "until": "tomorrow"})", "tomorrow");
  refuses(R"({"match": {"device": "a"}, "hours": "Funday"})", "Funday");
  refuses(R"({"match": {"device": "a"}, "hours": "Sun", "zone": "Asia/Soul"})", "Asia/Soul");
  refuses(R"({"match": {"device": "a"}, "for": "1h", "name": "a/b"})", "name");
  refuses(R"({"match": {"device": "a"}, "for": "1h", "frob": "x"})", "frob is not taken");
  EXPECT_TRUE(windows_.empty());
  // Nor from a page of a stranger.
  EXPECT_EQ(403, ask("POST", "/api/v1/maintenance", R"({"match": {"device": "a"}, "for": "1h"})", "http://evil.example").first);
  EXPECT_EQ(403, ask("DELETE", "/api/v1/maintenance/m1", "", "http://evil.example").first);
}

}  // namespace
}  // namespace bongsu::http
