// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace bongsu::http {

// Parameters as Prometheus takes them: of the URL and of a urlencoded body, any name, each as often as it comes.
class Form {
 public:
  // Error: Invalid (percent-encoding, not UTF-8, too many).
  static Result<Form> parse(std::string_view body, std::string_view query);

  std::string_view get(std::string_view name) const;  // the first, of the body before the URL; "" when there is none
  std::vector<std::string_view> all(std::string_view name) const;
  std::size_t size() const { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace bongsu::http
