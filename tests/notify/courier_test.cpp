// SPDX-License-Identifier: Apache-2.0
// libcurl against sinks on loopback that answer, refuse, hang, redirect, flood and close early.
#include "notify/courier.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <future>
#include <thread>

namespace bongsu::notify {
namespace {

class Sink {
 public:
  Sink() {
    server_.Post("/ok", [this](const httplib::Request& request, httplib::Response& response) {
      body = request.body;
      header = request.get_header_value("X-Test");
      response.set_content("fine", "text/plain");
    });
    server_.Post("/busy", [](const httplib::Request&, httplib::Response& response) {
      response.status = 429;
      response.set_header("Retry-After", "17");
      response.set_content("slow down", "text/plain");
    });
    server_.Post("/away", [](const httplib::Request&, httplib::Response& response) { response.set_redirect("/ok"); });
    server_.Post("/flood", [](const httplib::Request&, httplib::Response& response) {
      response.set_content_provider("text/plain", [](std::size_t, httplib::DataSink& sink) {
        const std::string piece(65'536, 'x');
        return sink.write(piece.data(), piece.size());
      });
    });
    server_.Post("/hang", [this](const httplib::Request&, httplib::Response&) {
      std::unique_lock hold(mutex_);
      done_.wait(hold, [this] { return ending_; });
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
  }
  ~Sink() {
    {
      std::lock_guard hold(mutex_);
      ending_ = true;
    }
    done_.notify_all();
    server_.stop();
    thread_.join();
  }
  std::string url(std::string_view path) const { return "http://127.0.0.1:" + std::to_string(port_) + std::string(path); }
  std::string body, header;

 private:
  httplib::Server server_;
  std::mutex mutex_;
  std::condition_variable done_;
  bool ending_ = false;
  int port_ = 0;
  std::thread thread_;
};

Reply ask(Courier& courier, Request request) {
  auto answered = std::make_shared<std::promise<Reply>>();
  auto reply = answered->get_future();
  courier.send(std::move(request), [answered](Reply one) { answered->set_value(std::move(one)); });
  return reply.get();
}

TEST(CurlCourier, SendsWhatItIsGivenAndHearsTheAnswer) {
  Sink sink;
  const auto courier = CurlCourier::start().value();
  const Reply reply =
      ask(*courier, {.url = sink.url("/ok"), .headers = {{"X-Test", "1"}, {"X-Bad", "a\r\nX-Test: 2"}}, .body = "hello"});
  EXPECT_EQ(200, reply.status);
  EXPECT_EQ("fine", reply.said);
  EXPECT_EQ("hello", sink.body);
  EXPECT_EQ("1", sink.header);
}

TEST(CurlCourier, TellsRefusalsRedirectsAndFloods) {
  Sink sink;
  const auto courier = CurlCourier::start().value();
  const Reply busy = ask(*courier, {.url = sink.url("/busy")});
  EXPECT_EQ(429, busy.status);
  EXPECT_EQ("slow down", busy.said);
  EXPECT_EQ(std::chrono::seconds(17), busy.retry_after);
  EXPECT_EQ(302, ask(*courier, {.url = sink.url("/away")}).status);
  const Reply flood = ask(*courier, {.url = sink.url("/flood")});
  EXPECT_EQ(0, flood.status);
  const Reply nobody = ask(*courier, {.url = "http://127.0.0.1:1/"});
  EXPECT_EQ(0, nobody.status);
  EXPECT_FALSE(nobody.said.empty());
  EXPECT_EQ(0, ask(*courier, {.url = "file:///etc/passwd"}).status);
}

TEST(CurlCourier, OneThatHangsEndsInItsTimeAndHoldsUpNoOther) {
  Sink sink;
  const auto courier = CurlCourier::start().value();
  std::promise<Reply> hung;
  courier->send({.url = sink.url("/hang"), .timeout = Millis(1'000)}, [&](Reply reply) { hung.set_value(std::move(reply)); });
  EXPECT_EQ(200, ask(*courier, {.url = sink.url("/ok")}).status);
  const Reply reply = hung.get_future().get();
  EXPECT_EQ(0, reply.status);
  EXPECT_NE(std::string::npos, reply.said.find("timed out")) << reply.said;
}

TEST(CurlCourier, EndsWithRequestsUnderWay) {
  Sink sink;
  std::atomic<bool> heard = false;
  {
    const auto courier = CurlCourier::start().value();
    courier->send({.url = sink.url("/hang")}, [&](Reply) { heard = true; });
    EXPECT_EQ(200, ask(*courier, {.url = sink.url("/ok")}).status);
  }
  EXPECT_FALSE(heard);
}

}  // namespace
}  // namespace bongsu::notify
