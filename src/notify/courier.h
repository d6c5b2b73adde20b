// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/result.h"
#include "notify/request.h"

namespace bongsu::notify {

// Sends by libcurl, all requests at once on one thread: certificates are verified, redirects are not followed, and each
// request ends within its time. At its end what is under way is let go: it was not sent, as far as anyone knows.
class CurlCourier final : public Courier {
 public:
  static Result<std::unique_ptr<CurlCourier>> start();  // error: Unavailable
  ~CurlCourier() override;
  void send(Request request, std::function<void(Reply)> done) override;

 private:
  struct Core;
  explicit CurlCourier(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace bongsu::notify
