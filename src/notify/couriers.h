// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/metrics.h"
#include "base/result.h"
#include "model/keeper.h"
#include "model/state.h"
#include "notify/request.h"

namespace bongsu::notify {

// Where refresh tokens are kept; without it they are forgotten.
struct TokenKeep {
  const StateStore* store = nullptr;
  StateKeeper* keeper = nullptr;
};

// Hands each request to whoever can send it: HTTP and mail to libcurl, syslog and SNMP to a thread of their own, programs to
// `programs`, which may be nobody. Fetches the tokens that services want, and has each for its time. A refresh token that a
// service gives in place of an older one is kept (notice_token in src/notify/FORMAT.md) and used from then on.
class Couriers final : public Courier {
 public:
  // All must outlive it. Errors: Unavailable, Corrupt.
  static Result<std::unique_ptr<Couriers>> start(Metrics& metrics, Courier* programs = nullptr, TokenKeep kept = {});
  ~Couriers() override;
  void send(Request request, std::function<void(Reply)> done) override;

 private:
  struct Core;
  explicit Couriers(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace bongsu::notify
