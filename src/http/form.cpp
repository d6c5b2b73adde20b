// SPDX-License-Identifier: Apache-2.0
#include "http/form.h"

#include <fmt/format.h>

#include "base/text.h"
#include "http/params.h"

namespace bongsu::http {

Result<Form> Form::parse(std::string_view body, std::string_view query) {
  constexpr std::size_t kMostFields = 1'000;
  Form form;
  for (const std::string_view part : {body, query}) {
    if (part.empty()) continue;
    for (const std::string_view field : split(part, '&')) {
      if (field.empty()) continue;
      if (form.fields_.size() == kMostFields) return Error{Code::Invalid, fmt::format("more than {} parameters", kMostFields)};
      const std::size_t mark = field.find('=');
      auto name = decode_component(field.substr(0, mark));
      if (!name) return Error{Code::Invalid, "a parameter's name is not percent-encoded UTF-8"};
      auto value = decode_component(mark == std::string_view::npos ? std::string_view() : field.substr(mark + 1));
      if (!value) return Error{Code::Invalid, fmt::format("invalid parameter \"{}\": not percent-encoded UTF-8", *name)};
      form.fields_.emplace_back(*std::move(name), *std::move(value));
    }
  }
  return form;
}

std::string_view Form::get(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (key == name) return value;
  }
  return {};
}

std::vector<std::string_view> Form::all(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const auto& [key, value] : fields_) {
    if (key == name) out.emplace_back(value);
  }
  return out;
}

}  // namespace bongsu::http
