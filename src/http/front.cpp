// SPDX-License-Identifier: Apache-2.0
#include "http/front.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/queue.h"
#include "base/text.h"
#include "http/listen.h"
#include "http/reply.h"
#include "http/target.h"

namespace bongsu::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http;
using boost::asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// What a handler may see. Everything else stays here: Range (CPU for nothing), Connection (ours), REMOTE_* and
// forwarding fields (cpp-httplib lets them shadow its own), Accept-Encoding (it would compress for a loopback).
constexpr std::array kKept{wire::field::accept, wire::field::accept_language, wire::field::if_none_match, wire::field::origin,
                           wire::field::user_agent};

void name_thread(const char* name) { ::pthread_setname_np(::pthread_self(), name); }

std::string bare_answer(int status, std::string_view body) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n", status,
                                std::string_view(wire::obsolete_reason(static_cast<wire::status>(status))), kJson, body.size());
  for (const Field& field : kSafetyFields) out += fmt::format("{}: {}\r\n", field.name, field.value);
  if (status == 503) out += "Retry-After: 1\r\n";
  out += "\r\n";
  out += body;
  return out;
}

struct Refusal {
  int status;
  std::string_view code;
  std::string message;
  std::string_view hint;
};

class Connection;

// A request to be answered, or the next piece of an answer.
struct Job {
  std::shared_ptr<Connection> connection;
  WholeRequest request;
  std::unique_ptr<Pieces> rest;
  asio::executor_work_guard<asio::io_context::executor_type> guard;  // the reactor waits for the answer
};

// What all connections share; used by the reactor's thread alone, but for the queue.
struct Shared {
  Shared(const ServerOptions& wanted, Metrics& metrics, Front::Places by_path)
      : options(wanted),
        places(std::move(by_path)),
        jobs{BoundedQueue<Job>(wanted.queue), BoundedQueue<Job>(wanted.query_queue), BoundedQueue<Job>(wanted.query_queue)},
        accepted(metrics.counter("bongsu_http_connections_total", "HTTP connections accepted.")),
        evicted(
            metrics.counter("bongsu_http_connections_evicted_total", "Waiting HTTP connections closed to make room for others.")),
        refused(metrics.counter("bongsu_http_refused_total",
                                "HTTP requests refused before a route saw them: malformed, too big, wrong host.")),
        late(metrics.counter("bongsu_http_timeouts_total", "HTTP connections closed because the peer was too slow.")),
        overloaded(metrics.counter("bongsu_http_overload_total", "HTTP requests answered 503 because every worker was busy.")),
        left(metrics.counter("bongsu_http_clients_gone_total", "HTTP clients that went away before their answer was made.")),
        open(metrics.gauge("bongsu_http_connections", "HTTP connections open now.")) {
    for (std::size_t i = 0; i < by_class.size(); ++i) {
      by_class[i] = &metrics.counter("bongsu_http_responses_total", "HTTP answers by class of status.",
                                     {{"class", fmt::format("{}xx", i + 1)}});
    }
  }
  void count(std::string_view answer) {
    const int first = answer.size() > 9 ? answer[9] - '1' : 4;
    by_class[static_cast<std::size_t>(std::clamp(first, 0, 4))]->add();
  }

  const ServerOptions options;
  const Front::Places places;
  asio::io_context io{1};
  std::array<BoundedQueue<Job>, kLanes> jobs;
  std::string address;  // that it listens on
  bool stopping = false;
  std::set<Connection*> all;
  std::map<asio::ip::address, std::size_t> by_peer;
  std::list<Connection*> waiting;  // for their client: idle, or in the middle of a request; longest first
  std::list<Connection*> sending;  // their answers; longest first
  std::size_t bodies = 0;          // octets announced and not yet answered
  std::size_t answers = 0;         // octets of answers being sent, and of what their rest holds
  std::function<void()> on_empty;  // once, when stopping and the last connection is gone
  Counter &accepted, &evicted, &refused, &late, &overloaded, &left;
  Gauge& open;
  std::array<Counter*, 5> by_class{};
  log::Gate gate;
};

