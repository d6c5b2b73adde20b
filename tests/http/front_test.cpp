// SPDX-License-Identifier: Apache-2.0
// The bounds at the front: what a hostile or broken client gets, and that others do not notice.
#include <gmock/gmock.h>

#include <latch>
#include <thread>

#include "lab.h"

namespace bongsu::http {
namespace {

using lab::get;
using lab::Lab;
using lab::status_of;
using lab::Wire;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Front, AnswersAndKeepsTheConnection) {
  Lab lab;
  lab.start();
  Wire wire(lab.port());
  for (int i = 0; i < 3; ++i) {
    wire.send(get("/healthz"));
    const std::string answer = wire.answer();
    EXPECT_EQ(200, status_of(answer));
    EXPECT_THAT(answer, HasSubstr("{\"status\":\"ok\"}"));
    EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff"));
    EXPECT_THAT(answer, HasSubstr("Content-Security-Policy: default-src 'none'"));
  }
  EXPECT_EQ(1, lab.metric("bongsu_http_connections_total"));
  EXPECT_EQ(3, lab.metric("bongsu_http_responses_total"));
}

TEST(Front, ClosesWhenAskedTo) {
  Lab lab;
  lab.options.requests_per_connection = 2;
  lab.start();
  for (const char* request :
       {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "GET /healthz HTTP/1.0\r\n\r\n"}) {
    Wire wire(lab.port());
    wire.send(request);
    const std::string answer = wire.rest();
    EXPECT_EQ(200, status_of(answer)) << request;
    EXPECT_THAT(answer, HasSubstr("Connection: close"));
  }
  Wire wire(lab.port());
  wire.send(get("/healthz") + get("/healthz") + get("/healthz"));
  EXPECT_EQ(200, status_of(wire.answer()));
  EXPECT_THAT(wire.answer(), HasSubstr("Connection: close"));  // the last that one connection may ask
  EXPECT_TRUE(wire.closed());
}

TEST(Front, AnswersPipelinedRequestsInOrder) {
  Lab lab;
  lab.start();
  Wire wire(lab.port());
  const std::string ack =
      "POST /api/v1/alarms/9/ack HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
      "12\r\n\r\n{\"note\":\"x\"}";
  std::string all;
  for (int i = 0; i < 20; ++i) all += get("/healthz") + ack + get("/nothing/here");
  wire.send(all);
  for (int i = 0; i < 20; ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(200, status_of(wire.answer()));
    EXPECT_THAT(wire.answer(), HasSubstr("no alarm 9"));
    EXPECT_THAT(wire.answer(), HasSubstr("there is nothing at this path"));
  }
}

TEST(Front, AnswersAfterAHalfClose) {
  Lab lab;
  lab.start();
  Wire wire(lab.port());
  wire.send(get("/healthz"));
  wire.half_close();
  EXPECT_EQ(200, status_of(wire.rest()));
}

TEST(Front, TakesARequestOctetByOctet) {
  Lab lab;
  lab.start();
  Wire wire(lab.port());
  for (const char octet : get("/healthz")) ASSERT_TRUE(wire.send({&octet, 1}));
  EXPECT_EQ(200, status_of(wire.answer()));
}

TEST(Front, RefusesWhatIsOutOfBounds) {
  Lab lab;
  lab.start();
  std::string fields100;
  std::string fields200000;
  for (int i = 0; i < 99; ++i) fields100 += "a" + std::to_string(i) + ": 1\r\n";
  for (int i = 0; i < 200'000; ++i) fields200000 += "a: 1\r\n";
  const auto gets = [&](int status, const std::string& request) {
    SCOPED_TRACE(request.substr(0, 120));
    Wire wire(lab.port());
    wire.send(request);
    const std::string answer = wire.answer();
    EXPECT_EQ(status, status_of(answer)) << answer;
    if (status == 200) return;
    EXPECT_THAT(answer, HasSubstr("{\"error\":{\"code\":\""));
    EXPECT_THAT(answer, HasSubstr("\"hint\":\""));
    EXPECT_THAT(answer, HasSubstr("nosniff"));
    if (status != 404) {
      EXPECT_TRUE(wire.closed());
    }
  };
  const auto post = [](std::string_view fields, std::string_view body = "") {
    return "POST /api/v1/alarms/1/ack HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" + std::string(fields) +
           "\r\n" + std::string(body);
  };
  gets(200, get("/healthz", fields100));
  gets(431, get("/healthz", fields100 + "b: 1\r\n"));
  gets(431, get("/healthz", "a: " + std::string(17 * 1024, 'x') + "\r\n"));
  gets(431, get("/healthz", fields200000));
  gets(431, "GET /healthz HTTP/1.1\r\nHost: " + std::string(1'000'000, 'x'));
  gets(200, get("/?refresh=" + std::string(1'000, '0') + "9"));
  gets(414, get("/" + std::string(2'100, 'x')));
  gets(414, "GET /" + std::string(1'000'000, 'x'));
  gets(404, get("/" + std::string(2'000, 'x')));
  gets(411, post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"));
  gets(400, post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "5\r\nhello\r\n0\r\n\r\n"));
  gets(411, post("Transfer-Encoding: gzip\r\n"));
  gets(413, post("Content-Length: 1048577\r\n"));
  gets(400, post("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"));
  gets(400, post("Content-Length: 2\r\nContent-Length: 3\r\n", "{} "));
  gets(400, post("Content-Length: -1\r\n"));
  gets(400, post("Content-Length: 18446744073709551616\r\n"));
  gets(413, post("Content-Length: 18446744073709551615\r\n"));
  gets(400, post("Content-Length: 0x10\r\n"));
  gets(415, post("Content-Encoding: gzip\r\nContent-Length: 2\r\n", "{}"));
  gets(417, post("Expect: the-unexpected\r\nContent-Length: 2\r\n", "{}"));
  gets(400, "GET /healthz HTTP/1.1\r\n\r\n");
  gets(400, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: 127.0.0.1\r\n\r\n");
  gets(421, "GET /healthz HTTP/1.1\r\nHost: rebound.example\r\n\r\n");
  gets(421, "GET http://rebound.example/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  gets(400, "GET https://127.0.0.1/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  gets(400, "GET http://user@127.0.0.1/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  gets(400, "GET http:///healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  gets(400, "GET healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  gets(414, get("/healthz?" + std::string(8'100, 'x')));
  gets(405, "DELETE /api/v1/devices/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  gets(405, "PATCH /api/v1/devices/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  gets(405, "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  gets(505, "GET /healthz HTTP/1.2\r\nHost: 127.0.0.1\r\n\r\n");
  gets(505, "GET /healthz HTTP/2.0\r\nHost: 127.0.0.1\r\n\r\n");
  gets(400, "GET /healthz\r\n\r\n");
  gets(400, std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n");  // a TLS hello
  gets(400, "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nbad name: 1\r\n\r\n");
  gets(400, std::string("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\na: \x01\r\n\r\n"));
}

// RFC 9112 section 3.2.2: a server takes the absolute form, and then its host counts, not the field's.
TEST(Front, TakesAnAbsoluteTarget) {
  Lab lab;
  lab.start();
  const auto gets = [&](int status, const std::string& line, const std::string& body) {
    SCOPED_TRACE(line);
    Wire wire(lab.port());
    wire.send(line + "\r\nHost: elsewhere.example\r\n\r\n");
    const std::string answer = wire.answer();
    EXPECT_EQ(status, status_of(answer));
    EXPECT_THAT(answer, HasSubstr(body));
  };
  gets(200, "GET http://127.0.0.1/healthz HTTP/1.1", "{\"status\":\"ok\"}");
  gets(200, "GET HTTP://localhost:8642/api/v1/devices?limit=1 HTTP/1.1", "\"devices\":[]");
  gets(200, "GET http://[::1]:80 HTTP/1.1", "<title>");
  gets(200, "GET http://127.0.0.1?refresh=60 HTTP/1.1", "<title>");
}

TEST(Front, TakesABodyAtTheBound) {
  Lab lab;
  lab.options.body_octets = 100;
  lab.start();
  const auto ack = [&](std::size_t size) {
    Wire wire(lab.port());
    const std::string note(size - 11, 'n');
    wire.send("POST /api/v1/alarms/9/ack HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " +
              std::to_string(size) + "\r\n\r\n{\"note\":\"" + note + "\"}");
    return status_of(wire.answer());
  };
  EXPECT_EQ(404, ack(100));  // taken: there is no alarm 9
  EXPECT_EQ(413, ack(101));
}

TEST(Front, SaysContinueBeforeABody) {
  Lab lab;
  lab.start();
  Wire wire(lab.port());
  wire.send(
      "POST /api/v1/alarms/9/ack HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nExpect: "
      "100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_THAT(wire.answer(), StartsWith("HTTP/1.1 100 Continue\r\n"));
  wire.send("{}");
  EXPECT_EQ(404, status_of(wire.answer()));
}

TEST(Front, HidesFieldsThatHandlersMustNotTrust) {
  Lab lab;
  lab.start();
  Wire wire(lab.port());
  wire.send(
      get("/healthz",
          "Range: bytes=0-1,0-1,0-1\r\nREMOTE_ADDR: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.1\r\nAccept-Encoding: gzip, br\r\n"));
  const std::string answer = wire.answer();
  EXPECT_EQ(200, status_of(answer));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\n{\"status\":\"ok\"}\n"));
}

TEST(Front, AnswersANewClientBehindHundredsOfSlowOnes) {
  Lab lab;
  lab.start();
  std::vector<std::unique_ptr<Wire>> slow;
  for (int i = 0; i < 400; ++i) {
    slow.push_back(std::make_unique<Wire>(lab.port()));
    ASSERT_TRUE(slow.back()->send(i % 2 ? "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\na: " : "G"));
  }
  Wire wire(lab.port());
  wire.send(get("/healthz"));
  EXPECT_EQ(200, status_of(wire.answer()));
  EXPECT_EQ(0, lab.metric("bongsu_http_connections_evicted_total"));
  for (auto& one : slow) one->send("x");  // they may go on
}

TEST(Front, TheLongestWaitingGivesItsPlace) {
  Lab lab;
  lab.options.connections = 50;
  lab.options.per_address = 20;
  lab.start();
  std::vector<std::unique_ptr<Wire>> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(std::make_unique<Wire>(lab.port(), "127.0.0.2"));
    slow.back()->send("G");
  }
  Wire other(lab.port(), "127.0.0.3");
  other.send(get("/healthz"));
  EXPECT_EQ(200, status_of(other.answer()));
  Wire same(lab.port(), "127.0.0.2");  // the 21st of its address
  same.send(get("/healthz"));
  EXPECT_EQ(200, status_of(same.answer()));
  EXPECT_TRUE(slow.front()->closed());
  EXPECT_EQ(1, lab.metric("bongsu_http_connections_evicted_total"));
  slow.back()->send(get("/healthz").substr(1));
  EXPECT_EQ(200, status_of(slow.back()->answer()));
  other.send(get("/healthz"));
  EXPECT_EQ(200, status_of(other.answer()));
}

// One short limit at a time: a slow machine must not trip over another.
TEST(Front, ASlowHeadIsCutOff) {
  Lab lab;
  lab.options.head_time = Millis(50);
  lab.start();
  Wire silent(lab.port());
  Wire head(lab.port());
  head.send("GET /healthz HTTP/1.1\r\nHost:");
  EXPECT_TRUE(head.closed());
  EXPECT_TRUE(silent.closed());
  lab.wait_for("bongsu_http_timeouts_total", 2);
}

TEST(Front, ASlowBodyIsCutOff) {
  Lab lab;
  lab.options.body_time = Millis(50);
  lab.start();
  Wire body(lab.port());
  body.send("POST /api/v1/alarms/1/ack HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\n{");
  EXPECT_TRUE(body.closed());
  lab.wait_for("bongsu_http_timeouts_total", 1);
}

TEST(Front, AnIdleConnectionIsCutOff) {
  Lab lab;
  lab.options.idle_time = Millis(50);
  lab.start();
  Wire idle(lab.port());
  idle.send(get("/healthz"));
  EXPECT_EQ(200, status_of(idle.answer()));
  EXPECT_TRUE(idle.closed());
  lab.wait_for("bongsu_http_timeouts_total", 1);
}

TEST(Front, ASlowReaderIsCutOff) {
  Lab lab;
  lab.options.write_time = Millis(50);
  lab.notices.emplace_back(8 * 1024 * 1024, 'x');  // more than socket buffers hold
  lab.start();
  Wire reader(lab.port());
  reader.send(get("/api/v1/status"));
  lab.wait_for("bongsu_http_timeouts_total", 1);
  EXPECT_LT(reader.rest().size(), 8U * 1024 * 1024);
}

TEST(Front, BodiesAndAnswersUnderWayAreBounded) {
  Lab lab;
  lab.options.bodies_octets = 1'000;
  lab.options.answers_octets = 20 * 1024 * 1024;
  lab.notices.emplace_back(8 * 1024 * 1024, 'x');  // more than socket buffers hold
  lab.start();
  const std::string post =
      "POST /api/v1/alarms/1/ack HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ";
  auto first = std::make_unique<Wire>(lab.port());
  first->send(post + "900\r\n\r\n{");
  int status = 0;
  while (status != 503) {  // until the head of the first has been read
    Wire second(lab.port());
    second.send(post + "101\r\n\r\n{\"note\":\"" + std::string(90, 'n') + "\"}");
    status = status_of(second.answer());
    ASSERT_TRUE(status == 503 || status == 404) << status;
  }
  first.reset();
  while (status != 404) {  // once the first is gone there is room
    Wire third(lab.port());
    third.send(post + "2\r\n\r\n{}");
    status = status_of(third.answer());
    Wire fourth(lab.port());
    fourth.send(post + "900\r\n\r\n{\"note\":\"" + std::string(889, 'n') + "\"}");
    status = status_of(fourth.answer());
  }
  // Two of these answers fit; with a third, the reader that has been at it longest gives its place.
  std::vector<std::unique_ptr<Wire>> readers;
  for (int i = 0; i < 3; ++i) {
    readers.push_back(std::make_unique<Wire>(lab.port()));
    const double done = lab.metric("bongsu_http_responses_total");
    readers.back()->send(get("/api/v1/status"));
    while (lab.metric("bongsu_http_responses_total") == done) std::this_thread::yield();
  }
  EXPECT_EQ(1, lab.metric("bongsu_http_connections_evicted_total"));
  EXPECT_GT(readers[2]->answer().size(), 8U * 1024 * 1024);
  EXPECT_GT(readers[1]->answer().size(), 8U * 1024 * 1024);
  EXPECT_LT(readers[0]->rest().size(), 8U * 1024 * 1024);
}

TEST(Front, AFullQueueIsSaid) {
  Lab lab;
  lab.options.workers = 1;
  lab.options.queue = 1;
  std::latch busy(1);
  std::latch go(1);
  std::atomic<bool> first{true};
  lab.events.before = [&] {
    if (!first.exchange(false)) return;
    busy.count_down();
    go.wait();
  };
  lab.start();
  Wire working(lab.port());
  working.send(get("/api/v1/logs"));
  busy.wait();
  // One more waits in the queue, the third finds it full. Which of two is which, the order of arrival says: so ask until told.
  std::vector<std::unique_ptr<Wire>> more;
  for (int i = 0; i < 2; ++i) {
    more.push_back(std::make_unique<Wire>(lab.port()));
    more.back()->send(get("/api/v1/logs"));
  }
  lab.wait_for("bongsu_http_overload_total", 1);
  go.count_down();
  EXPECT_EQ(200, status_of(working.answer()));
  std::vector<int> answers{status_of(more[0]->answer()), status_of(more[1]->answer())};
  EXPECT_THAT(answers, testing::UnorderedElementsAre(200, 503));
}

TEST(Front, StopsInOrder) {
  Lab lab;
  std::latch busy(1);
  std::latch go(1);
  lab.events.before = [&] {
    busy.count_down();
    go.wait();
  };
  lab.start();
  const int port = lab.port();
  Wire working(port);
  working.send(get("/api/v1/logs"));
  busy.wait();
  Wire idle(port);
  idle.send(get("/healthz"));
  EXPECT_EQ(200, status_of(idle.answer()));
  Wire half(port);
  half.send("GET /he");
  std::thread stop([&] { lab.server.reset(); });
  EXPECT_TRUE(idle.closed());
  EXPECT_TRUE(half.closed());
  go.count_down();  // what was under way ends
  EXPECT_EQ(200, status_of(working.rest()));
  stop.join();
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_NE(0, ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to));
  ::close(fd);
}

TEST(Server, APortInUseIsNamedWithItsKey) {
  Lab lab;
  lab.start();
  Lab second;
  second.options.listen = "127.0.0.1:" + std::to_string(lab.port());
  Sources sources{.clock = second.clock,
                  .metrics = second.metrics,
                  .devices = second.devices,
                  .alarms = second.alarms,
                  .events = second.events,
                  .points = second.points};
  const auto refused = Server::start(second.options, sources);
  ASSERT_FALSE(refused);
  EXPECT_EQ(Code::Unavailable, refused.error().code);
  EXPECT_THAT(refused.error().text, HasSubstr("port " + std::to_string(lab.port()) + " is in use"));
  EXPECT_THAT(refused.error().text, HasSubstr("http.listen"));
  EXPECT_THAT(refused.error().text, HasSubstr("--http"));
  second.options.listen = "0.0.0.0:0";
  EXPECT_EQ(Code::Denied, Server::start(second.options, sources).error().code);
}

TEST(Server, ListensOnIPv6) {
  Lab lab;
  lab.options.listen = "[::1]:0";
  lab.start();
  const int fd = ::socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(static_cast<std::uint16_t>(lab.port()));
  to.sin6_addr = in6addr_loopback;
  EXPECT_EQ(0, ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to));
  ::close(fd);
}

}  // namespace
}  // namespace bongsu::http
