// SPDX-License-Identifier: Apache-2.0
// Remote write into a real store, and a device's values for another Prometheus.
#include "http/remote_write.h"

#include <gmock/gmock.h>
#include <httplib.h>

#include <atomic>
#include <cmath>
#include <latch>

#include "folder.h"
#include "lab.h"
#include "store/store.h"
#include "write_request.h"

namespace bongsu::http {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

}  // namespace

class RemoteWrite : public testing::Test {
 protected:
  RemoteWrite() {
    store = *store::Store::open(folder.path() / "store", {}, lab.clock, lab.metrics);
    lab.source = store.get();
    lab.write.series = [this](const Labels& labels) { return store->series(labels); };
    lab.write.append = [this](std::span<const Point> points) { return store->append_counted(points); };
  }
  std::string send(const std::string& body, int status, const httplib::Headers& fields = {{"Content-Encoding", "snappy"}}) {
    if (!lab.server) lab.start();
    httplib::Client client("127.0.0.1", lab.port());
    const auto answer = client.Post("/prometheus/api/v1/write", fields, body, "application/x-protobuf");
    if (!answer) return ADD_FAILURE() << "no answer", "";
    EXPECT_EQ(status, answer->status) << answer->body;
    return answer->body;
  }
  std::vector<Series> all() {
    return *store->select(std::vector<Matcher>{{Matcher::Op::Regex, "__name__", ".+"}}, time_from_ms(0),
                          time_from_ms(lab::kNow + 86'400'000));
  }
  Folder folder;
  lab::Lab lab;
  std::unique_ptr<store::Store> store;
};