// What leaves at once: of the chunked coding, the size before the octets.
struct Framed {
  std::string head;
  std::string octets;
};

// Reads one request, has it answered, writes the answer, and starts over: so pipelined requests are answered in order.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Shared& shared, tcp::socket socket, const asio::ip::address& peer)
      : shared_(shared), stream_(std::move(socket)), buffer_(shared.options.head_octets + 8 * 1024), peer_(peer) {
    shared_.all.insert(this);
    ++shared_.by_peer[peer_];
    shared_.open.set(static_cast<double>(shared_.all.size()));
  }
  ~Connection() {
    leave_waiting();
    leave_sending();
    release_body();
    shared_.all.erase(this);
    if (const auto at = shared_.by_peer.find(peer_); --at->second == 0) shared_.by_peer.erase(at);
    shared_.open.set(static_cast<double>(shared_.all.size()));
    if (shared_.stopping && shared_.all.empty() && shared_.on_empty) shared_.on_empty();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const asio::ip::address& peer() const { return peer_; }
  bool is_waiting() const { return waiting_.has_value(); }
  void give_up() { gone_.request_stop(); }  // what takes long for it may end early
  void close() {
    gone_.request_stop();
    leave_waiting();
    leave_sending();
    ErrorCode ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    stream_.close();
  }

  void read_head() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_.options.head_octets));
    parser_->body_limit(std::max(shared_.options.body_octets, shared_.options.write_octets));
    enter_waiting();
    stream_.expires_after(shared_.options.head_time);
    wire::async_read_header(stream_, buffer_, *parser_,
                            [self = shared_from_this()](ErrorCode ec, std::size_t) { self->on_head(ec); });
  }
  void refuse(Refusal refusal);
  void answer(WholeAnswer made) {
    release_body();
    gone_ = std::stop_source(std::nostopstate);
    if (watched_) {
      watched_ = false;
      ErrorCode ignored;
      stream_.socket().cancel(ignored);  // the wait of watch()
    }
    if (!stream_.socket().is_open()) return;  // the client is gone
    rest_ = std::move(made.rest);
    send({{}, std::move(made.text)}, true);
  }
  // The next piece of an answer; nothing in `rest` after the last.
  void answer_on(std::string piece, std::unique_ptr<Pieces> rest) {
    making_ = false;
    if (!stream_.socket().is_open()) return leave_sending();  // it gave its place to another
    Framed framed{{}, std::move(piece)};
    if (chunked_) {
      if (!framed.octets.empty()) {
        framed.head = fmt::format("{:x}\r\n", framed.octets.size());
        framed.octets += "\r\n";
      }
      if (!rest) framed.octets += "0\r\n\r\n";
    }
    rest_ = std::move(rest);
    if (!writing_) return send(std::move(framed), false);
    ahead_ = std::move(framed);
    charge();
  }

 private:
  void enter_waiting() {
    leave_waiting();
    waiting_ = shared_.waiting.insert(shared_.waiting.end(), this);
  }
  void leave_waiting() {
    if (waiting_) shared_.waiting.erase(*waiting_);
    waiting_.reset();
  }

  void leave_sending() {
    if (!sending_) return;
    shared_.sending.erase(*sending_);
    sending_.reset();
    ahead_.reset();
    rest_.reset();
    charge(0);
  }
  void charge(std::size_t octets) {
    shared_.answers += octets - charged_;
    charged_ = octets;
  }
  void charge() {
    if (rest_) rest_octets_ = rest_->octets();
    else if (!making_) rest_octets_ = 0;
    charge(out_.octets.size() + (ahead_ ? ahead_->octets.size() : 0) + rest_octets_);
  }
  void send(Framed piece, bool first) {
    out_ = std::move(piece);
    if (!sending_) sending_ = shared_.sending.insert(shared_.sending.end(), this);
    charge();
    while (shared_.answers > shared_.options.answers_octets && shared_.sending.front() != this) {
      shared_.evicted.add();
      shared_.sending.front()->close();
    }
    if (first) shared_.count(out_.octets);  // once it has its place, and before anybody sees it
    writing_ = true;
    stream_.expires_after(shared_.options.write_time);
    asio::async_write(stream_, std::array{asio::buffer(out_.head), asio::buffer(out_.octets)},
                      [self = shared_from_this()](ErrorCode ec, std::size_t) { self->on_written(ec); });
    make_ahead();
  }
  // The next piece is made while this one leaves. Without a free place among the workers' jobs it waits for on_written().
  bool make_ahead() {
    if (!rest_) return false;
    making_ = hand_to_worker({}, rest_);
    return making_;
  }
  void watch();
  bool hand_to_worker(WholeRequest request, std::unique_ptr<Pieces>& rest);
  void release_body() {
    shared_.bodies -= body_;
    body_ = 0;
  }

  void wait_for_request() {
    if (shared_.stopping) return drain();
    if (buffer_.size() > 0) return read_head();  // the next one was sent along
    buffer_.shrink_to_fit();                     // an idle connection holds no buffer
    enter_waiting();
    stream_.expires_after(shared_.options.idle_time);
    stream_.async_read_some(buffer_.prepare(2048), [self = shared_from_this()](ErrorCode ec, std::size_t octets) {
      if (ec) return self->leave(ec);
      self->buffer_.commit(octets);
      self->read_head();
    });
  }

  void leave(ErrorCode ec) {
    if (ec == beast::error::timeout) shared_.late.add();
    close();
  }

  void on_head(ErrorCode ec) {
    leave_waiting();
    static const auto& grammar = wire::make_error_code(wire::error::bad_method).category();
    if (ec == wire::error::end_of_stream || (ec && ec.category() != grammar)) return leave(ec);
    if (ec) return refuse(malformed(ec));
    if (auto refusal = check_head()) return refuse(std::move(*refusal));
    if (parser_->is_done()) return hand_over();
    body_ = static_cast<std::size_t>(parser_->content_length().value_or(0));  // within the bound: Beast refuses more
    shared_.bodies += body_;
    if (shared_.bodies > shared_.options.bodies_octets) {
      return refuse({503, "overloaded", "too many bodies are under way", "ask again in a second"});
    }
    stream_.expires_after(shared_.options.body_time);
    if (!parser_->get().count(wire::field::expect)) return read_body();
    out_.octets = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(out_.octets), [self = shared_from_this()](ErrorCode failed, std::size_t) {
      if (failed) return self->leave(failed);
      self->read_body();
    });
  }
  void read_body() {
    enter_waiting();
    wire::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](ErrorCode ec, std::size_t) {
      if (ec) return self->leave(ec);
      self->leave_waiting();
      self->hand_over();
    });
  }

  Refusal malformed(ErrorCode ec) const;
  std::optional<Refusal> check_head();
  void hand_over();
  void on_written(ErrorCode ec);
  void drain();

  Shared& shared_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  const asio::ip::address peer_;
  std::optional<wire::request_parser<wire::string_body>> parser_;
  std::optional<std::list<Connection*>::iterator> waiting_;
  std::optional<std::list<Connection*>::iterator> sending_;
  Framed out_;                    // being written
  std::optional<Framed> ahead_;   // to be written after it
  std::unique_ptr<Pieces> rest_;  // of the answer, unless a worker has it to make the next piece
  std::size_t rest_octets_ = 0;   // that it holds, wherever it is
  std::size_t charged_ = 0;       // octets of ours in shared_.answers
  bool writing_ = false;          // a piece of an answer
  bool making_ = false;           // a worker has rest_
  std::stop_source gone_{std::nostopstate};
  Front::Place place_;
  Target target_;
  bool chunked_ = true;
  bool watched_ = false;
  std::size_t body_ = 0;
  std::size_t served_ = 0;
  std::size_t drained_ = 0;
  bool close_ = false;
};

