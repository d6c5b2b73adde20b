// SPDX-License-Identifier: Apache-2.0
// Prometheus' API of the whole daemon: beside the real Prometheus over the same data, and in the calls that Grafana's stock
// data source makes.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <httplib.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "../http/write_request.h"
#include "e2e/daemon.h"
#include "interop/snmpd.h"

namespace bongsu::e2e {
namespace {

using http::SentSeries;
using Json = nlohmann::json;
using testing::HasSubstr;

constexpr const char* kPrometheus = "/usr/bin/prometheus";

// A port that nobody has now.
int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  EXPECT_EQ(0, ::bind(fd, reinterpret_cast<sockaddr*>(&at), size));
  EXPECT_EQ(0, ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size));
  ::close(fd);
  return ntohs(at.sin_port);
}

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string seconds(std::int64_t ms) {
  char room[32];
  std::snprintf(room, sizeof room, "%.3f", static_cast<double>(ms) / 1000);
  return room;
}

std::string config_of(const Folder& folder, const std::string& more) {
  return "data: " + (folder.path() / "data").string() + "\nhttp: {listen: \"127.0.0.1:0\"}\nsyslog: {udp: [\"127.0.0.1:0\"]}\n" +
         more;
}

struct Asked {
  std::string path;
  httplib::Params params{};
};

// Series stand in an order of their own in an instant answer; elsewhere the order is part of it.
Json in_order(Json answer) {
  if (answer.contains("data") && answer["data"].is_object() && answer["data"].value("resultType", "") == "vector")
    std::sort(answer["data"]["result"].begin(), answer["data"]["result"].end());
  answer.erase("error");  // the words are our own
  return answer;
}

}  // namespace

