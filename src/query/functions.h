// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "query/ast.h"

namespace bongsu::query {

// What a PromQL function takes and gives. `args` beyond `required` may be left out; with `endless` the last may be repeated.
struct Function {
  std::string_view name;
  ValueType returns;
  std::vector<ValueType> args;
  std::size_t required;
  bool endless = false;
};

// Sorted by name.
std::span<const Function> functions();
const Function* find_function(std::string_view name);  // nothing when there is none

}  // namespace bongsu::query