Refusal body_too_big(std::size_t most) {
  return {413, "body_too_big", fmt::format("the body is longer than {} octets", most), "send a smaller body"};
}

Refusal Connection::malformed(ErrorCode ec) const {
  const ServerOptions& limits = shared_.options;
  if (ec == wire::error::header_limit || ec == wire::error::buffer_overflow) {
    const std::string_view seen(static_cast<const char*>(buffer_.data().data()), buffer_.size());
    if (parser_->get().target().empty() && seen.find('\n') == std::string_view::npos) {
      return {414, "uri_too_long", "the request line does not end", "ask for less in one request: shorter q, fewer parameters"};
    }
    return {431, "head_too_big", fmt::format("the request's head is longer than {} octets", limits.head_octets),
            "send fewer or shorter header fields"};
  }
  if (ec == wire::error::body_limit) {
    return body_too_big(limits.write_octets);
  }
  if (ec == wire::error::bad_version) {
    return {505, "version_not_taken", "only HTTP/1.1 and HTTP/1.0 are spoken here", "use an http:// URL and HTTP/1.1"};
  }
  return {400, "malformed", "the request is not HTTP: " + ec.message(), "see RFC 9112"};
}

// What Beast does not bound, and what cpp-httplib must not see.
std::optional<Refusal> Connection::check_head() {
  const auto& head = parser_->get();
  const ServerOptions& limits = shared_.options;
  if (head.version() != 10 && head.version() != 11) return malformed(wire::error::bad_version);
  if (head.target().size() > limits.target_octets) {
    return Refusal{414, "uri_too_long", fmt::format("the request target is longer than {} octets", limits.target_octets),
                   "ask for less in one request: shorter q, fewer parameters"};
  }
  if (static_cast<std::size_t>(std::distance(head.begin(), head.end())) > limits.head_fields) {
    return Refusal{431, "too_many_fields", fmt::format("more than {} header fields", limits.head_fields),
                   "send fewer header fields"};
  }
  if (head.count(wire::field::transfer_encoding) > 0) {
    return Refusal{411, "length_required", "a body is taken with Content-Length only",
                   "send Content-Length and no Transfer-Encoding"};
  }
  if (head.count(wire::field::content_length) > 1) {
    return Refusal{400, "malformed", "more than one Content-Length", "send one Content-Length"};
  }
  if (head.count(wire::field::expect) > 0 && to_lower(head[wire::field::expect]) != "100-continue") {
    return Refusal{417, "expectation_failed", "the only Expect known here is 100-continue", "leave Expect out"};
  }
  const wire::verb verb = head.method();
  if (verb != wire::verb::get && verb != wire::verb::head && verb != wire::verb::post && verb != wire::verb::put &&
      verb != wire::verb::delete_) {
    return Refusal{405, "method_not_allowed", "the methods are GET, HEAD, POST, PUT and DELETE", "see /api/v1/openapi.json"};
  }
  auto target = parse_target(head.target());
  if (!target) {
    return Refusal{400, "malformed", target.error().text, "ask for a path, such as /api/v1/status, or for http://HOST/PATH"};
  }
  target_ = *std::move(target);
  if (target_.path().size() > limits.path_octets) {
    return Refusal{414, "uri_too_long", fmt::format("the path is longer than {} octets", limits.path_octets),
                   "see /api/v1/openapi.json"};
  }
  const std::size_t hosts = head.count(wire::field::host);
  if (hosts > 1 || (hosts == 0 && head.version() == 11)) {
    return Refusal{400, "malformed", "there must be one Host field", "send one Host field"};
  }
  // RFC 9112 section 3.2.2: of a target with an authority, that is the host, and the field does not count.
  if (target_.authority.empty()) target_.authority = std::string_view(head[wire::field::host]);
  if (!target_.authority.empty() && !host_is_ours(target_.authority, shared_.address)) {
    return Refusal{421, "wrong_host", "the request is for another machine: " + to_valid_utf8(target_.authority.substr(0, 100)),
                   "open it as http://127.0.0.1 or http://localhost with its port; a proxy in front must send that Host"};
  }
  place_ = shared_.places(target_.path());
  if (parser_->content_length().value_or(0) > place_.body_octets) return body_too_big(place_.body_octets);
  if (head.count(wire::field::content_encoding) > 0 &&
      !(place_.snappy && to_lower(head[wire::field::content_encoding]) == "snappy")) {
    return Refusal{415, "encoding_not_taken", "a body is taken without Content-Encoding only", "send the body as it is"};
  }
  return std::nullopt;
}

