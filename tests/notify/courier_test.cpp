// SPDX-License-Identifier: Apache-2.0
// libcurl against sinks on loopback that answer, refuse, hang, redirect, flood and close early.
#include "notify/courier.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <future>
#include <thread>

#include "lab.h"
#include "net/live.h"
#include "notify/couriers.h"
#include "notify/local.h"
#include "snmp/codec.h"

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

// A service that gives tokens, and refuses a request without the newest.
TEST(Couriers, FetchATokenAndKeepItForItsTime) {
  httplib::Server service;
  std::atomic<int> given = 0, taken = 0;
  std::string form;
  service.Post("/token", [&](const httplib::Request& request, httplib::Response& response) {
    form = request.body;
    response.set_content("{\"access_token\":\"t" + std::to_string(++given) + "\",\"expires_in\":3600}", "application/json");
  });
  service.Post("/refused", [](const httplib::Request&, httplib::Response& response) {
    response.status = 400;
    response.set_content("{\"error\":\"invalid_grant\"}", "application/json");
  });
  service.Post("/send", [&](const httplib::Request& request, httplib::Response& response) {
    const bool newest = request.get_header_value("Authorization") == "Bearer t" + std::to_string(given) && given != 1;
    response.status = newest ? 200 : 401;
    if (newest) ++taken;
  });
  const int port = service.bind_to_any_port("127.0.0.1");
  std::thread thread([&] { service.listen_after_bind(); });
  const std::string base = "http://127.0.0.1:" + std::to_string(port);
  Metrics metrics;
  {
    const auto courier = Couriers::start(metrics).value();
    Request request{.url = base + "/send"};
    request.grant = Grant{.url = base + "/token", .form = "grant_type=x", .key = "a"};
    EXPECT_EQ(401, ask(*courier, request).status);  // the first token is not taken, and so forgotten
    EXPECT_EQ(200, ask(*courier, request).status);
    EXPECT_EQ(200, ask(*courier, request).status);
    EXPECT_EQ(2, given);
    EXPECT_EQ(2, taken);
    given = 3;  // the service forgot the token before its time: another is asked for, and nothing is lost
    EXPECT_EQ(200, ask(*courier, request).status);
    EXPECT_EQ(4, given);
    EXPECT_EQ(3, taken);
    EXPECT_EQ("grant_type=x", form);
    request.grant = Grant{.url = base + "/refused", .form = "", .key = "b"};
    const Reply refused = ask(*courier, request);
    EXPECT_EQ(400, refused.status);
    EXPECT_EQ("the service gives no token: {\"error\":\"invalid_grant\"}", refused.said);
    Request program{.kind = Request::Kind::Program, .url = "x.sh"};
    EXPECT_EQ(0, ask(*courier, program).status);
  }
  service.stop();
  thread.join();
}

// The service takes a refresh token once and gives the next with it: that is kept over a restart, and nobody reads it in an
// answer.
TEST(Couriers, KeepTheRefreshTokenThatIsGiven) {
  httplib::Server service;
  std::string next = "first&one";
  std::vector<std::string> forms;
  service.Post("/oauth/token", [&](const httplib::Request& request, httplib::Response& response) {
    forms.push_back(request.body);
    const bool known = request.get_param_value("refresh_token") == next;
    response.status = known ? 200 : 400;
    if (!known) return response.set_content("{\"error\":\"invalid_grant\"}", "application/json");
    next = "r" + std::to_string(forms.size());
    response.set_content("{\"access_token\":\"a\",\"expires_in\":30,\"refresh_token\":\"" + next + "\"}", "application/json");
  });
  service.Post("/empty", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("{\"refresh_token\":\"SECRET\"}", "application/json");
  });
  service.Post("/send", [](const httplib::Request&, httplib::Response& response) { response.status = 200; });
  const int port = service.bind_to_any_port("127.0.0.1");
  std::thread thread([&] { service.listen_after_bind(); });
  const std::string base = "http://127.0.0.1:" + std::to_string(port);
  Request request{.url = base + "/send"};
  request.grant = Grant{.url = base + "/oauth/token", .form = "grant_type=refresh_token", .key = "k", .refresh = "first&one"};
  Metrics metrics;
  KeptState state;
  for (int start = 0; start < 2; ++start) {
    StateKeeper keeper(state, metrics);
    const auto courier = Couriers::start(metrics, nullptr, {.store = &state, .keeper = &keeper}).value();
    // Each token has ended by the time it is there: the next is asked for.
    EXPECT_EQ(200, ask(*courier, request).status);
    EXPECT_EQ(200, ask(*courier, request).status);
  }
  EXPECT_EQ(
      (std::vector<std::string>{"grant_type=refresh_token&refresh_token=first%26one", "grant_type=refresh_token&refresh_token=r1",
                                "grant_type=refresh_token&refresh_token=r2", "grant_type=refresh_token&refresh_token=r3"}),
      forms);
  const auto courier = Couriers::start(metrics).value();  // without what was kept the first is too old
  EXPECT_EQ(400, ask(*courier, request).status);
  request.grant->url = base + "/empty";
  EXPECT_EQ("the service's answer holds no access_token", ask(*courier, request).said);
  service.stop();
  thread.join();
}