TEST(Prometheus, AnswersAsTheRealOneOctetByOctet) {
  if (::access(kPrometheus, X_OK) != 0) GTEST_SKIP() << "prometheus is not installed";
  const Folder folder;
  const int port = free_port();
  Daemon real({kPrometheus, "--config.file=" + folder.write("prometheus.yml", "global: {scrape_interval: 1h}\n").string(),
               "--storage.tsdb.path=" + (folder.path() / "tsdb").string(),
               "--web.listen-address=127.0.0.1:" + std::to_string(port), "--web.enable-remote-write-receiver",
               "--log.level=warn"});
  Daemon daemon({"bongsu", "serve", "--config", folder.write("bongsu.yaml", config_of(folder, "")).string()});
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  httplib::Client theirs("127.0.0.1", port);
  httplib::Client ours(daemon.url());
  ASSERT_TRUE(eventually([&] {
    const auto ready = theirs.Get("/-/ready");
    return ready && ready->status == 200;
  })) << real.printed();

  // Twenty minutes, a sample each 15 s, on times that end in .250 s.
  const std::int64_t last = now_ms() / 15'000 * 15'000 - 30'000 + 250;
  const std::int64_t first = last - 80 * 15'000;
  std::vector<SentSeries> all;
  const auto add = [&](std::vector<std::pair<std::string, std::string>> labels, auto value) {
    SentSeries series{std::move(labels), {}};
    for (int i = 0; i <= 80; ++i) series.samples.emplace_back(first + i * 15'000, value(i));
    all.push_back(std::move(series));
  };
  add({{"__name__", "big"}, {"device", "a"}}, [](int) { return 1e21; });
  add({{"__name__", "counter_total"}, {"device", "a"}}, [](int i) { return 1000.0 * (i % 50); });
  add({{"__name__", "counter_total"}, {"device", "b"}}, [](int i) { return 64.0 * i; });
  add({{"__name__", "gauge"}, {"device", "a"}, {"text", "with \"quotes\", \\ and \n"}}, [](int i) { return i * 0.1 - 3; });
  add({{"__name__", "gauge"}, {"device", "b"}, {"text", "봉수"}}, [](int i) { return i % 2 ? std::nan("") : 5e-8; });
  add({{"__name__", "infinite"}}, [](int i) { return i % 2 ? HUGE_VAL : -HUGE_VAL; });
  const std::string body = http::packed(http::write_request(all));
  const httplib::Headers fields{{"Content-Encoding", "snappy"}, {"X-Prometheus-Remote-Write-Version", "0.1.0"}};
  const auto taken_theirs = theirs.Post("/api/v1/write", fields, body, "application/x-protobuf");
  ASSERT_TRUE(taken_theirs);
  ASSERT_EQ(204, taken_theirs->status) << taken_theirs->body;
  const auto taken_ours = ours.Post("/prometheus/api/v1/write", fields, body, "application/x-protobuf");
  ASSERT_TRUE(taken_ours);
  ASSERT_EQ(204, taken_ours->status) << taken_ours->body;

  const std::string at = seconds(last - 100'123), from = seconds(last - 600'037), to = seconds(last - 60'037);
  std::vector<Asked> questions;
  const auto instant = [&](std::string query) {
    questions.push_back({"/api/v1/query", {{"query", std::move(query)}, {"time", at}}});
  };
  const auto range = [&](std::string query, std::string step) {
    questions.push_back(
        {"/api/v1/query_range", {{"query", std::move(query)}, {"start", from}, {"end", to}, {"step", std::move(step)}}});
  };
  for (const char* query : {"big",
                            "gauge",
                            "gauge{device=\"b\"}",
                            "infinite",
                            "nothing",
                            "1",
                            "1e6",
                            "1e21",
                            "1/0",
                            "0/0",
                            "-1/0",
                            "-0.5e-9",
                            "time()",
                            "\"a \\\"text\\\" \\n 봉수\"",
                            "gauge[1m]",
                            "counter_total[40s]",
                            "sum(counter_total)",
                            "sum by (device) (counter_total)",
                            "rate(counter_total[5m])",
                            "increase(counter_total[2m])",
                            "topk(1, counter_total)",
                            "sort_desc(counter_total)",
                            "count_values(\"v\", big)",
                            "vector(1)",
                            "counter_total > 1",
                            "counter_total * on (device) group_left gauge",
                            "absent(nothing{a=\"b\"})",
                            "label_replace(big, \"x\", \"$1y\", \"device\", \"(.*)\")",
                            "counter_total offset 1m",
                            "max_over_time(gauge[3m])",
                            "timestamp(big)",
                            "day_of_week()"})
    instant(query);
  for (const char* query :
       {"gauge", "counter_total", "infinite", "nothing", "1", "time()", "rate(counter_total[1m])", "sum(counter_total)",
        "sum_over_time(counter_total[2m])", "counter_total > 2000", "topk(1, counter_total)"}) {
    range(query, "15");
    range(query, "37s");
    range(query, "0.5");
  }
  for (const char* path :
       {"/api/v1/labels", "/api/v1/label/device/values", "/api/v1/label/nothing/values", "/api/v1/label/__name__/values"})
    questions.push_back({path});
  questions.push_back({"/api/v1/labels", {{"match[]", "gauge"}}});
  questions.push_back({"/api/v1/label/device/values", {{"match[]", "big"}}});
  questions.push_back({"/api/v1/series", {{"match[]", "gauge"}, {"match[]", "big"}}});
  questions.push_back({"/api/v1/series", {{"match[]", "nothing"}}});
  questions.push_back({"/api/v1/query_exemplars", {{"query", "gauge"}, {"start", from}, {"end", to}}});
  questions.push_back({"/api/v1/format_query", {{"query", "sum(rate(counter_total[5m])) by (device)"}}});
  // Faults: all but the words.
  instant("sum(");
  instant("");
  instant("gauge + on (device) group_left counter_total + on () gauge");
  questions.push_back({"/api/v1/query", {{"query", "1"}, {"time", "soon"}}});
  questions.push_back({"/api/v1/query", {{"query", "1"}, {"timeout", "x"}}});
  range("gauge[1m]", "15");
  range("1", "0");
  range("1", "x");
  questions.push_back({"/api/v1/query_range", {{"query", "1"}, {"start", "0"}, {"end", "11001"}, {"step", "1"}}});
  questions.push_back({"/api/v1/query_range", {{"query", "1"}, {"start", "2"}, {"end", "1"}, {"step", "1"}}});
  questions.push_back({"/api/v1/series"});
  questions.push_back({"/api/v1/series", {{"match[]", "{}"}}});
  questions.push_back({"/api/v1/labels", {{"match[]", "a{"}}});

  int exact = 0;
  for (const Asked& question : questions) {
    SCOPED_TRACE(question.path + " " + Json(question.params).dump());
    const std::string target = httplib::append_query_params(question.path, question.params);
    const auto want = theirs.Get(target);
    ASSERT_TRUE(want);
    for (const bool as_form : {false, true}) {
      // What Prometheus takes by GET alone.
      if (as_form && (question.path.starts_with("/api/v1/label/"))) continue;
      const auto have = as_form ? ours.Post("/prometheus" + question.path, question.params) : ours.Get("/prometheus" + target);
      ASSERT_TRUE(have);
      EXPECT_EQ(want->status, have->status) << want->body << '\n' << have->body;
      EXPECT_EQ(want->get_header_value("Content-Type"), have->get_header_value("Content-Type"));
      if (want->body == have->body) {
        ++exact;
        continue;
      }
      const bool same = in_order(Json::parse(want->body)) == in_order(Json::parse(have->body));
      EXPECT_TRUE(same) << want->body.substr(0, 1'000) << '\n' << have->body.substr(0, 1'000);
      // Octet by octet but for the order, and the words of a fault.
      if (want->status == 200) {
        EXPECT_EQ(want->body.size(), have->body.size());
      }
    }
  }
  EXPECT_GE(exact, 100) << "of " << 2 * questions.size();

  const httplib::Params federated{{"match[]", "{__name__=~\"gauge|big|infinite\"}"}, {"match[]", "counter_total"}};
  const auto want = theirs.Get(httplib::append_query_params("/federate", federated));
  const auto have = ours.Get(httplib::append_query_params("/prometheus/federate", federated));
  ASSERT_TRUE(want && have);
  EXPECT_EQ(want->body, have->body);
  EXPECT_EQ(want->get_header_value("Content-Type"), have->get_header_value("Content-Type"));
}

namespace {

// The data source's own requests: a form where the end point takes one, else GET.
class Grafana {
 public:
  explicit Grafana(const std::string& url) : client_(url) {}
  Json form(const std::string& path, const httplib::Params& params) {
    return parsed(path, client_.Post("/prometheus/" + path, params));
  }
  Json get(const std::string& path, const httplib::Params& params = {}) {
    return parsed(path, client_.Get(httplib::append_query_params("/prometheus/" + path, params)));
  }

 private:
  static Json parsed(const std::string& path, const httplib::Result& answer) {
    if (!answer) return ADD_FAILURE() << path << ": no answer", Json();
    EXPECT_EQ(200, answer->status) << path << answer->body;
    EXPECT_EQ("application/json", answer->get_header_value("Content-Type"));
    const Json json = Json::parse(answer->body, nullptr, false);
    EXPECT_EQ("success", json.value("status", "")) << path << answer->body;
    return json.is_object() && json.contains("data") ? json["data"] : Json();
  }
  httplib::Client client_;
};

bool holds(const Json& list, const std::string& text) { return std::find(list.begin(), list.end(), Json(text)) != list.end(); }

}  // namespace

TEST(Grafana, SavesExploresAndFillsVariablesOfARealDevice) {
  if (!interop::Snmpd::program()) GTEST_SKIP() << "snmpd is not installed";
  const auto snmpd = interop::Snmpd::start();
  ASSERT_TRUE(snmpd) << snmpd.error().text;
  const Folder folder;
  const std::string device = "127.0.0.1:" + std::to_string((*snmpd)->port());
  const std::string devices =
      "credentials:\n  office: {version: 2c, community: public}\ndefaults: {interval: 1s, timeout: 500ms, retries: "
      "1}\ndevices:\n  - {name: web1, address: "
      "\"" +
      device + "\"}\n";
  Daemon daemon({"bongsu", "serve", "--config", folder.write("bongsu.yaml", config_of(folder, devices)).string()});
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
  Grafana grafana(daemon.url());

  // Save & test.
  EXPECT_EQ(Json::parse(R"({"resultType":"scalar","result":[4,"2"]})"),
            grafana.form("api/v1/query", {{"query", "1+1"}, {"time", "4"}}));
  const Json build = grafana.get("api/v1/status/buildinfo");
  EXPECT_FALSE(build.contains("features"));  // else it would take us for Mimir
  EXPECT_GE(build["version"].get<std::string>(), "2.24.0");

  // Until two polls are there, so that a rate has something to go by.
  const auto span = [](std::string query) {
    const std::int64_t now = now_ms();
    return httplib::Params{{"query", std::move(query)}, {"start", seconds(now - 300'000)}, {"end", seconds(now)}, {"step", "15"}};
  };
  ASSERT_TRUE(eventually([&] {
    const Json rate = grafana.form("api/v1/query_range", span("rate(interface_receive_bytes_total{interface=\"lo\"}[1m])"));
    return rate.is_object() && !rate["result"].empty();
  })) << daemon.printed();

  // Processors are known by the growth of counters that snmpd renews every 5 s.
  ASSERT_TRUE(eventually([&] {
    const Json cpu = grafana.form("api/v1/query", {{"query", "cpu_usage_percent"}, {"time", seconds(now_ms())}});
    return cpu.is_object() && !cpu["result"].empty();
  })) << daemon.printed();

  // Explore: the query's editor fills itself, then runs the query over time and at its end.
  const std::int64_t now = now_ms();
  const httplib::Params window{{"start", std::to_string(now / 1000 - 300)}, {"end", std::to_string(now / 1000 + 1)}};
  const auto with = [&](httplib::Params more) {
    more.insert(window.begin(), window.end());
    return more;
  };
  EXPECT_TRUE(holds(grafana.get("api/v1/label/__name__/values", window), "cpu_usage_percent"));
  EXPECT_TRUE(holds(grafana.form("api/v1/labels", window), "device"));
  const Json metadata = grafana.get("api/v1/metadata", {{"limit", "40000"}});
  EXPECT_EQ("counter", metadata["interface_receive_bytes_total"][0]["type"]);
  EXPECT_EQ("gauge", metadata["cpu_usage_percent"][0]["type"]);
  EXPECT_EQ("percent", metadata["cpu_usage_percent"][0]["unit"]);
  const Json series = grafana.form("api/v1/series", with({{"match[]", "load1"}}));
  ASSERT_EQ(1U, series.size()) << series;
  EXPECT_EQ("web1", series[0]["device"]);
  const Json drawn = grafana.form("api/v1/query_range", span("memory_used_percent{device=\"web1\"}"));
  EXPECT_EQ("matrix", drawn["resultType"]);
  ASSERT_FALSE(drawn["result"].empty());
  const Json& point = drawn["result"][0]["values"][0];
  EXPECT_TRUE(point[0].is_number());
  EXPECT_TRUE(point[1].is_string());
  EXPECT_EQ(Json::array(), grafana.form("api/v1/query_exemplars", span("memory_used_percent")));
  EXPECT_EQ("vector", grafana.form("api/v1/query", {{"query", "load1"}, {"time", seconds(now_ms())}})["resultType"]);
  EXPECT_EQ("sum by (device) (load1)", grafana.get("api/v1/format_query", {{"query", "sum(load1) by(device)"}}));

  // A dashboard's variables: label_values(device), label_values(metric, label), label_names(), metrics(), query_result().
  EXPECT_EQ(Json({"web1"}), grafana.get("api/v1/label/device/values", window));
  const Json ports = grafana.get("api/v1/label/interface/values", with({{"match[]", "interface_oper_up{device=\"web1\"}"}}));
  EXPECT_TRUE(holds(ports, "lo")) << ports;
  EXPECT_EQ("vector",
            grafana.form("api/v1/query", {{"query", "topk(3, interface_oper_up)"}, {"time", seconds(now_ms())}})["resultType"]);

  // Alert list, and rules as hints.
  const Json rules = grafana.get("api/v1/rules");
  ASSERT_FALSE(rules["groups"].empty());
  for (const char* key : {"state", "name", "query", "duration", "labels", "annotations", "alerts", "health", "type"})
    EXPECT_TRUE(rules["groups"][0]["rules"][0].contains(key)) << key;
  EXPECT_TRUE(grafana.get("api/v1/alerts")["alerts"].is_array());

  // An existing Prometheus scrapes the device through us, and only such as are configured.
  httplib::Client client(daemon.url());
  client.set_read_timeout(60);
  const auto scraped = client.Get("/snmp?target=web1");
  ASSERT_TRUE(scraped);
  ASSERT_EQ(200, scraped->status) << scraped->body;
  EXPECT_EQ("text/plain; version=0.0.4; charset=utf-8", scraped->get_header_value("Content-Type"));
  for (const char* text : {"# TYPE load1 gauge\nload1 ", "# TYPE interface_receive_bytes_total counter\n", "interface=\"lo\"",
                           "snmp_scrape_duration_seconds "})
    EXPECT_THAT(scraped->body, HasSubstr(text));
  EXPECT_THAT(scraped->body, testing::Not(HasSubstr("device=")));
  const auto by_address = client.Get("/snmp?target=" + device + "&module=nothing");
  ASSERT_TRUE(by_address);
  EXPECT_EQ(400, by_address->status);
  EXPECT_THAT(by_address->body, HasSubstr("a module is one of the "));
  const auto stranger = client.Get("/snmp?target=192.0.2.1");
  ASSERT_TRUE(stranger);
  EXPECT_EQ(400, stranger->status);
  EXPECT_THAT(stranger->body, HasSubstr("devices:"));

  // And the command line asks the same way.
  const auto asks = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"bongsu", "query", "--url", daemon.url()};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  const Ran table = asks({"load1"});
  EXPECT_EQ(0, table.code) << table.err;
  EXPECT_THAT(table.out, testing::MatchesRegex("METRIC +device +VALUE\nload1 +web1 +[0-9.]+\n"));
  const Ran trend = asks({"snmp_up", "--range", "10m", "--step", "10s"});
  EXPECT_EQ(0, trend.code) << trend.err;
  EXPECT_THAT(trend.out, HasSubstr("TREND"));
  EXPECT_THAT(trend.out, HasSubstr("▅"));
  const Ran csv = asks({"snmp_up", "--csv"});
  EXPECT_THAT(csv.out, testing::StartsWith("__name__,device,"));
  EXPECT_THAT(csv.out, testing::EndsWith(",1\r\n"));
  EXPECT_EQ("vector", Json::parse(asks({"snmp_up", "--json"}).out)["data"]["resultType"]);
  EXPECT_EQ("2\n", asks({"1+1"}).out);
  EXPECT_EQ("no series\n", asks({"nothing"}).out);
  const Ran wrong = asks({"sum(load1"});
  EXPECT_EQ(2, wrong.code);
  EXPECT_THAT(wrong.err, HasSubstr("1:10: parse error"));
  EXPECT_THAT(wrong.err, HasSubstr("\n  sum(load1\n           ^\n"));
  EXPECT_EQ(2, asks({"load1", "--step", "1m"}).code);
  EXPECT_EQ(2, asks({"load1", "--range", "x"}).code);
  EXPECT_EQ(1, run({"bongsu", "query", "--url", "http://127.0.0.1:1", "1"}).code);
  EXPECT_EQ(1, asks({"load1 + on () group_left interface_oper_up"}).code);
}

}  // namespace bongsu::e2e