void Connection::hand_over() {
  auto request = parser_->release();
  ++served_;
  close_ =
      !parser_->keep_alive() || request.version() == 10 || served_ >= shared_.options.requests_per_connection || shared_.stopping;
  chunked_ = request.version() != 10;
  WholeRequest whole{.body = std::move(request.body()),
                     .content_type = std::string(request[wire::field::content_type]),
                     .close = close_,
                     .chunked = chunked_};
  whole.text.reserve(512);
  fmt::format_to(std::back_inserter(whole.text), "{} {} HTTP/1.1\r\nHost: {}\r\n", std::string_view(request.method_string()),
                 target_.origin_form, target_.authority);
  for (const wire::field name : kKept) {
    if (const auto at = request.find(name); at != request.end()) {
      fmt::format_to(std::back_inserter(whole.text), "{}: {}\r\n", std::string_view(wire::to_string(name)),
                     std::string_view(at->value()));
    }
  }
  whole.text += "\r\n";
  whole.since = std::chrono::steady_clock::now();
  parser_.reset();
  stream_.expires_never();
  if (place_.lane != Lane::Quick) {
    gone_ = std::stop_source();
    whole.gone = gone_.get_token();
    if (!close_) watch();
  }
  std::unique_ptr<Pieces> none;
  if (hand_to_worker(std::move(whole), none)) return;
  shared_.overloaded.add();
  close_ = true;
  answer({bare_answer(
      503, problem_body("overloaded", "more requests wait than can be answered", "ask again in a second, and less often"))});
}

