// SPDX-License-Identifier: Apache-2.0
#include "http/router.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "base/log.h"
#include "http/page.h"

namespace bongsu::http {
namespace {

// A request that is whole already, and the answer as it grows.
class MemoryStream final : public httplib::Stream {
 public:
  explicit MemoryStream(std::string_view in) : in_(in) {}
  bool is_readable() const override { return !in_.empty(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, std::size_t size) override {
    const std::size_t octets = std::min(size, in_.size());
    std::memcpy(to, in_.data(), octets);
    in_.remove_prefix(octets);
    return static_cast<ssize_t>(octets);
  }
  ssize_t write(const char* from, std::size_t size) override {
    out_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }
  void get_local_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }
  socket_t socket() const override { return INVALID_SOCKET; }
  std::string take() { return std::move(out_); }

 private:
  std::string_view in_;
  std::string out_;
};

// "/devices/{name}/items" as cpp-httplib's regular expression; a name may hold a slash.
std::string pattern_of(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '{') {
      out += path.substr(i).starts_with("{name}") ? "(.+)" : "([^/]+)";
      i = path.find('}', i);
    } else if (path[i] == '.') {
      out += "\\.";
    } else {
      out += path[i];
    }
  }
  return out;
}

std::string_view query_of(std::string_view target) {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {};
  return target.substr(mark + 1);
}

// A page of a stranger may send a POST here, but the browser says from where (Origin, RFC 6454).
bool origin_is_ours(const httplib::Request& request) {
  const std::string origin = request.get_header_value("Origin");
  return origin.empty() || origin == "http://" + request.get_header_value("Host");
}

bool names(std::string_view list, std::string_view tag) { return list == "*" || list.find(tag) != std::string_view::npos; }

}  // namespace

class Router::Library final : public httplib::Server {
 public:
  explicit Library(Sources sources)
      : sources_(std::move(sources)),
        failed_(sources_.metrics.counter("bongsu_http_handler_failures_total", "Handlers that ended in an exception.")) {
    httplib::Headers fields;
    for (const Field& field : kSafetyFields) fields.emplace(field.name, field.value);
    set_default_headers(std::move(fields));
    set_keep_alive_max_count(10'000);
    set_keep_alive_timeout(75);
    set_payload_max_length(1024 * 1024);
    set_exception_handler([this](const httplib::Request& request, httplib::Response& response, std::exception_ptr what) {
      std::string text = "unknown";
      try {
        std::rethrow_exception(what);
      } catch (const std::exception& e) {
        text = e.what();
      } catch (...) {}
      failed_.add();
      log::error("http: {} {}: {}", request.method, request.path, text);
      send(problem(500, "internal", "the handler failed: " + text, "please report it, with the daemon's log of this time"),
           response);
    });
    set_error_handler([this](const httplib::Request& request, httplib::Response& response) {
      if (!response.body.empty()) return;
      if (response.status == 404) return send(no_route(request, response), response);
      send(problem(response.status, "malformed", "the request could not be taken", "see /api/v1/openapi.json"), response);
    });
    std::vector<Route> routes = api_routes(sources_);
    for (auto& more : {backup_routes(sources_), event_routes(), page_routes()})
      routes.insert(routes.end(), more.begin(), more.end());
    routes.push_back({"GET",
                      "/api/v1/openapi.json",
                      "This description",
                      {},
                      [this](const Call&) { return Reply{.body = openapi_}; },
                      Route::Shape::Json,
                      "OpenApi"});
    routes_ = std::move(routes);
    openapi_ = openapi(routes_, sources_.version);
    for (const Route& route : routes_) {
      const auto handler = [this, &route](const httplib::Request& request, httplib::Response& response) {
        serve(route, request, response);
      };
      if (route.method == "GET") Get(pattern_of(route.path), handler);
      else Post(pattern_of(route.path), handler);
    }
  }

  std::string answer(const WholeRequest& request) {
    MemoryStream stream(request.text);
    bool closed = false;
    process_request(stream, request.close, closed, {});
    return stream.take();
  }

 private:
  Reply no_route(const httplib::Request& request, httplib::Response& response) const {
    for (const Route& route : routes_) {
      if (!std::regex_match(request.path, std::regex(pattern_of(route.path)))) continue;
      response.set_header("Allow", route.method == "GET" ? "GET, HEAD" : "POST");
      return problem(405, "method_not_allowed", fmt::format("{} is not taken here, {} is", request.method, route.method),
                     "see /api/v1/openapi.json");
    }
    return problem(404, "not_found", "there is nothing at this path",
                   "/api/v1/openapi.json lists what there is, / is the status page");
  }

  void serve(const Route& route, const httplib::Request& request, httplib::Response& response) const {
    const auto params = Params::parse(query_of(request.target), route.params);
    if (!params && route.shape == Route::Shape::Page) {
      const Params none;
      return send(problem_page({sources_, none, {}, {}}, 400, "This cannot be asked", params.error().text), response);
    }
    if (!params)
      return send(problem(400, "invalid", params.error().text, "see " + std::string(route.path) + " in /api/v1/openapi.json"),
                  response);
    if (route.method == "POST") {
      if (!origin_is_ours(request)) {
        return send(problem(403, "foreign_origin", "a page of another site may change nothing here",
                            "use Bongsu's own page or the command line"),
                    response);
      }
      if (!request.body.empty() && !request.get_header_value("Content-Type").starts_with(kJson)) {
        return send(problem(415, "type_not_taken", "the body must be JSON", "send Content-Type: application/json"), response);
      }
    }
    const Call call{sources_, *params, request.matches.size() > 1 ? request.matches[1].str() : std::string(), request.body};
    Reply reply = route.handler(call);
    response.set_header("Date", http_date(to_ms(sources_.clock.now()) / 1000));
    if (reply.status == 200 && route.method == "GET" &&
        (route.shape == Route::Shape::Json || route.shape == Route::Shape::Style)) {
      // Weak: the same answer, whatever the octets on the way.
      const std::string tag = fmt::format("W/\"{:016x}\"", hash_bytes(reply.body));
      response.set_header("ETag", tag);
      if (names(request.get_header_value("If-None-Match"), tag)) reply = {.status = 304, .type = {}, .body = {}};
    }
    response.set_header("Cache-Control", "no-cache");
    send(std::move(reply), response);
  }

  static void send(Reply reply, httplib::Response& response) {
    response.status = reply.status;
    if (reply.type.empty()) return;
    response.body = std::move(reply.body);
    response.set_header("Content-Type", reply.type);
  }

  const Sources sources_;
  Counter& failed_;
  std::vector<Route> routes_;
  std::string openapi_;
};

Router::Router(Sources sources) : library_(std::make_unique<Library>(std::move(sources))) {}
Router::~Router() = default;
std::string Router::answer(const WholeRequest& request) const { return library_->answer(request); }

}  // namespace bongsu::http
