// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include "http/front.h"
#include "http/router.h"

namespace bongsu::http {

struct Server::Parts {
  Router router;
  std::unique_ptr<Front> front{};  // after the router: it ends first
};

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, Sources sources) {
  Metrics& metrics = sources.metrics;
  auto parts = std::unique_ptr<Parts>(new Parts{.router = Router(std::move(sources))});
  const Router& router = parts->router;
  BONGSU_TRY(parts->front, Front::start(
                               options, metrics, [options](std::string_view path) { return Router::place(options, path); },
                               [&router](const WholeRequest& request) { return router.answer(request); }));
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() = default;
std::uint16_t Server::port() const { return parts_->front->port(); }

}  // namespace bongsu::http