// Leaves `rest` to its owner when there is no place.
bool Connection::hand_to_worker(WholeRequest request, std::unique_ptr<Pieces>& rest) {
  Job job{shared_from_this(), std::move(request), std::move(rest), asio::make_work_guard(shared_.io)};
  if (shared_.jobs[static_cast<std::size_t>(place_.lane)].try_push(std::move(job))) return true;
  rest = std::move(job.rest);
  return false;
}

// While a worker is busy for it, whether the client is still there. One that ends its side alone is taken for gone, as
// Prometheus does: the two cannot be told apart.
void Connection::watch() {
  watched_ = true;
  stream_.socket().async_wait(tcp::socket::wait_read, [self = shared_from_this()](ErrorCode ec) {
    if (ec || !self->watched_) return;
    char octet = 0;
    const ssize_t seen = ::recv(self->stream_.socket().native_handle(), &octet, 1, MSG_PEEK | MSG_DONTWAIT);
    if (seen > 0 || (seen < 0 && (errno == EAGAIN || errno == EINTR))) return;  // its next request waits
    self->shared_.left.add();
    self->close();
  });
}

void Connection::refuse(Refusal refusal) {
  shared_.refused.add();
  if (std::uint64_t suppressed = 0; shared_.gate.open(std::chrono::steady_clock::now(), suppressed)) {
    log::warning("http: refused a request of {} with {}: {} ({} more refused since the last such line)", peer_.to_string(),
                 refusal.status, refusal.message, suppressed);
  }
  close_ = true;
  answer({bare_answer(refusal.status, problem_body(refusal.code, refusal.message, refusal.hint))});
}

