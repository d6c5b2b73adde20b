// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "base/result.h"
#include "http/server.h"

namespace bongsu::http {

// A whole request within the bounds, written anew for cpp-httplib: only the header fields that a handler may see, one
// Host, one Content-Length, no transfer or content coding.
struct WholeRequest {
  std::string text;
  bool close = false;  // the answer says Connection: close
};

// Sockets, bounds, time-outs and keep-alive. One thread for all connections, `workers` more that call `answer`.
class Front {
 public:
  // `answer` turns a request into a whole HTTP answer; it is called from the workers until the Front ends.
  using Answer = std::function<std::string(const WholeRequest&)>;
  static Result<std::unique_ptr<Front>> start(const ServerOptions& options, Metrics& metrics, Answer answer);
  ~Front();
  std::uint16_t port() const;

 private:
  struct Core;
  explicit Front(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace bongsu::http
