// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/form.h"
#include "http/front.h"
#include "http/params.h"
#include "http/reply.h"
#include "http/server.h"

namespace bongsu::http {

// What a handler gets.
struct Call {
  const Sources& sources;
  const Params& params;
  std::string name;       // what stood for {name} or {id} in the path, decoded
  std::string_view body;  // of POST
  const Form& form;       // of Shape::Prometheus
  std::string_view content_type;
  std::stop_token gone;  // of what may take long: nobody waits for the answer any more
  std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();  // when the request had come
};

// One route, from which cpp-httplib's table, the parameter check and the OpenAPI file are made.
struct Route {
  // Prometheus: takes whatever parameters come, of the URL and of a urlencoded body, and tells faults as Prometheus does.
  enum class Shape { Json, Text, Page, Style, Prometheus };
  std::string_view method;
  std::string_view path;  // "/api/v1/devices/{name}/items"
  std::string_view about;
  std::vector<ParamSpec> params;
  std::function<Reply(const Call&)> handler;
  Shape shape = Shape::Json;
  std::string_view answer{};    // name of the answer's schema in the OpenAPI file, for Json
  std::vector<int> failures{};  // statuses beyond 400 and 500
  std::string_view needs{};     // of POST: the text member that the body must have; else it may have a note
  bool octets = false;          // of POST: the body is neither JSON nor a form
  bool until = false;           // of POST: the body may say until when, too
  std::string_view takes{};  // of POST and PUT: name of the body's schema in the OpenAPI file, where it is an object of its own
};

// The routes, in the order in which they are tried.
std::vector<Route> api_routes(const Sources& sources);
std::vector<Route> backup_routes(const Sources& sources);
std::vector<Route> coverage_routes(const Sources& sources);
std::vector<Route> drill_routes(const Sources& sources);
std::vector<Route> event_routes();
std::vector<Route> mib_routes(const Sources& sources);
std::vector<Route> maintenance_routes(const Sources& sources);
std::vector<Route> notice_routes(const Sources& sources);
std::vector<Route> overlay_routes(const Sources& sources);
std::vector<Route> page_routes();
std::vector<Route> profile_routes(const Sources& sources);
std::vector<Route> topology_routes(const Sources& sources);
std::vector<Route> query_routes();
std::vector<Route> remedy_routes(const Sources& sources);
std::vector<Route> series_routes();
std::vector<Route> rule_routes(const Sources& sources);
std::vector<Route> write_routes(const Sources& sources);
std::vector<Route> scrape_routes(const Sources& sources);
std::string openapi(const std::vector<Route>& routes, std::string_view version);

// cpp-httplib's routing without its sockets. Thread: any, once made.
class Router {
 public:
  explicit Router(Sources sources);
  ~Router();
  WholeAnswer answer(const WholeRequest& request) const;
  static Front::Place place(const ServerOptions& options, std::string_view path);

 private:
  class Library;
  std::unique_ptr<Library> library_;
};

}  // namespace bongsu::http
