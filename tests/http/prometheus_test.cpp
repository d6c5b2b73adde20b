// SPDX-License-Identifier: Apache-2.0
// Prometheus' API over a real store: structure octet by octet, faults with their types, streams.
#include "http/prometheus.h"

#include <gmock/gmock.h>
#include <httplib.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "folder.h"
#include "http/exposition.h"
#include "http/form.h"
#include "lab.h"
#include "model/marker.h"
#include "query/parse.h"
#include "store/store.h"

namespace bongsu::http {
namespace {

using lab::Lab;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::int64_t kSecond = 1'000;

}  // namespace

class Prometheus : public testing::Test {
 protected:
  Prometheus() {
    store = *store::Store::open(folder.path() / "store", {}, lab.clock, lab.metrics);
    lab.source = store.get();
  }
  // `step` apart up to now, the last value now.
  void series(const Labels& labels, const std::vector<double>& values, std::int64_t step = 60 * kSecond) {
    const SeriesId id = *store->series(labels);
    std::vector<Point> points;
    std::int64_t at = lab::kNow - step * static_cast<std::int64_t>(values.size() - 1);
    for (const double value : values) {
      points.push_back({id, {time_from_ms(at), value}});
      at += step;
    }
    ASSERT_TRUE(store->append(points));
  }
  httplib::Client& http() {
    if (!lab.server) {
      lab.start();
      client = std::make_unique<httplib::Client>("127.0.0.1", lab.port());
    }
    return *client;
  }
  std::string get(const std::string& path, const httplib::Params& params = {}, int status = 200) {
    const auto answer = http().Get("/prometheus" + httplib::append_query_params(path, params));
    if (!answer) return ADD_FAILURE() << path << ": no answer", "";
    EXPECT_EQ(status, answer->status) << path << answer->body;
    EXPECT_EQ(path == "/federate" ? "text/plain" : "application/json",
              answer->get_header_value("Content-Type").substr(0, path == "/federate" ? 10 : 99));
    return answer->body;
  }
  std::string post(const std::string& path, const httplib::Params& params, int status = 200) {
    const auto answer = http().Post("/prometheus" + path, params);
    if (!answer) return ADD_FAILURE() << path << ": no answer", "";
    EXPECT_EQ(status, answer->status) << path << answer->body;
    return answer->body;
  }
  void fails(const std::string& path, const httplib::Params& params, int status, const std::string& type,
             const std::string& text) {
    SCOPED_TRACE(path + " " + json(params).dump());
    for (const std::string& body : {get(path, params, status), post(path, params, status)}) {
      const json answer = json::parse(body, nullptr, false);
      ASSERT_TRUE(answer.is_object()) << body;
      EXPECT_EQ("error", answer["status"]);
      EXPECT_EQ(type, answer["errorType"]);
      EXPECT_THAT(answer["error"].get<std::string>(), HasSubstr(text));
      EXPECT_EQ(3U, answer.size());
    }
  }

