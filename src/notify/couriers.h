// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/metrics.h"
#include "base/result.h"
#include "notify/request.h"

namespace bongsu::notify {

// Hands each request to whoever can send it: HTTP and mail to libcurl, syslog and SNMP to a thread of their own, programs to
// `programs`, which may be nobody. Fetches the tokens that services want, and keeps each for its time.
class Couriers final : public Courier {
 public:
  // `programs` and `metrics` must outlive it. Error: Unavailable.
  static Result<std::unique_ptr<Couriers>> start(Metrics& metrics, Courier* programs = nullptr);
  ~Couriers() override;
  void send(Request request, std::function<void(Reply)> done) override;

 private:
  struct Core;
  explicit Couriers(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace bongsu::notify