void Connection::on_written(ErrorCode ec) {
  writing_ = false;
  if (!ec && ahead_) {
    Framed next = *std::move(ahead_);
    ahead_.reset();
    return send(std::move(next), false);
  }
  if (!ec && (making_ || make_ahead())) return stream_.expires_never();
  if (!ec && rest_) {
    shared_.overloaded.add();
    ec = asio::error::no_buffer_space;  // an answer that is cut can be told by its missing last chunk
  }
  leave_sending();
  out_ = {};
  if (ec) return leave(ec);
  if (close_) return drain();
  wait_for_request();
}

// Says that no more is coming, and reads on a little: closing with unread octets would reset the connection, and the peer
// could lose the answer (RFC 9112 section 9.6).
void Connection::drain() {
  constexpr std::size_t kEnough = 16 << 20;  // twice the largest body that a route takes
  ErrorCode failed;
  if (drained_ == 0) stream_.socket().shutdown(tcp::socket::shutdown_send, failed);
  if (failed || drained_ > kEnough || shared_.stopping) return close();
  buffer_.clear();
  if (drained_ == 0) {
    stream_.expires_after(std::chrono::seconds(2));
    enter_waiting();
  }
  stream_.async_read_some(buffer_.prepare(8192), [self = shared_from_this()](ErrorCode ec, std::size_t octets) {
    self->drained_ += octets + 1;
    if (ec) return self->close();
    self->drain();
  });
}

}  // namespace

struct Front::Core {
  Core(const ServerOptions& options, Metrics& metrics, Places places, Answer wanted)
      : shared(options, metrics, std::move(places)),
        answer(std::move(wanted)),
        acceptor(shared.io),
        pause(shared.io),
        grace(shared.io) {}

  Status listen(const Listen& where) {
    const auto fail = [&](const char* what, const ErrorCode& ec) -> Status {
      const std::string place = where.address.find(':') == std::string::npos ? fmt::format("{}:{}", where.address, where.port)
                                                                             : fmt::format("[{}]:{}", where.address, where.port);
      if (ec == asio::error::address_in_use) {
        return Error{
            Code::Unavailable,
            fmt::format(
                "HTTP cannot listen on {}: port {} is in use by another program (ss -ltnp shows which); stop it, or choose "
                "another port with http.listen in the configuration or --http ADDR:PORT",
                place, where.port)};
      }
      return Error{ec == asio::error::access_denied ? Code::Denied : Code::Unavailable,
                   fmt::format("HTTP cannot listen on {}: {}: {}; choose another address with http.listen or --http ADDR:PORT",
                               place, what, ec.message())};
    };
    ErrorCode ec;
    const tcp::endpoint endpoint(asio::ip::make_address(where.address, ec), where.port);
    if (ec) return fail("address", ec);
    if (acceptor.open(endpoint.protocol(), ec); ec) return fail("socket", ec);
    if (acceptor.set_option(tcp::acceptor::reuse_address(true), ec); ec) return fail("SO_REUSEADDR", ec);
    if (acceptor.bind(endpoint, ec); ec) return fail("bind", ec);
    if (acceptor.listen(asio::socket_base::max_listen_connections, ec); ec) return fail("listen", ec);
    shared.address = where.address;
    port = acceptor.local_endpoint(ec).port();
    return {};
  }

  void accept() {
    acceptor.async_accept([this](ErrorCode ec, tcp::socket socket) {
      if (ec == asio::error::operation_aborted || shared.stopping) return;
      if (!ec) {
        take(std::move(socket));
        return accept();
      }
      // No descriptor left, or the peer is gone already: give up a waiting connection, and try again in a moment.
      evict([](const Connection&) { return true; });
      pause.expires_after(std::chrono::milliseconds(20));
      pause.async_wait([this](ErrorCode cancelled) {
        if (!cancelled && !shared.stopping) accept();
      });
    });
  }

