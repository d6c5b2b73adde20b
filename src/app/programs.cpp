// SPDX-License-Identifier: Apache-2.0
#include "app/programs.h"

#include <fmt/format.h>

#include "notify/message.h"

namespace bongsu::app {
namespace {

constexpr Millis kIdle{500};
constexpr Millis kHearing{50};

notify::Reply reply_of(const Result<remedy::Outcome>& ended) {
  if (!ended) return {.said = ended.error().text};
  if (!ended->ran) return {.said = ended->problem};
  if (ended->good()) return {.status = 200};
  const std::string how = ended->timed_out       ? "it took too long"
                          : ended->exit_code < 0 ? fmt::format("signal {} ended it", ended->signal)
                                                 : fmt::format("it ended with {}", ended->exit_code);
  return {.status = 500, .said = how + (ended->output.empty() ? "" : ": " + notify::cut(ended->output, 500))};
}

}  // namespace

void ProgramCourier::send(notify::Request request, std::function<void(notify::Reply)> done) {
  waiting_.lock()->emplace_back(std::move(request), std::move(done));
}

Millis ProgramCourier::step() {
  std::vector<std::pair<notify::Request, Done>> fresh;
  waiting_.lock()->swap(fresh);
  for (auto& [request, done] : fresh) {
    const remedy::Order order{.script = request.url,
                              .timeout = request.timeout,
                              .environment = std::move(request.headers),
                              .input = std::move(request.body)};
    const std::uint64_t number = next_++;
    if (const Status begun = link_.begin(number, order); !begun) done({.said = begun.error().text});
    else under_way_.emplace(number, std::move(done));
  }
  for (auto& [number, ended] : link_.ended()) {
    const auto one = under_way_.extract(number);
    if (!one.empty()) one.mapped()(reply_of(ended));
  }
  return link_.busy() ? kHearing : kIdle;
}

}  // namespace bongsu::app
