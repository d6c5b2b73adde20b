// SPDX-License-Identifier: Apache-2.0
// Every route's answer, as its clients see it.
#include <gmock/gmock.h>
#include <httplib.h>

#include <nlohmann/json.hpp>

#include "lab.h"
#include "mib/image.h"
#include "model/marker.h"
#include "query/parse.h"

namespace bongsu::http {
namespace {

using lab::Lab;
using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kHostile = "<script>alert(1)</script>\"'&\xff";

Alarm alarm(std::uint64_t id, std::string device, Severity level, AlarmState state = AlarmState::Active) {
  return {.id = id,
          .item = "cpu_usage",
          .title = "CPU usage",
          .labels = {{"device", device}, {"cpu", "0"}},
          .device = device,
          .state = state,
          .level = level,
          .peak = Severity::Fatal,
          .value = 97.5,
          .limit = 95,
          .unit = "percent",
          .why = "Sustained use leaves no room.",
          .since = time_from_ms(lab::kNow - 600'000),
          .changed = time_from_ms(lab::kNow - 60'000)};
}

ItemState item(std::string device, std::string name, Severity level) {
  ItemState state{.item = std::move(name),
                  .title = "Item",
                  .labels = {{"device", device}},
                  .device = std::move(device),
                  .level = level,
                  .unit = "percent"};
  if (level == Severity::Unknown) state.cause = "timeout";
  else state.value = 12.5;
  return state;
}

class Api : public testing::Test {
 protected:
  void SetUp() override {
    lab.devices.list = {
        {.name = "db1",
         .address = "192.0.2.7",
         .tags = {{"site", "seoul"}},
         .up = true,
         .snmp_up = true,
         .info = {{"os", "linux"}},
         .profiles = {"ucd"},
         .last_poll = time_from_ms(lab::kNow - 5'000),
         .uptime_seconds = 3600.5},
        {.name = "sw1/rack 2", .address = "192.0.2.8", .up = false, .error = "no answer to SNMP in 3 tries"},
        {.name = "web1", .address = "192.0.2.9"},
    };
    lab.alarms.list = {alarm(9, "db1", Severity::Caution), alarm(8, "sw1/rack 2", Severity::Fatal),
                       alarm(7, "db1", Severity::Urgent), alarm(3, "db1", Severity::Normal, AlarmState::Recovered)};
    lab.alarms.list[3].ended = time_from_ms(lab::kNow - 1'000);
    lab.alarms.list[2].acknowledged = true;
    lab.alarms.states = {item("db1", "a", Severity::Normal), item("db1", "b", Severity::Caution),
                         item("db1", "c", Severity::Unknown), item("sw1/rack 2", "a", Severity::Fatal)};
    Event event{.id = 5,
                .severity = Severity::Danger,
                .syslog_severity = 3,
                .facility = 4,
                .received = time_from_ms(lab::kNow),
                .device_time = time_from_ms(lab::kNow - 1),
                .device = "db1",
                .sender = "192.0.2.7",
                .host = "db1.example",
                .app = "sshd",
                .process = "99",
                .message_id = "ID1",
                .text = kHostile,
                .fields = {{"a.b", "c"}, {"a.b", "d"}}};
    lab.events.list = {event, event, event};
    lab.events.list[1].id = 4;
    lab.events.list[1].clean = false;
    lab.events.list[1].raw = "<34>raw\x01";
    lab.events.list[2].id = 2;
    lab.events.list[2].syslog_severity = lab.events.list[2].facility = -1;
    const auto series = [&](Labels labels, std::vector<Sample> samples) {
      lab.points.list.push_back({std::make_shared<const Labels>(std::move(labels)), std::move(samples)});
    };
    const auto at = [](int seconds_ago, double value) { return Sample{time_from_ms(lab::kNow - seconds_ago * 1000), value}; };
    series({{"__name__", "cpu_usage_percent"}, {"device", "db1"}, {"cpu", "0"}}, {at(1000, 1), at(120, 20), at(60, 30)});
    series({{"__name__", "cpu_usage_percent"}, {"device", "db1"}, {"cpu", "1"}},
           {at(120, 20), at(60, gap_marker(GapCause::Timeout))});
    series({{"__name__", "load1"}, {"device", "db1"}}, {at(120, 20), at(60, stale_marker())});
    series({{"__name__", "load5"}, {"device", "db1"}}, {at(16 * 60, 20)});
    series({{"__name__", "load5"}, {"device", "web1"}}, {at(60, 20)});
  }
  // A remedy with a run that waits and one that is over.
  void give_remedies() {
    remedy::Run done{.id = 8, .remedy = "clear-cache", .script = "clear-cache.sh", .alarm = lab.alarms.list[0]};
    done.state = remedy::RunState::Done;
    done.created = time_from_ms(lab::kNow - 3'000);
    done.started = done.ended = time_from_ms(lab::kNow - 2'000);
    done.outcome = {.ran = true, .exit_code = 0, .took = Millis(1'000), .output = kHostile};
    remedy::Run waiting{.id = 9, .remedy = "clear-cache", .script = "clear-cache.sh", .alarm = lab.alarms.list[1]};
    waiting.state = remedy::RunState::Waiting;
    waiting.why = "waits for approval";
    const std::vector<remedy::Run> runs{waiting, done};
    lab.remedies.list = [done] {
      return std::vector<remedy::RemedyState>{
          {.remedy = {.name = "clear-cache", .script = "clear-cache.sh"}, .within_hour = 1, .last = done},
          {.remedy = {.name = "other", .script = "other.sh"}, .tally = {3, time_from_ms(lab::kNow)}}};
    };
    lab.remedies.runs = [runs] { return runs; };
    lab.remedies.runs_of = [done](std::uint64_t alarm) {
      return alarm == done.alarm.id ? std::vector<remedy::Run>{done} : std::vector<remedy::Run>();
    };
    lab.remedies.show = [](const std::string& name, const Alarm& alarm) -> Result<remedy::Order> {
      if (name != "clear-cache") return Error{Code::NotFound, "there is no remedy " + name};
      return remedy::order_of({.name = name, .script = "clear-cache.sh"}, 0, alarm, std::nullopt);
    };
    lab.remedies.order = [this](const std::string& name, const Alarm& alarm) -> Result<std::uint64_t> {
      lab.done.lock()->push_back("order " + name + " " + std::to_string(alarm.id));
      if (alarm.state != AlarmState::Active) return Error{Code::Refused, "it has recovered"};
      return std::uint64_t{9};
    };
    lab.remedies.approve = [this](std::uint64_t run, bool yes) -> Status {
      lab.done.lock()->push_back((yes ? "approve " : "refuse ") + std::to_string(run));
      if (run != 9) return Error{Code::Refused, "it does not wait"};
      return {};
    };
    lab.remedies.resume = [this](const std::string& name) -> Status {
      lab.done.lock()->push_back("resume " + name);
      if (name != "other") return Error{Code::NotFound, "no remedy " + name};
      return {};
    };
  }
  void start() {
    lab.start();
    client = std::make_unique<httplib::Client>("127.0.0.1", lab.port());
  }
  json get(const std::string& target, int status = 200) {
    if (!client) start();
    const auto answer = client->Get(target);
    if (!answer) {
      ADD_FAILURE() << target << ": no answer";
      return {};
    }
    EXPECT_EQ(status, answer->status) << target << '\n' << answer->body;
    EXPECT_EQ("application/json", answer->get_header_value("Content-Type"));
    auto parsed = json::parse(answer->body, nullptr, false);
    EXPECT_FALSE(parsed.is_discarded()) << answer->body;
    if (status >= 400) {
      EXPECT_FALSE(parsed["error"]["code"].get<std::string>().empty());
      EXPECT_FALSE(parsed["error"]["message"].get<std::string>().empty());
      EXPECT_FALSE(parsed["error"]["hint"].get<std::string>().empty());
    }
    return parsed;
  }
  Lab lab;
  std::unique_ptr<httplib::Client> client;
};

TEST_F(Api, StatusCountsWatchedItems) {
  lab.notices = {"disk full: /var/lib/bongsu"};
  const json answer = get("/api/v1/status");
  EXPECT_EQ("2026-11-23T01:02:03.456Z", answer["at"]);
  EXPECT_EQ("1.2.3", answer["version"]);
  EXPECT_EQ(90, answer["uptime_seconds"]);
  EXPECT_EQ(json::parse(R"({"normal":1,"harmless":0,"caution":1,"danger":0,"urgent":0,"fatal":1,"unknown":1})"),
            answer["counts"]);
  EXPECT_EQ(json::parse(R"({"total":3,"harmless":0,"caution":1,"danger":0,"urgent":1,"fatal":1})"), answer["alarms"]);
  EXPECT_EQ(json::parse(R"({"total":3,"up":1,"down":1,"unknown":1})"), answer["devices"]);
  ASSERT_EQ(3U, answer["worst"].size());
  EXPECT_EQ(8, answer["worst"][0]["id"]);  // fatal
  EXPECT_EQ(9, answer["worst"][1]["id"]);  // caution, but nobody has it
  EXPECT_EQ(7, answer["worst"][2]["id"]);  // urgent, acknowledged
  EXPECT_EQ(json::array({"disk full: /var/lib/bongsu"}), answer["notices"]);
}

TEST_F(Api, Devices) {
  const json answer = get("/api/v1/devices");
  ASSERT_EQ(3U, answer["devices"].size());
  EXPECT_EQ(nullptr, answer["next"]);
  EXPECT_EQ(
      json::parse(
          R"({"name":"db1","address":"192.0.2.7","state":"up","up":true,"snmp_up":true,"icmp_up":null,"tags":{"site":"seoul"},
    "info":{"os":"linux"},"profiles":["ucd"],"last_poll":"2026-11-23T01:01:58.456Z","uptime_seconds":3600.5,"interval_seconds":60,"error":"","slow_tables":[]})"),
      answer["devices"][0]);
  EXPECT_EQ(nullptr, answer["devices"][2]["up"]);
  EXPECT_EQ("sw1/rack 2", get("/api/v1/devices?state=down")["devices"][0]["name"]);
}

TEST_F(Api, TheDialectOfADevice) {
  snmp::Dialect dialect;
  dialect.varbinds = 25;
  dialect.bulk = false;
  dialect.srtt = std::chrono::microseconds(1'500);
  dialect.reply_from = *net::Endpoint::parse("192.0.2.70:161");
  dialect.note(snmp::Trait::ReplyAddress, time_from_ms(lab::kNow), kHostile);
  lab.dialects["sw1/rack 2"] = dialect;
  const json answer = get("/api/v1/devices/sw1%2Frack%202/dialect");
  EXPECT_EQ("GETNEXT alone, 25 objects at once at most, round trip 1.5 ms", answer["summary"]);
  EXPECT_EQ(25, answer["varbinds"]);
  EXPECT_TRUE(answer["in_flight"].is_null());
  EXPECT_EQ("192.0.2.70:161", answer["reply_from"]);
  ASSERT_EQ(1U, answer["observations"].size());
  EXPECT_EQ("reply_address", answer["observations"][0]["trait"]);
  EXPECT_EQ("danger", answer["observations"][0]["severity"]);
  EXPECT_THAT(answer["observations"][0]["remedy"], HasSubstr("reply_from"));
  EXPECT_EQ(1, answer["observations"][0]["count"]);
  EXPECT_EQ("GETBULK", get("/api/v1/devices/db1/dialect")["summary"]);  // nothing learned yet
  get("/api/v1/devices/nosuch/dialect", 404);
}

TEST_F(Api, PagesThroughDevices) {
  std::vector<std::string> seen;
  std::string target = "/api/v1/devices?limit=1";
  for (;;) {
    const json answer = get(target);
    ASSERT_EQ(1U, answer["devices"].size());
    seen.push_back(answer["devices"][0]["name"]);
    if (answer["next"].is_null()) break;
    target = "/api/v1/devices?limit=1&cursor=" + answer["next"].get<std::string>();
  }
  EXPECT_THAT(seen, testing::ElementsAre("db1", "sw1/rack 2", "web1"));
}

TEST_F(Api, OneDevice) {
  EXPECT_EQ("db1", get("/api/v1/devices/db1")["device"]["name"]);
  EXPECT_EQ(1, get("/api/v1/devices/db1")["counts"]["caution"]);
  EXPECT_EQ("192.0.2.8", get("/api/v1/devices/sw1%2Frack%202")["device"]["address"]);
  EXPECT_THAT(get("/api/v1/devices/nosuch", 404)["error"]["message"], HasSubstr("nosuch"));
  EXPECT_THAT(get("/api/v1/devices/%ff%fe", 404)["error"]["message"], HasSubstr("no device"));
}

TEST_F(Api, Items) {
  const json answer = get("/api/v1/devices/db1/items");
  ASSERT_EQ(3U, answer["items"].size());
  EXPECT_EQ("caution", answer["items"][1]["level"]);
  EXPECT_EQ(12.5, answer["items"][1]["value"]);
  EXPECT_EQ(nullptr, answer["items"][2]["value"]);
  EXPECT_EQ("timeout", answer["items"][2]["cause"]);
  EXPECT_EQ(json::parse(R"({"device":"db1"})"), answer["items"][0]["labels"]);
  const json first = get("/api/v1/devices/db1/items?limit=2");
  EXPECT_EQ(2U, first["items"].size());
  const json second = get("/api/v1/devices/db1/items?limit=2&cursor=" + first["next"].get<std::string>());
  EXPECT_EQ("c", second["items"][0]["item"]);
  EXPECT_EQ(nullptr, second["next"]);
  get("/api/v1/devices/nosuch/items", 404);
}

TEST_F(Api, LatestValues) {
  const json answer = get("/api/v1/devices/db1/metrics");
  ASSERT_EQ(2U, answer["metrics"].size()) << answer;  // load1 has vanished, load5 is too old
  EXPECT_EQ(json::parse(
                R"({"name":"cpu_usage_percent","labels":{"cpu":"0","device":"db1"},"value":30,"at":"2026-11-23T01:01:03.456Z"})"),
            answer["metrics"][0]);
  EXPECT_EQ(nullptr, answer["metrics"][1]["value"]);
  EXPECT_EQ("timeout", answer["metrics"][1]["gap"]);
}

TEST_F(Api, Alarms) {
  const auto ids = [&](const std::string& target) {
    std::vector<int> out;
    const json answer = get(target);
    for (const json& one : answer["alarms"]) out.push_back(one["id"]);
    return out;
  };
  EXPECT_THAT(ids("/api/v1/alarms"), testing::ElementsAre(9, 8, 7));
  EXPECT_THAT(ids("/api/v1/alarms?state=all"), testing::ElementsAre(9, 8, 7, 3));
  EXPECT_THAT(ids("/api/v1/alarms?level=urgent"), testing::ElementsAre(8, 7));
  EXPECT_THAT(ids("/api/v1/alarms?level=%EA%B8%B4%EA%B8%89"), testing::ElementsAre(8, 7));
  EXPECT_THAT(ids("/api/v1/alarms?device=db1"), testing::ElementsAre(9, 7));
  const json page = get("/api/v1/alarms?limit=2");
  EXPECT_THAT(ids("/api/v1/alarms?limit=2&cursor=" + page["next"].get<std::string>()), testing::ElementsAre(7));
  EXPECT_EQ(
      json::parse(
          R"({"id":9,"item":"cpu_usage","title":"CPU usage","device":"db1","labels":{"cpu":"0","device":"db1"},"state":"active","level":"caution",
    "peak":"fatal","value":97.5,"limit":95,"unit":"percent","meaning":"","asked":"","why":"Sustained use leaves no room.","since":"2026-11-23T00:52:03.456Z",
    "changed":"2026-11-23T01:01:03.456Z","ended":null,"acknowledged":false,"suppressed":false,"suppressed_by":"","flapping":false,"drill":false})"),
      page["alarms"][0]);
  EXPECT_EQ("recovered", get("/api/v1/alarms/3")["alarm"]["state"]);
  EXPECT_EQ("2026-11-23T01:02:02.456Z", get("/api/v1/alarms/3")["alarm"]["ended"]);
  get("/api/v1/alarms/77", 404);
  get("/api/v1/alarms/x", 400);
}

TEST_F(Api, AcknowledgesWithANote) {
  start();
  const auto post = [&](const char* target, const char* body, const char* type = "application/json",
                        httplib::Headers fields = {}) { return client->Post(target, fields, body, type)->status; };
  EXPECT_EQ(200, post("/api/v1/alarms/7/ack", R"({"note":"on it"})"));
  EXPECT_EQ(200, post("/api/v1/alarms/7/unack", ""));
  EXPECT_EQ(404, post("/api/v1/alarms/99/ack", "{}"));
  EXPECT_THAT(*lab.done.lock(), testing::ElementsAre("ack 7 on it", "unack 7 ", "ack 99 "));
  lab.done.lock()->clear();
  for (const char* bad : {"[]", "{", "{\"note\":1}", "{\"nope\":\"x\"}", "{\"note\":{\"a\":{\"b\":1}}}", "\"note\"", "{} {}"})
    EXPECT_EQ(400, post("/api/v1/alarms/7/ack", bad)) << bad;
  EXPECT_EQ(400, post("/api/v1/alarms/7/ack", (std::string(200'000, '[')).c_str()));
  EXPECT_EQ(400, post("/api/v1/alarms/7/ack", ("{\"note\":\"" + std::string(2'001, 'x') + "\"}").c_str()));
  EXPECT_EQ(400, post("/api/v1/alarms/seven/ack", "{}"));
  EXPECT_EQ(415, post("/api/v1/alarms/7/ack", "note=x", "application/x-www-form-urlencoded"));
  EXPECT_EQ(403, post("/api/v1/alarms/7/ack", "{}", "application/json", {{"Origin", "http://evil.example"}}));
  EXPECT_EQ(200, post("/api/v1/alarms/7/ack", R"({"note":"till five","until":"2026-11-23T18:00:00+09:00","until_worse":true})"));
  EXPECT_EQ("ack 7 till five until 2026-11-23T09:00:00Z until worse", lab.done.lock()->back());
  EXPECT_EQ(200, post("/api/v1/alarms/7/ack", R"({"until":null,"until_worse":false})"));
  EXPECT_EQ("ack 7 ", lab.done.lock()->back());
  for (const char* bad :
       {R"({"until":"soon"})", R"({"until":5})", R"({"until":"2026-11-23T01:02:03Z"})", R"({"until_worse":"yes"})"})
    EXPECT_EQ(400, post("/api/v1/alarms/7/ack", bad)) << bad;
  EXPECT_EQ(400, post("/api/v1/alarms/7/unack", R"({"until_worse":true})"));
  lab.done.lock()->clear();
  EXPECT_EQ(405, client->Get("/api/v1/alarms/7/ack")->status);
  EXPECT_THAT(*lab.done.lock(), testing::IsEmpty());
  EXPECT_EQ(200, post("/api/v1/alarms/7/ack", "{}", "application/json",
                      {{"Origin", "http://127.0.0.1:" + std::to_string(lab.port())}}));
}

TEST_F(Api, BeginsABackupAndTellsHowFarItIs) {
  start();
  EXPECT_EQ("none", get("/api/v1/backup")["state"]);
  const auto post = [&](const char* body, const char* type = "application/json", httplib::Headers fields = {}) {
    return client->Post("/api/v1/backup", fields, body, type);
  };
  const std::string endless = "{\"dir\":\"/" + std::string(5'000, 'x') + "\"}";
  for (const char* bad :
       {"", "[]", "{", "{\"dir\":1}", "{\"dir\":\"/b\",\"x\":1}", "{\"dir\":{}}", "{\"dir\":\"b\"}", endless.c_str()})
    EXPECT_EQ(400, post(bad)->status) << bad;
  EXPECT_EQ(403, post("{\"dir\":\"/b\"}", "application/json", {{"Origin", "http://evil.example"}})->status);
  EXPECT_EQ(415, post("{\"dir\":\"/b\"}", "text/plain")->status);
  EXPECT_EQ("none", get("/api/v1/backup")["state"]);
  const auto begun = post("{\"dir\":\"/backup/1\"}");
  ASSERT_EQ(200, begun->status) << begun->body;
  EXPECT_EQ(
      json::parse(
          R"({"state":"running","dir":"/backup/1","step":"copying","share":0.25,"error":"","started":"2026-11-23T01:02:03.456Z",
    "ended":null,"series":0,"samples":0,"logs":0,"events":0,"octets":0})"),
      get("/api/v1/backup"));
  EXPECT_EQ(409, post("{\"dir\":\"/backup/2\"}")->status);
}

std::shared_ptr<const mib::Tree> two_modules() {
  mib::ImageBuilder image;
  image.modules = {{image.text("A-MIB"), image.text("/data/mibs/added/A.txt"), image.text("202611230000Z"), 2, 1},
                   {image.text("B-MIB"), image.text("/data/mibs/added/A.txt.zip/b"), 0, 1, 1}};
  image.problems = {{image.text("/data/mibs/added/A.txt"), image.text("what"), 3, 4, 0},
                    {image.text("/elsewhere"), image.text("that"), 0, 0, 1}};
  mib::ObjectRecord iso{};
  iso.name = image.text("iso");
  iso.parent = mib::kNone;
  iso.augments = mib::kNone;
  iso.subid = 1;
  image.objects = {iso};
  std::size_t too_deep = 0;
  return *mib::Tree::from_bytes(image.build(0, too_deep));
}

TEST_F(Api, TakesAMibFileAsItIs) {
  lab.mibs = two_modules();
  start();
  const json list = get("/api/v1/mibs?limit=1");
  EXPECT_EQ(json::parse(R"([{"name":"A-MIB","file":"/data/mibs/added/A.txt","last_updated":"202611230000Z","declared":2,
    "objects":1}])"),
            list["modules"]);
  EXPECT_EQ(1, list["errors"]);
  EXPECT_EQ(1, list["warnings"]);
  EXPECT_EQ("B-MIB", get("/api/v1/mibs?limit=1&cursor=" + list["next"].get<std::string>())["modules"][0]["name"]);
  EXPECT_EQ("B-MIB", get("/api/v1/mibs?q=b-")["modules"][0]["name"]);
  const json one = get("/api/v1/mibs/A-MIB");
  EXPECT_EQ("iso", one["objects"][0]["name"]);
  EXPECT_EQ(json::parse(R"([{"file":"/data/mibs/added/A.txt","line":3,"column":4,"severity":"error","text":"what"}])"),
            one["problems"]);
  EXPECT_EQ(404, client->Get("/api/v1/mibs/NO-MIB")->status);

  const auto post = [&](const std::string& query, const std::string& body, httplib::Headers fields = {}) {
    return client->Post("/api/v1/mibs" + query, fields, body, "application/octet-stream")->status;
  };
  const std::string octets("PK\0\xff\r\n", 6);
  EXPECT_EQ(200, post("?name=A.txt", octets));
  EXPECT_EQ("mib A.txt " + octets, lab.done.lock()->back());
  const json added = json::parse(client->Post("/api/v1/mibs?name=A.txt", octets, "text/plain")->body);
  EXPECT_EQ(true, added["loaded"]);
  EXPECT_EQ(1U, added["modules"].size());  // B's file only begins alike
  EXPECT_EQ(1U, added["problems"].size());
  EXPECT_EQ(json({"db1"}), added["devices"]);
  EXPECT_EQ(false, json::parse(client->Post("/api/v1/mibs?name=A&load=no", "x", "text/plain")->body)["loaded"]);
  EXPECT_EQ(200, post("?name=large", std::string(5'000'000, 'x')));
  lab.done.lock()->clear();
  EXPECT_EQ(400, post("?name=A.txt", ""));
  EXPECT_EQ(400, post("", "x"));
  EXPECT_EQ(400, post("?name=A&load=later", "x"));
  EXPECT_EQ(403, post("?name=A", "x", {{"Origin", "http://evil.example"}}));
  // Refused by its length; the client may see the connection close before it reads the answer.
  const auto large = client->Post("/api/v1/mibs?name=A", std::string(9'000'000, 'x'), "application/octet-stream");
  EXPECT_TRUE(!large || large->status == 413);
  EXPECT_TRUE(lab.done.lock()->empty());
  lab.no_mib = Error{Code::Invalid, "no MIB module was found in it"};
  EXPECT_EQ(400, post("?name=A", "x"));
}

TEST_F(Api, TakesAwayAMibFile) {
  start();
  const auto gone = client->Delete("/api/v1/mibs?name=vendor%2FA.txt");
  ASSERT_TRUE(gone);
  EXPECT_EQ(json::parse(R"({"removed":["vendor/A.txt"]})"), json::parse(gone->body));
  EXPECT_EQ("remove vendor/A.txt", lab.done.lock()->back());
  lab.done.lock()->clear();
  EXPECT_EQ(400, client->Delete("/api/v1/mibs")->status);
  EXPECT_EQ(403, client->Delete("/api/v1/mibs?name=A", {{"Origin", "http://evil.example"}})->status);
  EXPECT_TRUE(lab.done.lock()->empty());
  lab.no_mib = Error{Code::NotFound, "nothing was added as \"A\""};
  EXPECT_EQ(404, client->Delete("/api/v1/mibs?name=A")->status);
}

TEST_F(Api, ProposesAProfileAndTakesOne) {
  start();
  EXPECT_EQ(json::parse(R"({"device":"db1","profile":"proposed-9","yaml":"- profile: proposed-9\n","groups":1,"series":2,
    "notes":["much"]})"),
            get("/api/v1/devices/db1/proposal"));
  EXPECT_EQ(404, client->Get("/api/v1/devices/db2/proposal")->status);
  EXPECT_EQ(405, client->Post("/api/v1/devices/db1/proposal", "{}", "application/json")->status);
  const auto post = [&](const char* body) { return client->Post("/api/v1/profiles", body, "application/json"); };
  EXPECT_EQ(json::parse(R"({"profile":"proposed-9"})"), json::parse(post(R"({"profile":"- profile: proposed-9\n"})")->body));
  EXPECT_EQ("profile - profile: proposed-9\n", lab.done.lock()->back());
  lab.done.lock()->clear();
  for (const char* bad : {"", "[]", "{", R"({"profile":1})", R"({"profile":"x","y":1})"})
    EXPECT_EQ(400, post(bad)->status) << bad;
  EXPECT_TRUE(lab.done.lock()->empty());
  EXPECT_EQ(400, post(R"({"profile":""})")->status);
}

TEST_F(Api, Logs) {
  const json answer = get("/api/v1/logs");
  ASSERT_EQ(3U, answer["logs"].size());
  EXPECT_EQ(
      json::parse(
          R"({"id":5,"kind":"syslog","received":"2026-11-23T01:02:03.456Z","device_time":"2026-11-23T01:02:03.455Z","severity":"danger",
    "syslog_severity":"err","facility":"auth","device":"db1","sender":"192.0.2.7","host":"db1.example","app":"sshd","process":"99","message_id":"ID1",
    "text":"<script>alert(1)</script>\"'&\ufffd","fields":[{"name":"a.b","value":"c"},{"name":"a.b","value":"d"}],"clean":true})"),
      answer["logs"][0]);
  EXPECT_EQ("<34>raw\x01", answer["logs"][1]["raw"]);
  EXPECT_EQ(nullptr, answer["logs"][2]["syslog_severity"]);
  EXPECT_EQ(std::vector{EventKind::Syslog}, lab.events.asked.lock()->kinds);
  const json page = get("/api/v1/logs?limit=2");
  EXPECT_EQ(2, get("/api/v1/logs?limit=2&cursor=" + page["next"].get<std::string>())["logs"][0]["id"]);
}

TEST_F(Api, SearchesAreHandedOn) {
  get("/api/v1/"
      "logs?q=link%20%20Down&device=db1&severity=warning&from=2026-11-23T00:00:00Z&to=2026-11-23T10:00:00%2B09:00&limit=3");
  EventQuery asked = *lab.events.asked.lock();
  EXPECT_THAT(asked.words, testing::ElementsAre("link", "Down"));
  EXPECT_EQ("db1", asked.device);
  EXPECT_EQ(4, asked.max_syslog_severity);
  EXPECT_EQ(std::nullopt, asked.min_severity);
  EXPECT_EQ(time_from_ms(1'795'392'000'000), asked.from);
  EXPECT_EQ(time_from_ms(1'795'395'600'000), asked.to);
  EXPECT_EQ(3U, asked.limit);
  get("/api/v1/events?severity=danger&kind=trap");
  asked = *lab.events.asked.lock();
  EXPECT_EQ(Severity::Danger, asked.min_severity);
  EXPECT_EQ(std::nullopt, asked.max_syslog_severity);
  EXPECT_EQ(std::vector{EventKind::Trap}, asked.kinds);
  EXPECT_THAT(get("/api/v1/logs?kind=trap", 400)["error"]["message"], HasSubstr("kind"));
  EXPECT_THAT(get("/api/v1/logs?from=2026-11-23T02:00:00Z&to=2026-11-23T01:00:00Z", 400)["error"]["message"], HasSubstr("from"));
  EXPECT_THAT(get("/api/v1/logs?q=a%20b%20c%20d%20e%20f%20g%20h%20i%20j%20k%20l%20m%20n%20o%20p%20q", 400)["error"]["message"],
              HasSubstr("words"));
}

TEST_F(Api, ASourceThatFailsIsSaid) {
  lab.events.fail = Error{Code::Unavailable, "the store is closing"};
  EXPECT_EQ("the store is closing", get("/api/v1/logs", 503)["error"]["message"]);
  lab.events.fail = Error{Code::Corrupt, "a block does not pass its check"};
  get("/api/v1/events", 500);
  lab.not_ready = Error{Code::Unavailable, "first poll not done"};
  EXPECT_EQ("first poll not done", get("/readyz", 503)["error"]["message"]);
  lab.not_ready.reset();
  EXPECT_EQ("ready", get("/readyz")["status"]);
  lab.events.before = [] { throw std::runtime_error("a bug"); };
  get("/api/v1/logs", 500);
  EXPECT_EQ(1, lab.metric("bongsu_http_handler_failures_total"));
}

TEST_F(Api, UnknownThingsAreNamed) {
  EXPECT_THAT(get("/api/v1/alarms?leval=fatal", 400)["error"]["message"], HasSubstr("did you mean \"level\""));
  get("/api/v1/nosuch", 404);
  start();
  const auto answer = client->Post("/api/v1/status", "", "application/json");
  EXPECT_EQ(405, answer->status);
  EXPECT_EQ("GET, HEAD", answer->get_header_value("Allow"));
}

TEST_F(Api, OwnMetrics) {
  start();
  lab.metrics.counter("bongsu_test_total", "For the test.").add(3);
  const auto answer = client->Get("/metrics");
  EXPECT_EQ("text/plain; version=0.0.4; charset=utf-8", answer->get_header_value("Content-Type"));
  EXPECT_THAT(answer->body, HasSubstr("# TYPE bongsu_test_total counter\nbongsu_test_total 3\n"));
}

TEST_F(Api, EntityTagsSaveTheBody) {
  start();
  const auto first = client->Get("/api/v1/devices");
  const std::string tag = first->get_header_value("ETag");
  ASSERT_FALSE(tag.empty());
  const auto same = client->Get("/api/v1/devices", {{"If-None-Match", "\"other\", " + tag}});
  EXPECT_EQ(304, same->status);
  EXPECT_EQ("", same->body);
  EXPECT_EQ(tag, same->get_header_value("ETag"));
  lab.devices.list[0].error = "changed";
  EXPECT_EQ(200, client->Get("/api/v1/devices", {{"If-None-Match", tag}})->status);
  const auto head = client->Head("/api/v1/devices");
  EXPECT_EQ(200, head->status);
  EXPECT_EQ("", head->body);
}

// Each path of the description answers, with the members that it promises; each parameter is taken.
TEST_F(Api, CoverageNamesWhatIsMissing) {
  lab.devices.list[0].info["kind"] = "server";
  for (const char* name : {"a", "b", "c", "d"}) {
    rule::ItemSpec& spec = lab.items.emplace_back();
    spec.name = name;
    spec.targets.kind = {"server"};
    spec.enabled = spec.name != "d";
    spec.expr = query::parse("nothing").value();
  }
  lab.items.emplace_back().name = "useless";
  lab.rules.push_back({.item = std::make_shared<rule::ItemSpec>(lab.items.back()), .judged = lab.clock.now()});
  lab.items.emplace_back().name = "not-judged-yet";
  lab.rules.push_back({.item = std::make_shared<rule::ItemSpec>(lab.items.back())});
  const json found = get("/api/v1/coverage");
  EXPECT_EQ(5, found["expected"]);
  EXPECT_EQ(3, found["watched"]);
  ASSERT_EQ(3U, found["devices"].size());
  EXPECT_EQ(json::parse(R"([{"item":"c","title":"c","why":"no data: timeout"},{"item":"d","title":"d","why":"switched off"}])"),
            found["devices"][0]["missing"]);
  ASSERT_EQ(1U, found["idle"].size());
  EXPECT_EQ("useless", found["idle"][0]["item"]);
  EXPECT_EQ("192.0.2.7", found["senders"][0]["sender"]);
  EXPECT_EQ(3, found["senders"][0]["lines"]);
  EXPECT_EQ((std::vector<EventQuery::Field>{{"device", ""}}), lab.events.asked.lock()->fields);
  // Five items, two devices that nobody knows, an idle item, a stranger and two people: four of eleven are good.
  EXPECT_EQ(36, found["score"]);
  EXPECT_EQ(json({"kim"}), found["people"]);
  EXPECT_EQ(1U, get("/api/v1/coverage?device=web1")["devices"].size());
  EXPECT_EQ(json::parse(R"([{"device":"web1","sysObjectID":"1.3.6.1.4.1.99999.1","at":"2026-11-23T00:00:00Z",
      "profile":"proposed-99999","series":7,"subtrees":[{"oid":"1.3.6.1.4.1.99999.5","name":"ACME-MIB::acmeFanTable",
      "values":12,"proposed":true},{"oid":"1.3.6.1.4.1.99999.9.1","name":"","values":3,"proposed":false}]}])")[0]["subtrees"],
            get("/api/v1/coverage")["unused"][0]["subtrees"]);
  EXPECT_EQ("proposed-99999", get("/api/v1/coverage?device=web1")["unused"][0]["profile"]);
  EXPECT_EQ(0U, get("/api/v1/coverage?device=db1")["unused"].size());
  const json page = get("/api/v1/coverage?limit=1");
  EXPECT_EQ("db1", page["devices"][0]["device"]);
  EXPECT_EQ("sw1/rack 2", get("/api/v1/coverage?limit=1&cursor=" + page["next"].get<std::string>())["devices"][0]["device"]);
}

TEST_F(Api, RemediesAndTheirRuns) {
  give_remedies();
  const json remedies = get("/api/v1/remedies")["remedies"];
  EXPECT_EQ("clear-cache", remedies[0]["name"]);
  EXPECT_EQ(8, remedies[0]["last"]["id"]);
  EXPECT_TRUE(remedies[0]["stopped"].is_null());
  EXPECT_TRUE(remedies[1]["last"].is_null());
  EXPECT_FALSE(remedies[1]["stopped"].is_null());
  const json page = get("/api/v1/remedies/runs?limit=1");
  EXPECT_EQ(9, page["runs"][0]["id"]);
  const json rest = get("/api/v1/remedies/runs?limit=1&cursor=" + page["next"].get<std::string>());
  EXPECT_EQ(8, rest["runs"][0]["id"]);
  EXPECT_EQ("", rest["runs"][0]["output"]);
  EXPECT_TRUE(rest["next"].is_null());
  EXPECT_EQ(1U, get("/api/v1/remedies/runs?state=waiting")["runs"].size());
  EXPECT_EQ("ended with 0 after 1s", get("/api/v1/remedies/runs/8")["run"]["text"]);
  EXPECT_NE("", get("/api/v1/remedies/runs/8")["run"]["output"]);
  get("/api/v1/remedies/runs/7", 404);
  EXPECT_EQ(8, get("/api/v1/alarms/9")["remedies"][0]["id"]);
  EXPECT_EQ(0U, get("/api/v1/alarms/8")["remedies"].size());
  EXPECT_EQ("db1", get("/api/v1/alarms/9/order?remedy=clear-cache")["environment"]["BONGSU_DEVICE"]);
  get("/api/v1/alarms/9/order?remedy=x", 404);
  get("/api/v1/alarms/99/order?remedy=clear-cache", 404);
  const auto post = [&](int status, const char* target, const char* body = "{}", httplib::Headers fields = {}) {
    const auto answer = client->Post(target, fields, body, "application/json");
    ASSERT_TRUE(answer);
    EXPECT_EQ(status, answer->status) << target << answer->body;
  };
  post(200, "/api/v1/remedies/runs/9/approve");
  post(409, "/api/v1/remedies/runs/8/refuse");
  post(400, "/api/v1/remedies/runs/x/refuse");
  post(200, "/api/v1/remedies/other/resume");
  post(404, "/api/v1/remedies/nothing/resume");
  post(200, "/api/v1/alarms/8/remedies", R"({"remedy":"clear-cache"})");
  post(409, "/api/v1/alarms/3/remedies", R"({"remedy":"clear-cache"})");
  const std::size_t done = lab.done.lock()->size();
  for (const char* bad : {"", "{}", "[]", R"({"remedy":1})", R"({"remedy":"a","x":1})"})
    post(400, "/api/v1/alarms/8/remedies", bad);
  post(404, "/api/v1/alarms/99/remedies", R"({"remedy":"clear-cache"})");
  post(403, "/api/v1/remedies/runs/9/approve", "{}", {{"Origin", "http://evil.example"}});
  EXPECT_EQ(done, lab.done.lock()->size());
}

TEST_F(Api, CoverageSetsWhatIsSwitchedOff) {
  lab.devices.list[0].info["kind"] = "server";
  for (const char* name : {"c", "db1", "d"}) {
    rule::ItemSpec& spec = lab.items.emplace_back();
    spec.name = name;
    spec.targets.kind = {"server"};
    spec.enabled = spec.name == "c";
    spec.expr = query::parse("nothing").value();
  }
  EXPECT_EQ(3, get("/api/v1/coverage?device=db1")["expected"]);
  const auto answer = client->Post("/api/v1/coverage/set?dry_run=true", "{}", "application/json");
  ASSERT_TRUE(answer);
  EXPECT_EQ(200, answer->status) << answer->body;
  const json said = json::parse(answer->body);
  EXPECT_EQ(json({"d", "db1"}), said["set"]);
  EXPECT_EQ("c", said["left"][0]["item"]);
  EXPECT_EQ((std::vector<std::string>{R"(try items d {"enabled":"true"})", R"(try items db1 {"enabled":"true","x":"1"})"}),
            *lab.done.lock());
}

// Of db1 an override is set here, of web1 none: that one stands in a file.
TEST_F(Api, CoverageTakesAwayWhatSwitchesOffHere) {
  lab.devices.list[0].info["kind"] = "server";
  lab.here = R"({"levels":{"danger":"9"},"overrides":[{"match":{"device":"db1"},"enabled":"false"},
      {"match":{"device":"x"},"enabled":"false","clear":"2"}]})";
  for (const char* name : {"db1", "web1"}) {
    rule::ItemSpec& spec = lab.items.emplace_back();
    spec.name = name;
    spec.targets.kind = {"server"};
    spec.expr = query::parse("nothing").value();
    rule::ItemSpec off = spec;
    off.enabled = false;
    spec.overrides = {{.match = {.devices = {"db1"}}, .item = std::make_shared<const rule::ItemSpec>(std::move(off))}};
  }
  start();
  const auto answer = client->Post("/api/v1/coverage/set", "{}", "application/json");
  ASSERT_TRUE(answer);
  const json said = json::parse(answer->body);
  EXPECT_EQ(json({"db1"}), said["set"]) << answer->body;
  EXPECT_EQ("an override in a file switches it off there; take it out of the file", said["left"][0]["why"]) << answer->body;
  EXPECT_EQ(
      (std::vector<std::string>{R"(set items db1 {"levels":{"danger":"9"},"overrides":[{"clear":"2","match":{"device":"x"}}]})"}),
      *lab.done.lock());
}

TEST_F(Api, BeginsDrillsAndTellsHowTheyGo) {
  EXPECT_EQ(8, get("/api/v1/drills")["drills"][0]["id"]);
  EXPECT_EQ("broken", get("/api/v1/drills/8")["drill"]["links"][1]["state"]);
  get("/api/v1/drills/9", 404);
  get("/api/v1/drills/x", 400);
  const auto post = [&](int status, const char* body, httplib::Headers fields = {}) {
    const auto answer = client->Post("/api/v1/drills", fields, body, "application/json");
    ASSERT_TRUE(answer);
    EXPECT_EQ(status, answer->status) << body << answer->body;
  };
  post(200, R"({"device":"web1","item":"cpu","level":"danger"})");
  post(200, "{}");
  post(409, R"({"item":"busy"})");
  for (const char* bad : {"", "[]", R"({"device":"web1"})", R"({"item":1})", R"({"item":"a","level":"normal"})", R"({"x":"y"})",
                          R"({"level":"danger"})"})
    post(400, bad);
  post(403, "{}", {{"Origin", "http://evil.example"}});
  EXPECT_EQ((std::vector<std::string>{"drill web1 cpu danger", "drill   ", "drill  busy "}), *lab.done.lock());
}

TEST_F(Api, SetsEntriesBesideTheFiles) {
  EXPECT_EQ("items", get("/api/v1/items")["entries"][0]["value"]["part"]);
  EXPECT_TRUE(get("/api/v1/people")["entries"][1]["here"].is_null());
  EXPECT_EQ("1", get("/api/v1/routes/db1")["entry"]["here"]["x"]);
  EXPECT_EQ("db1", get("/api/v1/remedies/db1")["entry"]["name"]);
  get("/api/v1/routes/none", 404);
  const auto put = [&](int status, const char* target, const char* body, httplib::Headers fields = {}) {
    const auto answer = client->Put(target, fields, body, "application/json");
    EXPECT_TRUE(answer);
    if (!answer) return json();
    EXPECT_EQ(status, answer->status) << target << answer->body;
    return json::parse(answer->body);
  };
  const json tried = put(200, "/api/v1/items/cpu?dry_run=true", R"({"levels":{"danger":80}})");
  EXPECT_EQ(true, tried["dry_run"]);
  EXPECT_EQ(json({"none of 2 is beyond a limit now"}), tried["notes"]);
  EXPECT_EQ(false, put(200, "/api/v1/remedies/fix", "{\"run\":\"a\"}")["dry_run"]);
  EXPECT_EQ("body:1:1: no levels\nbody:1:1: no expr", put(400, "/api/v1/items/cpu", "{}")["error"]["message"]);
  put(400, "/api/v1/items/cpu?dry_run=maybe", "{}");
  put(403, "/api/v1/items/cpu", "{}", {{"Origin", "http://evil.example"}});
  put(405, "/api/v1/alarms", "{}");
  auto answer = client->Delete("/api/v1/people/ops");
  ASSERT_TRUE(answer);
  EXPECT_EQ(200, answer->status);
  answer = client->Delete("/api/v1/people/web1");
  ASSERT_TRUE(answer);
  EXPECT_EQ(404, answer->status);
  EXPECT_EQ((std::vector<std::string>{"try items cpu {\"levels\":{\"danger\":80}}", "set remedies fix {\"run\":\"a\"}",
                                      "set items cpu {}", "set people ops -", "set people web1 -"}),
            *lab.done.lock());
}

TEST_F(Api, TheDescriptionIsTrue) {
  lab.mibs = two_modules();
  give_remedies();
  const json api = get("/api/v1/openapi.json");
  std::size_t checked = 0;
  for (const auto& [path, methods] : api["paths"].items()) {
    SCOPED_TRACE(path);
    if (!methods.contains("get")) continue;
    std::string target = path;
    if (const std::size_t at = target.find("{name}"); at != std::string::npos)
      target.replace(at, 6, path.starts_with("/api/v1/mibs/") ? "A-MIB" : "db1");
    if (const std::size_t at = target.find("{id}"); at != std::string::npos) target.replace(at, 4, "8");
    std::string sep = "?";
    for (const json& param : methods["get"]["parameters"]) {
      if (param["in"] != "query") continue;
      const std::string name = param["name"];
      std::string value;
      if (param.contains("example")) value = httplib::detail::encode_query_param(param["example"]);
      else if (param["schema"].contains("enum")) value = param["schema"]["enum"][0];
      else if (param["schema"].contains("minimum")) value = std::to_string(param["schema"]["default"].get<int>());
      target += sep + name + "=" + value;
      sep = "&";
    }
    const auto answer = client->Get(target);
    ASSERT_TRUE(answer);
    EXPECT_EQ(200, answer->status) << target << answer->body;
    const json& content = methods["get"]["responses"]["200"]["content"];
    ASSERT_EQ(1U, content.size());
    EXPECT_THAT(answer->get_header_value("Content-Type"), testing::StartsWith(content.begin().key()));
    ++checked;
    if (!content.contains("application/json")) continue;
    const std::string reference = content["application/json"]["schema"]["$ref"];
    const std::string name = reference.substr(reference.rfind('/') + 1);
    const json parsed = json::parse(answer->body);
    const std::function<void(const json&, const json&)> fits = [&](const json& value, const json& schema) {
      if (schema.contains("$ref")) {
        const std::string to = schema["$ref"].get<std::string>();
        return fits(value, api["components"]["schemas"][to.substr(to.rfind('/') + 1)]);
      }
      if (value.is_null()) {
        EXPECT_TRUE(schema.value("nullable", false)) << schema;
        return;
      }
      if (!schema.contains("type")) return;  // anything
      const std::string type = schema["type"];
      if (type == "string") {
        EXPECT_TRUE(value.is_string()) << value << schema;
      }
      if (type == "integer") {
        EXPECT_TRUE(value.is_number_integer()) << value << schema;
      }
      if (type == "number") {
        EXPECT_TRUE(value.is_number()) << value << schema;
      }
      if (type == "boolean") {
        EXPECT_TRUE(value.is_boolean()) << value << schema;
      }
      if (type == "array") {
        ASSERT_TRUE(value.is_array()) << value << schema;
        for (const json& one : value) fits(one, schema["items"]);
      }
      if (type != "object") return;
      ASSERT_TRUE(value.is_object()) << value << schema;
      if (!schema.contains("properties")) return;
      for (const json& required : schema["required"]) EXPECT_TRUE(value.contains(required.get<std::string>())) << required;
      for (const auto& [key, one] : value.items()) {
        EXPECT_TRUE(schema["properties"].contains(key)) << key << " is not described";
        fits(one, schema["properties"][key]);
      }
    };
    fits(parsed, api["components"]["schemas"][name]);
  }
  EXPECT_GE(checked, 16U);
  EXPECT_TRUE(api["paths"]["/api/v1/alarms/{id}/ack"].contains("post"));
  EXPECT_TRUE(api["paths"]["/api/v1/backup"].contains("get"));
  EXPECT_EQ(json({"dir"}),
            api["paths"]["/api/v1/backup"]["post"]["requestBody"]["content"]["application/json"]["schema"]["required"]);
}

TEST_F(Api, RoutesWithoutASourceAreNotServed) {
  Lab other;
  Sources sources{.clock = other.clock,
                  .metrics = other.metrics,
                  .devices = other.devices,
                  .alarms = other.alarms,
                  .events = other.events,
                  .points = other.points};
  const auto server = Server::start({.listen = "127.0.0.1:0"}, sources);
  ASSERT_TRUE(server);
  httplib::Client plain("127.0.0.1", (*server)->port());
  EXPECT_EQ(404, plain.Post("/api/v1/alarms/7/ack", "{}", "application/json")->status);
  EXPECT_THAT(plain.Get("/api/v1/openapi.json")->body, testing::Not(HasSubstr("/ack")));
  EXPECT_EQ(200, plain.Get("/readyz")->status);
  EXPECT_EQ(200, plain.Get("/")->status);
}

}  // namespace
}  // namespace bongsu::http