// Takes datagrams as a log host or a trap receiver would, and answers informs where it is to.
class Listener {
 public:
  explicit Listener(bool answers) {
    auto opened = reactor_.open({.bind = {net::Address::loopback(net::Address::Family::V4), 0}});
    EXPECT_TRUE(opened);
    socket_ = *std::move(opened);
    socket_->on_receive([this, answers](std::span<const net::Datagram> all) {
      for (const net::Datagram& one : all) {
        std::string text(one.data.begin(), one.data.end());
        snmp::Decoder decoder;
        const auto message = decoder.decode(one.data);
        if (message) {
          traps_.lock()->push_back(message->to_message());
          if (answers) {
            snmp::Encoder encoder;
            encoder.start();
            for (const snmp::VarbindView& varbind : message->varbinds) encoder.add(varbind.name, varbind.value);
            socket_->send(one.peer, encoder.finish(message->version, message->community,
                                                   {.type = snmp::PduType::Response, .request_id = message->request_id}));
          }
        }
        heard_.lock()->push_back(std::move(text));
      }
    });
    reactor_.start("listener");
  }
  ~Listener() { reactor_.stop(); }
  std::string at() const { return socket_->local().to_string(); }
  std::vector<std::string> wait_for(std::size_t many) const {
    while (heard_.lock()->size() < many) std::this_thread::yield();
    return *heard_.lock();
  }
  std::vector<snmp::Message> traps() const { return *traps_.lock(); }

 private:
  net::LiveReactor reactor_;
  std::unique_ptr<net::DatagramSocket> socket_;
  Guarded<std::vector<std::string>> heard_;
  Guarded<std::vector<snmp::Message>> traps_;
};

struct Sent {
  Spec spec;
  Message message;
  Reply by(ChannelType type, const std::string& to, Courier& courier, Millis timeout = std::chrono::seconds(10)) {
    Channel channel;
    channel.name = "out";
    channel.type = type;
    channel.url = Secret(to);
    channel.token = Secret("secret");
    channel.timeout = timeout;
    const Words words = words_of(message, Language::English, "", "");
    auto request = request_of(channel, message, words, spec, time_from_ms(1'700'000'000'000));
    EXPECT_TRUE(request) << request.error().text;
    return ask(courier, *std::move(request));
  }
};

Sent two_notices() {
  Sent out;
  out.spec.host = "bongsu1";
  out.message = {.key = "k1", .person = {}, .address = {}, .notices = {}};
  for (const std::uint64_t id : {7U, 8U}) {
    Notice notice{.reason = id == 7 ? Reason::Raised : Reason::Recovered};
    notice.news.at = time_from_ms(1'700'000'000'000);
    notice.news.alarm = alarm_of(id, "web]\"1\n", Severity::Urgent);
    out.message.notices.push_back(std::move(notice));
  }
  return out;
}

TEST(LocalCourier, SendsSyslogTrapsAndInforms) {
  Metrics metrics;
  LocalCourier courier(metrics);
  Sent sent = two_notices();
  {
    const Listener host(false);
    EXPECT_EQ(200, sent.by(ChannelType::Syslog, host.at(), courier).status);
    const auto heard = host.wait_for(2);
    EXPECT_EQ(
        "<130>1 2023-11-14T22:13:20Z bongsu1 bongsu - raised [alarm@8072 id=\"7\" item=\"cpu_usage\" "
        "device=\"web\\]\\\"1 \" level=\"urgent\" key=\"k1\"] [urgent] web]\"1 : CPU usage 93 % (limit 80 %)",
        heard[0]);
    EXPECT_TRUE(heard[1].starts_with("<133>1 ")) << heard[1];
  }
  for (const ChannelType type : {ChannelType::Trap, ChannelType::Inform}) {
    SCOPED_TRACE(to_string(type));
    const Listener manager(type == ChannelType::Inform);
    const Reply reply = sent.by(type, manager.at(), courier);
    EXPECT_EQ(200, reply.status) << reply.said;
    manager.wait_for(2);
    const auto traps = manager.traps();
    ASSERT_EQ(2U, traps.size());
    EXPECT_EQ("secret", traps[0].community);
    EXPECT_EQ(type == ChannelType::Trap ? snmp::PduType::TrapV2 : snmp::PduType::Inform, traps[0].pdu.type);
    ASSERT_EQ(11U, traps[0].pdu.varbinds.size());
    EXPECT_EQ("1.3.6.1.6.3.1.1.4.1.0", traps[0].pdu.varbinds[1].oid.to_string());
    EXPECT_EQ(std::string(kTrapRoot) + ".0.1", traps[0].pdu.varbinds[1].value.oid.to_string());
    EXPECT_EQ(std::string(kTrapRoot) + ".0.2", traps[1].pdu.varbinds[1].value.oid.to_string());
    EXPECT_EQ(std::string(kTrapRoot) + ".1.4.0", traps[0].pdu.varbinds[5].oid.to_string());
    EXPECT_EQ("urgent", traps[0].pdu.varbinds[5].value.octets);
    EXPECT_EQ("normal", traps[1].pdu.varbinds[5].value.octets);
  }
  // Nobody answers an inform: it was not told.
  const Listener mute(false);
  const Reply silent = sent.by(ChannelType::Inform, mute.at(), courier, Millis(300));
  EXPECT_EQ(0, silent.status);
  EXPECT_NE("", silent.said);
  EXPECT_EQ(0, sent.by(ChannelType::Syslog, "name.invalid:514", courier).status);
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
