// SPDX-License-Identifier: Apache-2.0
// The routes that change something, and what they hand on.
#include <gmock/gmock.h>

#include "api_fixture.h"
#include "mib/image.h"
#include "query/parse.h"

namespace bongsu::http {
namespace {

using api_test::Api;
using nlohmann::json;

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

}  // namespace
}  // namespace bongsu::http