TEST_F(RemoteWrite, TakesSamplesAsTheyAre) {
  const double stale = std::bit_cast<double>(std::uint64_t{0x7ff0000000000002});
  EXPECT_EQ("", send(packed(write_request({{{{"job", "b"}, {"__name__", "up"}}, {{lab::kNow - 1'000, 1}, {lab::kNow, stale}}},
                                           {{{"__name__", "한글"}}, {{lab::kNow, -0.0}}}})),
                     204));
  const auto kept = all();
  ASSERT_EQ(2U, kept.size());
  EXPECT_EQ("up{job=\"b\"}", kept[0].labels->to_string());
  ASSERT_EQ(2U, kept[0].samples.size());
  EXPECT_EQ(time_from_ms(lab::kNow - 1'000), kept[0].samples[0].at);
  EXPECT_EQ(1, kept[0].samples[0].value);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(stale), std::bit_cast<std::uint64_t>(kept[0].samples[1].value));
  EXPECT_TRUE(std::signbit(kept[1].samples[0].value));
  EXPECT_EQ(3, lab.metric("bongsu_remote_write_samples_total"));
  EXPECT_EQ("", send(packed(""), 204));
}

TEST_F(RemoteWrite, TellsWhatItLeftOutAndKeepsTheRest) {
  send(packed(write_request({{{{"__name__", "a"}}, {{lab::kNow, 1}}}})), 204);
  const std::string told = send(packed(write_request({{{{"__name__", "a"}}, {{lab::kNow - 7'200'000, 5}, {lab::kNow + 1'000, 2}}},
                                                      {{{"job", "nameless"}}, {{lab::kNow, 1}}},
                                                      {{{"__name__", "b"}, {"x", "1"}, {"x", "2"}}, {{lab::kNow, 1}}},
                                                      {{{"__name__", "c\xff"}}, {{lab::kNow, 1}}},
                                                      {{{"__name__", "d"}}, {{lab::kNow, 4}}}})),
                                400);
  EXPECT_THAT(told, StartsWith("2 samples taken, refused: 3 invalid, 1 out_of_order"));
  EXPECT_THAT(told, HasSubstr("no metric name"));
  EXPECT_EQ(4, lab.metric("bongsu_remote_write_refused_total"));
  const auto kept = all();
  ASSERT_EQ(2U, kept.size());
  EXPECT_EQ(2U, kept[0].samples.size());
  EXPECT_EQ(4, kept[1].samples[0].value);
}

TEST_F(RemoteWrite, OneSeriesWithTooManyLabelsCostsNoOther) {
  std::vector<std::pair<std::string, std::string>> many{{"__name__", "wide"}};
  for (int i = 0; i < 130; ++i) many.emplace_back("l" + std::to_string(i), "v");
  const std::string told =
      send(packed(write_request(
               {{{{"__name__", "a"}}, {{lab::kNow, 1}}}, {many, {{lab::kNow, 1}}}, {{{"__name__", "b"}}, {{lab::kNow, 1}}}})),
           400);
  EXPECT_THAT(told, StartsWith("2 samples taken, refused: 1 invalid; the first: more than 128 labels"));
  EXPECT_EQ(2U, all().size());
}

TEST_F(RemoteWrite, RefusesWhatIsNoWriteRequest) {
  send("", 400);
  send("no snappy", 400);
  send(packed("\x0a\x05"), 400);                                                   // a series longer than the message
  send(packed(std::string("\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02")), 400);  // a length of more than 64 bits
  send(packed("\x0b"), 400);                                                       // a group
  send(packed(std::string(1, '\0')), 400);                                         // field 0
  EXPECT_THAT(send(packed(std::string(40 * 1024 * 1024, '\0')), 400), HasSubstr("unpacks to more than"));
  send("\xff\xff\xff\x07\x01", 400);  // 16 MiB, it says, in one octet
  send(packed(message(1, message(1, message(1, "__name__") + message(2, "h")) + message(4, "x"))), 400);  // a native histogram
  EXPECT_EQ(0U, all().size());
}

TEST_F(RemoteWrite, AskForTheFirstVersion) {
  lab.start();
  httplib::Client client("127.0.0.1", lab.port());
  const auto second = client.Post("/prometheus/api/v1/write", {{"Content-Encoding", "snappy"}}, packed(""),
                                  "application/x-protobuf;proto=io.prometheus.write.v2.Request");
  ASSERT_TRUE(second);
  EXPECT_EQ(415, second->status);
  const auto foreign =
      client.Post("/prometheus/api/v1/write", {{"Content-Encoding", "snappy"}, {"Origin", "http://evil.example"}}, packed(""),
                  "application/x-protobuf");
  ASSERT_TRUE(foreign);
  EXPECT_EQ(403, foreign->status);
}

TEST_F(RemoteWrite, AFullStoreIsToBeTriedAgain) {
  std::atomic<bool> full{false};
  lab.write.series = [&](const Labels& labels) -> Result<SeriesId> {
    if (full) return Error{Code::Limit, "16,000,000 series are there"};
    return store->series(labels);
  };
  lab.write.append = [](std::span<const Point>) -> Result<std::size_t> { return Error{Code::Unavailable, "disk full"}; };
  const std::string body = packed(write_request({{{{"__name__", "a"}}, {{lab::kNow, 1}}}}));
  EXPECT_THAT(send(body, 503), HasSubstr("disk full"));
  full = true;  // that does not pass by itself: no reason to send it again
  EXPECT_THAT(send(body, 400), HasSubstr("1 series_limit"));
}

TEST(Scrape, AnswersAsSnmpExporterDoes) {
  lab::Lab lab;
  lab.scrape = [](std::string_view target, std::string_view module, std::stop_token) -> Result<Scraped> {
    if (target == "dead") return Error{Code::Timeout, "dead: no answer"};
    if (target != "db1") return Error{Code::NotFound, "no configured device \"" + std::string(target) + "\""};
    return Scraped{.rows = {{"b_total", {{"if", "eth\"0\""}}, 3e6, "octets\nof all"},
                            {"a", {{"module", std::string(module)}}, 1, "first"},
                            {"b_total", {}, 2, "octets\nof all"}},
                   .seconds = 0.25,
                   .failed = 1};
  };
  lab.start();
  httplib::Client client("127.0.0.1", lab.port());
  const auto good = client.Get("/snmp?target=db1&module=ucd");
  ASSERT_TRUE(good);
  EXPECT_EQ("text/plain; version=0.0.4; charset=utf-8", good->get_header_value("Content-Type"));
  EXPECT_EQ(
      "# HELP a first\n# TYPE a gauge\na{module=\"ucd\"} 1\n"
      "# HELP b_total octets\\nof all\n# TYPE b_total counter\nb_total{if=\"eth\\\"0\\\"\"} 3e+06\nb_total 2\n"
      "# HELP snmp_scrape_duration_seconds How long the device took to answer all of it.\n"
      "# TYPE snmp_scrape_duration_seconds gauge\nsnmp_scrape_duration_seconds 0.25\n"
      "# HELP snmp_scrape_failed_tables Tables that gave nothing.\n"
      "# TYPE snmp_scrape_failed_tables gauge\nsnmp_scrape_failed_tables 1\n",
      good->body);
  EXPECT_EQ(400, client.Get("/snmp")->status);
  EXPECT_EQ(400, client.Get("/snmp?target=db1&target=db2")->status);
  EXPECT_EQ(400, client.Get("/snmp?target=192.0.2.1")->status);
  EXPECT_EQ(500, client.Get("/snmp?target=dead")->status);
}

// Both kinds of slow work at once: those who only look at the page do not notice, and who goes away is told to the work.
TEST(Lanes, SlowWorkHoldsUpNobodyAndEndsWithItsClient) {
  lab::Lab lab;
  std::latch busy(3);
  lab.options.scrape_workers = 3;
  lab.scrape = [&](std::string_view, std::string_view, std::stop_token gone) -> Result<Scraped> {
    busy.count_down();
    while (!gone.stop_requested()) std::this_thread::yield();
    return Error{Code::Cancelled, "the asker went away"};
  };
  lab.start();
  std::vector<std::unique_ptr<lab::Wire>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<lab::Wire>(lab.port()));
    clients.back()->send(lab::get("/snmp?target=db1"));
  }
  busy.wait();
  lab::Wire other(lab.port());
  for (const char* path : {"/healthz", "/prometheus/api/v1/query?query=1", "/"}) {
    other.send(lab::get(path));
    EXPECT_EQ(200, lab::status_of(other.answer())) << path;
  }
  clients.pop_back();
  lab.wait_for("bongsu_http_clients_gone_total", 1);
  lab.server.reset();  // and the other two with the server
}

}  // namespace bongsu::http
