// SPDX-License-Identifier: Apache-2.0
#include "http/router.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <cstring>

#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "http/page.h"
#include "http/prometheus.h"

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

// The request that this worker answers, and what its handler leaves to be sent after the head.
struct Exchange {
  const WholeRequest& request;
  std::unique_ptr<Pieces> rest{};
};
thread_local Exchange* exchange = nullptr;

bool is_form(std::string_view type) { return to_lower(type).starts_with("application/x-www-form-urlencoded"); }

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
    std::vector<Route> routes = profile_routes(sources_);
    for (auto& more : {api_routes(sources_), backup_routes(sources_), coverage_routes(sources_), topology_routes(sources_),
                       drill_routes(sources_), event_routes(), maintenance_routes(sources_), mib_routes(sources_),
                       notice_routes(sources_), query_routes(), remedy_routes(sources_), overlay_routes(sources_),
                       series_routes(), rule_routes(sources_), write_routes(sources_), scrape_routes(sources_), page_routes()})
      routes.insert(routes.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
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
      else if (route.method == "PUT") Put(pattern_of(route.path), handler);
      else if (route.method == "DELETE") Delete(pattern_of(route.path), handler);
      else Post(pattern_of(route.path), handler);
    }
  }

  WholeAnswer answer(const WholeRequest& request) {
    MemoryStream stream(request.text);
    Exchange mine{request};
    exchange = &mine;
    bool closed = false;
    process_request(stream, request.close, closed, {});
    exchange = nullptr;
    if (request.text.starts_with("HEAD ")) mine.rest.reset();
    return {stream.take(), std::move(mine.rest)};
  }

 private:
  Reply no_route(const httplib::Request& request, httplib::Response& response) const {
    for (const Route& route : routes_) {
      if (!std::regex_match(request.path, std::regex(pattern_of(route.path)))) continue;
      // What takes both was found.
      response.set_header("Allow", route.method == "GET" ? "GET, HEAD" : std::string(route.method));
      return problem(405, "method_not_allowed", fmt::format("{} is not taken here, {} is", request.method, route.method),
                     "see /api/v1/openapi.json");
    }
    // Who reads with a browser gets a page; programs ask for what they can read.
    if (request.method == "GET" && !request.path.starts_with("/api/") && !request.path.starts_with("/prometheus/") &&
        request.get_header_value("Accept").find("text/html") != std::string::npos) {
      static const Form kNoForm;
      const Params none;
      return problem_page({sources_, none, {}, {}, kNoForm, {}, {}}, 404, "Nothing is here",
                          "There is no page at " + to_valid_utf8(request.path.substr(0, 200)) + ".");
    }
    return problem(404, "not_found", "there is nothing at this path",
                   "/api/v1/openapi.json lists what there is, / is the status page");
  }

  void serve(const Route& route, const httplib::Request& request, httplib::Response& response) const {
    static const Form kNoForm;
    response.set_header("Date", http_date(to_ms(sources_.clock.now()) / 1000));
    if (route.shape == Route::Shape::Prometheus) return serve_prometheus(route, request, response);
    const auto params = Params::parse(query_of(request.target), route.params);
    if (!params && route.shape == Route::Shape::Page) {
      const Params none;
      return send(problem_page({sources_, none, {}, {}, kNoForm, {}, {}}, 400, "This cannot be asked", params.error().text),
                  response);
    }
    if (!params)
      return send(problem(400, "invalid", params.error().text, "see " + std::string(route.path) + " in /api/v1/openapi.json"),
                  response);
    if (route.method != "GET") {
      if (!origin_is_ours(request)) return send(foreign_origin(), response);
      if (!route.octets && !exchange->request.body.empty() && !exchange->request.content_type.starts_with(kJson)) {
        return send(problem(415, "type_not_taken", "the body must be JSON", "send Content-Type: application/json"), response);
      }
    }
    const Call call{sources_, *params, name_in(request),       exchange->request.body,
                    kNoForm,  {},      exchange->request.gone, exchange->request.since};
    Reply reply = route.handler(call);
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

  static std::string name_in(const httplib::Request& request) {
    return request.matches.size() > 1 ? request.matches[1].str() : std::string();
  }
  static Reply foreign_origin() {
    return problem(403, "foreign_origin", "a page of another site may change nothing here",
                   "use Bongsu's own page or the command line");
  }

  // A query changes nothing, and a page of a stranger cannot read its answer; what changes something says `octets`.
  void serve_prometheus(const Route& route, const httplib::Request& request, httplib::Response& response) const {
    const Params none;
    const WholeRequest& whole = exchange->request;
    if (route.octets && !origin_is_ours(request)) return send(foreign_origin(), response);
    const auto form =
        Form::parse(route.method == "POST" && is_form(whole.content_type) ? std::string_view(whole.body) : std::string_view(),
                    query_of(request.target));
    if (!form) return send(fault(Fault::BadData, form.error().text), response);
    send(route.handler({sources_, none, name_in(request), whole.body, *form, whole.content_type, whole.gone, whole.since}),
         response);
  }

  static void send(Reply reply, httplib::Response& response) {
    response.status = reply.status;
    if (reply.type.empty()) return;
    response.body = std::move(reply.body);
    response.set_header("Content-Type", reply.type);
    if (!reply.rest) return;
    // cpp-httplib writes the head alone: the provider gives nothing, and the front sends the rest.
    exchange->rest = std::move(reply.rest);
    if (exchange->request.chunked) {
      response.set_chunked_content_provider(reply.type, [](std::size_t, httplib::DataSink&) { return false; });
    } else {
      response.set_content_provider(reply.type, [](std::size_t, httplib::DataSink&) { return false; });
    }
  }

  const Sources sources_;
  Counter& failed_;
  std::vector<Route> routes_;
  std::string openapi_;
};

Router::Router(Sources sources) : library_(std::make_unique<Library>(std::move(sources))) {}
Router::~Router() = default;
WholeAnswer Router::answer(const WholeRequest& request) const { return library_->answer(request); }

Front::Place Router::place(const ServerOptions& options, std::string_view path) {
  if (path == "/prometheus/api/v1/write") return {Lane::Quick, options.write_octets, true};
  if (path.starts_with("/prometheus/")) return {Lane::Query, options.body_octets, false};
  // Both wait for somebody else.
  if (path == "/snmp" || path == "/api/v1/channels/test") return {Lane::Scrape, options.body_octets, false};
  if (path == "/api/v1/mibs" || path == "/api/v1/profiles") return {Lane::Scrape, options.write_octets, false};
  // These read files, and wait for the one who changes them.
  for (const std::string_view set :
       {"/api/v1/items", "/api/v1/routes", "/api/v1/people", "/api/v1/remedies/", "/api/v1/coverage/"}) {
    if (path.starts_with(set) && !path.starts_with("/api/v1/remedies/runs")) return {Lane::Scrape, options.body_octets, false};
  }
  if (path.starts_with("/api/v1/devices/") && path.ends_with("/proposal")) return {Lane::Scrape, options.body_octets, false};
  return {Lane::Quick, options.body_octets, false};
}

}  // namespace bongsu::http
