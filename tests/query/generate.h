// SPDX-License-Identifier: Apache-2.0
// Random PromQL that releases 2 and 3 of Prometheus understand alike, as trees that can be made smaller.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"

namespace bongsu::query {

struct Tree {
  enum class Type { Vector, Range, Scalar };
  Type type = Type::Vector;
  std::string text;  // with $0, $1 ... where the kids stand
  std::vector<std::unique_ptr<Tree>> kids;

  std::string show() const;
  std::unique_ptr<Tree> copy() const;
};

std::unique_ptr<Tree> generate(Random& random, Tree::Type type, int depth);
// Every tree that is `tree` with one node replaced by something smaller; the boldest first.
std::vector<std::unique_ptr<Tree>> smaller(const Tree& tree);

}  // namespace bongsu::query