  Folder folder;
  Lab lab;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<httplib::Client> client;
};

TEST_F(Prometheus, AnswersEachKindOctetByOctet) {
  series({{"__name__", "up"}, {"device", "db1"}, {"note", "a\"b\\c\n<é>"}}, {0, 1});
  const std::string now = "1795395723.456";
  EXPECT_EQ(
      "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"__name__\":\"up\",\"device\":"
      "\"db1\",\"note\":\"a\\\"b\\\\c\\n<é>\"},\"value\":[" +
          now + ",\"1\"]}]}}",
      get("/api/v1/query", {{"query", "up"}}));
  EXPECT_EQ("{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}",
            get("/api/v1/query", {{"query", "down"}}));
  EXPECT_EQ("{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[4,\"2\"]}}",
            get("/api/v1/query", {{"query", "1+1"}, {"time", "4"}}));
  EXPECT_EQ("{\"status\":\"success\",\"data\":{\"resultType\":\"string\",\"result\":[0.050,\"a\\\"b\"]}}",
            get("/api/v1/query", {{"query", "'a\"b'"}, {"time", "1970-01-01T00:00:00.05Z"}}));
  EXPECT_EQ(
      "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{\"__name__\":\"up\",\"device\":"
      "\"db1\","
      "\"note\":\"a\\\"b\\\\c\\n<é>\"},\"values\":[[1795395663.456,\"0\"],[1795395723.456,\"1\"]]}]}}",
      get("/api/v1/query", {{"query", "up[2m]"}}));
  EXPECT_EQ(
      "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{},\"values\":[[1,\"1\"],[1.500,\"1."
      "5\"]"
      ",[2,"
      "\"2\"]]}]}}",
      post("/api/v1/query_range", {{"query", "time()"}, {"start", "1"}, {"end", "2.2"}, {"step", "0.5"}}));
}

TEST_F(Prometheus, WritesNumbersAsGoDoes) {
  const auto writes = [](const std::string& text, double value) {
    std::string out;
    append_sample(out, time_from_ms(-1'005), value);
    EXPECT_EQ("[-1.005,\"" + text + "\"]", out);
  };
  writes("0", 0);
  writes("-0", -0.0);
  writes("1", 1);
  writes("-1000000", -1e6);
  writes("0.1", 0.1);
  writes("0.000001", 1e-6);
  writes("1e-07", 1e-7);
  writes("123456789012345680", 123456789012345680.0);
  writes("100000000000000000000", 1e20);
  writes("1e+21", 1e21);
  writes("1.7976931348623157e+308", std::numeric_limits<double>::max());
  writes("5e-324", std::numeric_limits<double>::denorm_min());
  writes("NaN", std::nan(""));
  writes("+Inf", HUGE_VAL);
  writes("-Inf", -HUGE_VAL);
  std::string scalar;
  append_scalar(scalar, time_from_ms(0), 1e21);
  append_scalar(scalar, time_from_ms(0), -5e-10);
  append_scalar(scalar, time_from_ms(0), -HUGE_VAL);
  EXPECT_EQ("[0,\"1000000000000000000000\"][0,\"-0.0000000005\"][0,\"-Inf\"]", scalar);
  const auto exposes = [](const std::string& text, double value) { EXPECT_EQ(text, exposed_number(value)); };
  exposes("0", 0);
  exposes("999999", 999'999);
  exposes("1e+06", 1e6);
  exposes("1.234567e+06", 1'234'567);
  exposes("0.0001", 1e-4);
  exposes("1e-05", 1e-5);
  exposes("-2.5", -2.5);
  exposes("+Inf", HUGE_VAL);
  exposes("NaN", std::nan(""));
  EXPECT_EQ("1e+00", scientific(1));
  EXPECT_EQ("-9.75e+01", scientific(-97.5));
}

TEST_F(Prometheus, ReadsTimesAndDurationsAsPrometheusDoes) {
  const auto reads = [](std::string_view text, std::int64_t ms) {
    const auto at = parse_prometheus_time(text);
    ASSERT_TRUE(at) << text;
    EXPECT_EQ(ms, to_ms(*at)) << text;
  };
  reads("1435781430.781", 1'435'781'430'781);
  reads("1e3", 1'000'000);
  reads("-1.0005", -1'001);
  reads("2015-07-01T20:10:51.781Z", 1'435'781'451'781);
  reads("2015-07-01T22:10:51.781+02:00", 1'435'781'451'781);
  for (const char* text : {"", "abc", "NaN", "Inf", "1e300", "2015-07-01", "1s"})
    EXPECT_FALSE(parse_prometheus_time(text)) << text;
  EXPECT_LT(*parse_prometheus_time("-292273086-05-16T16:47:06Z"), time_from_ms(0));
  EXPECT_GT(*parse_prometheus_time("292277025-08-18T07:12:54.999999999Z"), time_from_ms(lab::kNow));
  const auto lasts = [](std::string_view text, std::int64_t ms) {
    const auto span = parse_prometheus_duration(text);
    ASSERT_TRUE(span) << text;
    EXPECT_EQ(ms, span->count()) << text;
  };
  lasts("15", 15'000);
  lasts("0.5", 500);
  lasts("1h30m", 5'400'000);
  lasts("1w", 604'800'000);
  lasts("250ms", 250);
  for (const char* text : {"", "1m1h", "5x", "NaN", "1e99"}) EXPECT_FALSE(parse_prometheus_duration(text)) << text;
}

TEST_F(Prometheus, FaultsHaveTheirTypeAndStatus) {
  series({{"__name__", "a"}, {"x", "1"}, {"y", "1"}}, {1});
  series({{"__name__", "a"}, {"x", "1"}, {"y", "2"}}, {1});
  fails("/api/v1/query", {}, 400, "bad_data", "invalid parameter \"query\": 1:1: parse error");
  fails("/api/v1/query", {{"query", "sum("}}, 400, "bad_data", "1:5: parse error");
  fails("/api/v1/query", {{"query", "a"}, {"time", "x"}}, 400, "bad_data", "invalid parameter \"time\"");
  fails("/api/v1/query", {{"query", "a"}, {"timeout", "soon"}}, 400, "bad_data", "invalid parameter \"timeout\"");
  fails("/api/v1/query", {{"query", "a"}, {"limit", "-1"}}, 400, "bad_data", "invalid parameter \"limit\"");
  fails("/api/v1/query", {{"query", "a"}, {"lookback_delta", "0"}}, 400, "bad_data", "lookback_delta");
  fails("/api/v1/query", {{"query", "a / on (x) a"}}, 422, "execution", "");
  fails("/api/v1/query", {{"query", "a"}, {"timeout", "0.0001"}}, 400, "bad_data", "timeout");
  const auto range = [](std::string query, std::string start, std::string end, std::string step) {
    return httplib::Params{{"query", query}, {"start", start}, {"end", end}, {"step", step}};
  };
  fails("/api/v1/query_range", range("a", "", "1", "1"), 400, "bad_data", "\"start\"");
  fails("/api/v1/query_range", range("a", "0", "", "1"), 400, "bad_data", "\"end\"");
  fails("/api/v1/query_range", range("a", "2", "1", "1"), 400, "bad_data",
        "\"end\": end timestamp must not be before start time");
  fails("/api/v1/query_range", range("a", "0", "1", "0"), 400, "bad_data", "\"step\"");
  fails("/api/v1/query_range", range("a", "0", "1", "-1"), 400, "bad_data", "\"step\"");
  fails("/api/v1/query_range", range("a", "0", "1", ""), 400, "bad_data", "\"step\"");
  fails("/api/v1/query_range", range("a", "0", "11001", "1"), 400, "bad_data", "11000");
  EXPECT_THAT(post("/api/v1/query_range", range("1", "0", "11000", "1")), StartsWith("{\"status\":\"success\""));
  fails("/api/v1/query_range", range("a[1m]", "0", "1", "1"), 400, "bad_data", "invalid expression type \"range vector\"");
  fails("/api/v1/series", {}, 400, "bad_data", "no match[]");
  fails("/api/v1/series", {{"match[]", "a{"}}, 400, "bad_data", "invalid parameter \"match[]\"");
  fails("/api/v1/series", {{"match[]", "a offset 1m"}}, 400, "bad_data", "match[]");
  fails("/api/v1/series", {{"match[]", "sum(a)"}}, 400, "bad_data", "match[]");
  fails("/api/v1/labels", {{"match[]", "a"}, {"start", "2"}, {"end", "1"}}, 400, "bad_data", "\"end\"");
  fails("/api/v1/query_exemplars", {{"query", "a"}, {"start", "x"}}, 400, "bad_data", "timestamp");
  fails("/api/v1/format_query", {{"query", "a +"}}, 400, "bad_data", "parse error");
  const auto broken = http().Get("/prometheus/api/v1/query?query=%ff");
  ASSERT_TRUE(broken);
  EXPECT_EQ(400, broken->status);
  EXPECT_EQ("bad_data", json::parse(broken->body)["errorType"]);
  EXPECT_EQ(405, http().Post("/prometheus/api/v1/metadata", httplib::Params())->status);
}

TEST_F(Prometheus, TakesTheFormOfTheBodyBeforeTheUrl) {
  const auto answer = http().Post("/prometheus/api/v1/query?query=2&time=4", "query=1%2B2", "application/x-www-form-urlencoded");
  ASSERT_TRUE(answer);
  EXPECT_EQ("{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[4,\"3\"]}}", answer->body);
  std::string longer = "query=1";
  for (int i = 0; i < 10'000; ++i) longer += "%2B1";  // more than cpp-httplib would take of a form
  const auto sum = http().Post("/prometheus/api/v1/query?time=4", longer, "application/x-www-form-urlencoded; charset=utf-8");
  ASSERT_TRUE(sum);
  EXPECT_THAT(sum->body, HasSubstr(sum->status == 200 ? "10001" : "deep")) << sum->body;
}

TEST_F(Prometheus, LooksBackAsFarAsTheDevicesWant) {
  lab.lookback = Millis(750'000);  // polled each 300 s
  series({{"__name__", "a"}}, {1, 2}, 300 * kSecond);
  lab.clock.advance(std::chrono::seconds(749));
  const auto at = [](int seconds) { return std::to_string(lab::kNow / 1000 + seconds); };
  const auto found = [&](int seconds) {
    return json::parse(get("/api/v1/query", {{"query", "a"}, {"time", at(seconds)}}))["data"]["result"].size();
  };
  EXPECT_EQ(1U, found(749));
  EXPECT_EQ(0U, found(751));
  EXPECT_EQ(
      0U,
      json::parse(get("/api/v1/query", {{"query", "a"}, {"time", at(749)}, {"lookback_delta", "5m"}}))["data"]["result"].size());
  EXPECT_THAT(get("/federate", {{"match[]", "a"}}), HasSubstr("} 2 "));
  lab.clock.advance(std::chrono::seconds(1));
  EXPECT_THAT(get("/federate", {{"match[]", "a"}}), Not(HasSubstr("} 2 ")));
}

TEST_F(Prometheus, LimitsWarnsAndLooksBack) {
  for (int i = 0; i < 3; ++i) series({{"__name__", "a"}, {"x", std::to_string(i)}}, {1.0 * i});
  const json cut = json::parse(get("/api/v1/query", {{"query", "a"}, {"limit", "2"}}));
  EXPECT_EQ(2U, cut["data"]["result"].size());
  EXPECT_EQ(json({"results truncated due to limit"}), cut["warnings"]);
  EXPECT_FALSE(json::parse(get("/api/v1/query", {{"query", "a"}, {"limit", "3"}})).contains("warnings"));
  EXPECT_EQ(2U, json::parse(get("/api/v1/series", {{"match[]", "a"}, {"limit", "2"}}))["data"].size());
  EXPECT_EQ(json({"results truncated due to limit"}), json::parse(get("/api/v1/labels", {{"limit", "1"}}))["warnings"]);
  const std::string later = std::to_string(lab::kNow / 1000 + 600);
  EXPECT_EQ(0U, json::parse(get("/api/v1/query", {{"query", "a"}, {"time", later}}))["data"]["result"].size());
  EXPECT_EQ(
      3U,
      json::parse(get("/api/v1/query", {{"query", "a"}, {"time", later}, {"lookback_delta", "11m"}}))["data"]["result"].size());
  const json strange = json::parse(get("/api/v1/query", {{"query", "quantile(2, a)"}}));
  ASSERT_EQ(1U, strange["warnings"].size()) << strange;
  EXPECT_THAT(strange["warnings"][0].get<std::string>(), StartsWith("PromQL warning: "));
  const json stats = json::parse(get("/api/v1/query", {{"query", "a"}, {"stats", "all"}}));
  EXPECT_TRUE(stats["data"]["stats"]["timings"]["evalTotalTime"].is_number()) << stats;
}

TEST_F(Prometheus, TellsSeriesAndLabels) {
  series({{"__name__", "a"}, {"device", "db1"}}, {1, 2});
  series({{"__name__", "a"}, {"device", "db2"}, {"port", "1"}}, {1, 2});
  series({{"__name__", "ifInErrors"}, {"device", "db1"}}, {1, 2});
  series({{"__name__", "b_total"}, {"device", "db3"}}, {1, 2});
  EXPECT_EQ(
      "{\"status\":\"success\",\"data\":[{\"__name__\":\"a\",\"device\":\"db1\"},{\"__name__\":\"a\",\"device\":\"db2\",\"port\":"
      "\"1\"},{\"__name__\":\"ifInErrors\",\"device\":\"db1\"}]}",
      get("/api/v1/series", {{"match[]", "a"}, {"match[]", "{device=\"db1\"}"}}));
  EXPECT_EQ("{\"status\":\"success\",\"data\":[]}", post("/api/v1/series", {{"match[]", "c"}}));
  EXPECT_EQ("{\"status\":\"success\",\"data\":[]}",
            get("/api/v1/series", {{"match[]", "a"}, {"start", "1"}, {"end", std::to_string(lab::kNow / 1000 - 3600)}}));
  EXPECT_EQ("{\"status\":\"success\",\"data\":[\"__name__\",\"device\",\"port\"]}", get("/api/v1/labels"));
  EXPECT_EQ("{\"status\":\"success\",\"data\":[\"__name__\",\"device\"]}", post("/api/v1/labels", {{"match[]", "b_total"}}));
  EXPECT_EQ("{\"status\":\"success\",\"data\":[\"a\",\"b_total\",\"ifInErrors\"]}", get("/api/v1/label/__name__/values"));
  EXPECT_EQ("{\"status\":\"success\",\"data\":[\"db1\",\"db2\"]}", get("/api/v1/label/device/values", {{"match[]", "a"}}));
  EXPECT_EQ("{\"status\":\"success\",\"data\":[]}", get("/api/v1/label/nothing/values"));
  EXPECT_EQ("{\"status\":\"success\",\"data\":[]}", get("/api/v1/labels", {{"start", "9999999990"}, {"end", "9999999999"}}));
  EXPECT_EQ("{\"status\":\"success\",\"data\":[]}",
            get("/api/v1/label/device/values", {{"start", "9999999990"}, {"end", "9999999999"}}));
  series({{"__name__", "a"}, {"with.dots_und온", "v"}}, {1, 2});
  EXPECT_EQ("{\"status\":\"success\",\"data\":[\"v\"]}", get("/api/v1/label/U__with_2e_dots__und_c628_/values"));
  EXPECT_EQ(
      "{\"status\":\"success\",\"data\":{\"a\":[{\"type\":\"gauge\",\"help\":\"\",\"unit\":\"\"}],\"b_total\":[{\"type\":"
      "\"counter\",\"help\":\"\",\"unit\":\"\"}],\"ifInErrors\":[{\"type\":\"counter\",\"help\":\"Errors\",\"unit\":\"packets\"}]"
      "}}",
      get("/api/v1/metadata"));
  EXPECT_EQ("{\"status\":\"success\",\"data\":{\"a\":[{\"type\":\"gauge\",\"help\":\"\",\"unit\":\"\"}]}}",
            get("/api/v1/metadata", {{"metric", "a"}}));
  EXPECT_EQ("{\"status\":\"success\",\"data\":[]}",
            get("/api/v1/query_exemplars", {{"query", "a"}, {"start", "1"}, {"end", "2"}}));
  EXPECT_EQ("{\"status\":\"success\",\"data\":\"sum by (job) (rate(x[5m]))\"}",
            get("/api/v1/format_query", {{"query", "sum(rate(x[5m])) by(job)"}}));
  const json build = json::parse(get("/api/v1/status/buildinfo"))["data"];
  for (const char* key : {"version", "revision", "branch", "buildUser", "buildDate", "goVersion"})
    EXPECT_TRUE(build.contains(key)) << key;
}

TEST_F(Prometheus, FederatesTheNewestSamples) {
  series({{"__name__", "b"}, {"device", "db1"}, {"text", "a\"b\\c\nd"}}, {1, 1e6});
  series({{"__name__", "b"}, {"device", "db1"}, {"instance", "here"}}, {1, std::nan("")});
  series({{"__name__", "a:rate"}}, {0.5});
  series({{"__name__", "gone"}}, {1, stale_marker()});
  EXPECT_EQ(
      "# TYPE a:rate untyped\na:rate{instance=\"\"} 0.5 1795395723456\n# TYPE b untyped\n"
      "b{device=\"db1\",instance=\"here\"} NaN 1795395723456\n"
      "b{device=\"db1\",text=\"a\\\"b\\\\c\\nd\",instance=\"\"} 1e+06 1795395723456\n",
      get("/federate", {{"match[]", "{__name__=~\".+\"}"}, {"match[]", "b"}}));
  EXPECT_EQ("", get("/federate"));
  EXPECT_THAT(get("/federate", {{"match[]", "a{"}}, 400), HasSubstr("parse error"));
  lab.clock.advance(std::chrono::minutes(6));
  EXPECT_EQ("", get("/federate", {{"match[]", "b"}}));
}

TEST_F(Prometheus, TellsItemsAsRulesAndAlarmsAsAlerts) {
  rule::ItemSpec item{.name = "cpu_usage",
                      .title = {.en = "CPU usage", .ko = {}},
                      .expr_text = "avg by (device) (cpu)",
                      .expr = *query::parse("avg by (device) (cpu)"),
                      .levels = {{.severity = Severity::Danger, .limit = 80, .hold = Millis(60'000)},
                                 {.severity = Severity::Fatal, .limit = 95.5}},
                      .why = "It hurts."};
  lab.rules = {{std::make_shared<const rule::ItemSpec>(item), time_from_ms(lab::kNow), false}};
  lab.alarms.list = {{.id = 1,
                      .item = "cpu_usage",
                      .title = "CPU usage",
                      .labels = {{"device", "db1"}},
                      .device = "db1",
                      .level = Severity::Fatal,
                      .value = 97.5,
                      .why = "It hurts.",
                      .since = time_from_ms(lab::kNow - 60'000)}};
  const std::string alert =
      "{\"labels\":{\"alertname\":\"cpu_usage\",\"device\":\"db1\",\"severity\":\"fatal\"},\"annotations\":{\"description\":\"It "
      "hurts.\",\"summary\":\"CPU "
      "usage\"},\"state\":\"firing\",\"activeAt\":\"2026-11-23T01:01:03.456Z\",\"value\":\"9.75e+01\"}";
  EXPECT_EQ("{\"status\":\"success\",\"data\":{\"alerts\":[" + alert + "]}}", get("/api/v1/alerts"));
  const std::string rest =
      "\"annotations\":{\"description\":\"It hurts.\",\"summary\":\"CPU "
      "usage\"},\"alerts\":[%],\"health\":\"ok\",\"evaluationTime\":0,"
      "\"lastEvaluation\":\"2026-11-23T01:02:03.456Z\",\"type\":\"alerting\"}";
  const auto with = [&](std::string alerts) { return std::string(rest).replace(rest.find('%'), 1, alerts); };
  EXPECT_EQ(
      "{\"status\":\"success\",\"data\":{\"groups\":[{\"name\":\"cpu_usage\",\"file\":\"items\",\"rules\":["
      "{\"state\":\"inactive\",\"name\":\"cpu_usage\",\"query\":\"(avg by (device) (cpu)) > "
      "80\",\"duration\":60,\"keepFiringFor\":0,\"labels\":{\"severity\":\"danger\"}," +
          with("") +
          ",{\"state\":\"firing\",\"name\":\"cpu_usage\",\"query\":\"(avg by (device) (cpu)) > "
          "95.5\",\"duration\":0,\"keepFiringFor\":0,\"labels\":{\"severity\":\"fatal\"}," +
          with(alert) + "],\"interval\":30,\"limit\":0,\"evaluationTime\":0,\"lastEvaluation\":\"2026-11-23T01:02:03.456Z\"}]}}",
      get("/api/v1/rules"));
  EXPECT_THAT(get("/api/v1/rules", {{"type", "record"}}), HasSubstr("\"groups\":[]"));
  EXPECT_THAT(get("/api/v1/rules", {{"rule_name[]", "other"}}), HasSubstr("\"groups\":[]"));
  EXPECT_THAT(get("/api/v1/rules", {{"exclude_alerts", "true"}}), Not(HasSubstr("activeAt")));
  EXPECT_THAT(get("/api/v1/rules", {{"type", "wrong"}}, 400), HasSubstr("bad_data"));
}

TEST_F(Prometheus, ABigAnswerComesInPieces) {
  for (int i = 0; i < 40; ++i) series({{"__name__", "a"}, {"x", std::to_string(i)}}, {1.5, 2.25}, 600 * kSecond);
  const std::string target =
      httplib::append_query_params("/prometheus/api/v1/query_range", {{"query", "a"},
                                                                      {"start", std::to_string(lab::kNow / 1000 - 600)},
                                                                      {"end", std::to_string(lab::kNow / 1000)},
                                                                      {"step", "0.5"}});
  const auto whole = http().Get(target);
  ASSERT_TRUE(whole);
  EXPECT_EQ("chunked", whole->get_header_value("Transfer-Encoding"));
  EXPECT_EQ("", whole->get_header_value("Content-Length"));
  const json parsed = json::parse(whole->body);
  ASSERT_EQ(40U, parsed["data"]["result"].size());
  EXPECT_EQ(600U, parsed["data"]["result"][39]["values"].size());
  // A client that knows no chunks gets the same octets up to the end of the connection.
  lab::Wire old(lab.port());
  old.send("GET " + target + " HTTP/1.0\r\n\r\n");
  const std::string answer = old.rest();
  EXPECT_THAT(answer, Not(HasSubstr("chunked")));
  EXPECT_EQ(whole->body, answer.substr(answer.find("\r\n\r\n") + 4));
  // The head alone, and the connection goes on.
  lab::Wire wire(lab.port());
  wire.send("HEAD " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + lab::get("/healthz"));
  EXPECT_THAT(wire.answer(), HasSubstr("chunked"));
  EXPECT_THAT(wire.answer(), HasSubstr("{\"status\":\"ok\"}"));
}

TEST_F(Prometheus, ManyReadersOfPiecesAtOnce) {
  for (int i = 0; i < 20; ++i) series({{"__name__", "a"}, {"x", std::to_string(i)}}, {1.5, 2.25}, 600 * kSecond);
  http();
  const std::string target =
      httplib::append_query_params("/prometheus/api/v1/query_range", {{"query", "a"},
                                                                      {"start", std::to_string(lab::kNow / 1000 - 600)},
                                                                      {"end", std::to_string(lab::kNow / 1000)},
                                                                      {"step", "0.5"}});
  const std::string first = http().Get(target)->body;
  std::vector<std::future<std::string>> readers;
  for (int i = 0; i < 8; ++i) {
    readers.push_back(std::async(std::launch::async, [&] {
      httplib::Client mine("127.0.0.1", lab.port());
      const auto answer = mine.Get(target);
      return answer ? answer->body : std::string("none");
    }));
  }
  for (auto& reader : readers) EXPECT_EQ(first, reader.get());
}

}  // namespace bongsu::http
