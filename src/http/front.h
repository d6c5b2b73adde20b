// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "base/result.h"
#include "http/server.h"

namespace bongsu::http {

// What may take long has workers of its own, so that it holds up nobody else.
enum class Lane : std::uint8_t { Quick, Query, Scrape };
inline constexpr std::size_t kLanes = 3;

// A whole request within the bounds, written anew for cpp-httplib: only the header fields that a handler may see, one
// Host, no body and no coding. What cpp-httplib must not act upon stands beside.
struct WholeRequest {
  std::string text;
  std::string body;
  std::string content_type;
  bool close = false;   // the answer says Connection: close
  bool chunked = true;  // the client knows the chunked coding; else the end of the connection ends the answer
  std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();  // when it had come
  std::stop_token gone;  // of Query and Scrape: the client went away, or the server ends
};

// What is left of a big answer's body, made piece by piece. Thread: one at a time, a worker's.
class Pieces {
 public:
  virtual ~Pieces() = default;
  // Appends the next piece, some kPieceOctets; false when it was the last.
  virtual bool next(std::string& out) = 0;
  // What it holds in memory until it ends, about.
  virtual std::size_t octets() const = 0;
};
inline constexpr std::size_t kPieceOctets = 128 * 1024;

struct WholeAnswer {
  std::string text;                // head and body; where there is `rest`, the head
  std::unique_ptr<Pieces> rest{};  // the whole body, in chunks where the client knows them
};

// Sockets, bounds, time-outs and keep-alive. One thread for all connections, and workers in each lane that call `answer`.
class Front {
 public:
  // Turns a request into an answer; called from the workers until the Front ends.
  using Answer = std::function<WholeAnswer(const WholeRequest&)>;
  // By the path.
  struct Place {
    Lane lane = Lane::Quick;
    std::size_t body_octets = 0;
    bool snappy = false;  // a body in that coding is taken, and handed on as it is
  };
  using Places = std::function<Place(std::string_view path)>;
  static Result<std::unique_ptr<Front>> start(const ServerOptions& options, Metrics& metrics, Places places, Answer answer);
  ~Front();
  std::uint16_t port() const;

 private:
  struct Core;
  explicit Front(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace bongsu::http