  void take(tcp::socket socket) {
    shared.accepted.add();
    ErrorCode ec;
    const auto remote = socket.remote_endpoint(ec);
    if (ec) return;  // gone already
    socket.set_option(tcp::no_delay(true), ec);
    const auto peer = remote.address();
    const auto mine = shared.by_peer.find(peer);
    bool room = true;
    if (mine != shared.by_peer.end() && mine->second >= shared.options.per_address) {
      room = evict([&](const Connection& other) { return other.peer() == peer; });
    } else if (shared.all.size() >= shared.options.connections) {
      room = evict([](const Connection&) { return true; });
    }
    const auto connection = std::make_shared<Connection>(shared, std::move(socket), peer);
    if (room) return connection->read_head();
    connection->refuse({503, "too_many_connections", "every connection that may be open is at work",
                        "ask again in a second, over fewer connections"});
  }

  // Closes the connection that has waited longest for its client, of those that `which` accepts.
  bool evict(const auto& which) {
    const auto at =
        std::find_if(shared.waiting.begin(), shared.waiting.end(), [&](const Connection* one) { return which(*one); });
    if (at == shared.waiting.end()) return false;
    shared.evicted.add();
    (*at)->close();
    return true;
  }

  void work(BoundedQueue<Job>& jobs, const char* name) {
    name_thread(name);
    while (auto job = jobs.pop()) {
      // The connection moves on with its answer: its last owner is always the reactor.
      if (job->rest) {
        std::string piece;
        piece.reserve(kPieceOctets + 16 * 1024);
        if (!job->rest->next(piece)) job->rest.reset();
        asio::post(shared.io,
                   [connection = std::move(job->connection), out = std::move(piece), rest = std::move(job->rest)]() mutable {
                     connection->answer_on(std::move(out), std::move(rest));
                   });
        continue;
      }
      WholeAnswer made = answer(job->request);
      asio::post(shared.io, [connection = std::move(job->connection), out = std::move(made)]() mutable {
        connection->answer(std::move(out));
      });
    }
  }

  void run() {
    reactor = std::thread([this] {
      name_thread("http-front");
      shared.io.run();
    });
    const ServerOptions& wanted = shared.options;
    const auto staff = [this](Lane lane, int count, const char* name) {
      BoundedQueue<Job>& jobs = shared.jobs[static_cast<std::size_t>(lane)];
      for (int i = 0; i < std::max(1, count); ++i) workers.emplace_back([this, &jobs, name] { work(jobs, name); });
    };
    staff(Lane::Quick, wanted.workers, "http-worker");
    staff(Lane::Query, wanted.query_workers, "http-query");
    staff(Lane::Scrape, wanted.scrape_workers, "http-scrape");
  }

  // In order: no new connection; waiting ones close; what is under way ends or is cut; the reactor has nothing left and
  // returns; then the workers.
  void stop() {
    asio::post(shared.io, [this] {
      shared.stopping = true;
      ErrorCode ignored;
      acceptor.close(ignored);
      pause.cancel();
      while (!shared.waiting.empty()) shared.waiting.front()->close();
      for (Connection* one : shared.all) one->give_up();
      if (shared.all.empty()) return;
      shared.on_empty = [this] { grace.cancel(); };
      grace.expires_after(shared.options.stop_time);
      grace.async_wait([this](ErrorCode cancelled) {
        if (cancelled) return;
        for (Connection* one : shared.all) one->close();
      });
    });
    reactor.join();
    for (auto& jobs : shared.jobs) jobs.close();
    for (std::thread& worker : workers) worker.join();
  }

  Shared shared;
  Answer answer;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  asio::steady_timer grace;
  std::uint16_t port = 0;
  std::thread reactor;
  std::vector<std::thread> workers;
};

Result<std::unique_ptr<Front>> Front::start(const ServerOptions& options, Metrics& metrics, Places places, Answer answer) {
  BONGSU_TRY(const Listen where, parse_listen(options.listen));
  auto core = std::make_unique<Core>(options, metrics, std::move(places), std::move(answer));
  BONGSU_TRY_OK(core->listen(where));
  core->accept();
  core->run();
  return std::unique_ptr<Front>(new Front(std::move(core)));
}

Front::Front(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Front::~Front() { core_->stop(); }
std::uint16_t Front::port() const { return core_->port; }

}  // namespace bongsu::http
