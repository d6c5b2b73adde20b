// SPDX-License-Identifier: Apache-2.0
// Every route's answer, as its clients see it.
#include <gmock/gmock.h>

#include "api_fixture.h"
#include "query/parse.h"

namespace bongsu::http {
namespace {

using api_test::Api;
using api_test::kHostile;
using api_test::Lab;
using nlohmann::json;
using testing::HasSubstr;

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
    "info":{"os":"linux"},"profiles":["ucd"],"last_poll":"2026-11-23T01:01:58.456Z","uptime_seconds":3600.5,"interval_seconds":60,"error":"","slow_tables":[],
    "parents":[],"parents_from":null})"),
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

TEST_F(Api, Topology) {
  lab.links.reason = "this machine has no default gateway";
  const json none = get("/api/v1/topology");
  EXPECT_EQ(nullptr, none["root"]);
  EXPECT_EQ("this machine has no default gateway", none["reason"]);
  EXPECT_EQ(3U, none["nodes"].size());
  EXPECT_EQ(json::array(), none["links"]);

  give_links();
  const json answer = get("/api/v1/topology");
  EXPECT_EQ("db1", answer["root"]);
  EXPECT_EQ(json::parse(R"([{"name":"db1","state":"up","distance":0,"parents":[],"parents_from":null},
                            {"name":"sw1/rack 2","state":"down","distance":1,"parents":["db1"],"parents_from":"discovered"},
                            {"name":"web1","state":"unknown","distance":null,"parents":[],"parents_from":"configured"}])"),
            answer["nodes"]);
  json link = answer["links"][0];
  EXPECT_EQ("ge\"1<", link["evidence"][0]["port"]);
  link["evidence"][0].erase("port");
  EXPECT_EQ(json::parse(R"({"a":"db1","b":"sw1/rack 2","evidence":[{"device":"db1","protocol":"lldp","remote_port":"up",
                "first_seen":"2026-11-23T01:01:03.456Z","last_seen":"2026-11-23T01:02:03.456Z","missing":true}]})"),
            link);
  EXPECT_EQ(json::parse(R"({"unknown":4,"ambiguous":1})"), answer["neighbors"]);
  EXPECT_EQ(json::parse(R"([{"device":"db1","port":"ge9","neighbor":"switch","candidates":["sw1/rack 2","web1"]}])"),
            answer["ambiguous"]);
  EXPECT_EQ(json::array({"db1"}), get("/api/v1/devices/sw1%2Frack%202")["device"]["parents"]);
  EXPECT_EQ("discovered", get("/api/v1/devices/sw1%2Frack%202")["device"]["parents_from"]);
}

TEST_F(Api, TheDescriptionIsTrue) {
  lab.mibs = two_modules();
  give_links();
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
