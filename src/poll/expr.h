// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "model/marker.h"
#include "model/oid.h"
#include "model/varbind.h"

// Expressions of profiles: how raw objects become a value, a label, a condition. Written in rules/profiles/README.md.
namespace bongsu::poll {

// What an expression gives: nothing, a number, a text, an OID.
using Cell = std::variant<std::monostate, double, std::string, Oid>;

// One step of an expression. Leaves are objects by number in the group that the expression belongs to.
struct Node {
  enum class Op : std::uint8_t {
    None,
    Number,
    Text,
    Symbol,
    Lookup,
    Leaf,
    Name,
    Index,
    Coalesce,
    Or,
    And,
    Not,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Matches,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Negate,
    If,
    Min,
    Max,
    Total,
    Delta,
    Capture,
    Lower,
    Trim,
    Bit,
    Exists,
    Show,
    Mac,
    Address,
    Round,
    Abs,
    Log10,
    Power,
    Numeral,
    Epoch,
    Count,
    Sum
  };
  Op op = Op::None;
  double number = 0;  // Number; Capture: the group of the pattern; Index: which part, -1 for all
  std::string text;   // Text; Symbol and Lookup: the name as written
  std::uint32_t leaf = 0;
  Oid oid;             // Name
  std::size_t at = 0;  // octet of the source
  std::shared_ptr<const re2::RE2> regex;
  std::vector<Node> kids;
};

struct ExprError {
  std::size_t at = 0;
  std::string text;
};
// Reads an expression; names are left as Symbols. At most 4 KiB and 64 levels deep.
std::variant<Node, ExprError> parse_expr(std::string_view source);

// One object of a row, as an expression sees it.
struct Reading {
  const Value* value = nullptr;   // nothing: the row does not have it
  std::optional<double> counter;  // of a counter: monotonic and 64 bits wide; else the value counts
  std::optional<double> growth;   // since the reading before
  bool fetched = true;            // false: not asked for this time
};

// What an expression is evaluated on: one row, or the scalars of a group.
class RowView {
 public:
  virtual ~RowView() = default;
  virtual Reading read(std::uint32_t leaf) const = 0;
  virtual const Value* find(std::uint32_t leaf, std::span<const std::uint32_t> index) const = 0;  // in another table
  virtual std::span<const std::uint32_t> index() const = 0;
  virtual std::string show(std::uint32_t leaf, const Value& value) const = 0;  // by its enumeration or display hint
  virtual std::optional<std::string> index_part(int part) const = 0;           // decoded as the INDEX says
  // Why an object that is not there may exist all the same: the agent failed while its column was read.
  virtual std::optional<GapCause> lacks(std::uint32_t) const { return std::nullopt; }
};

// What was read on the way; kept by the caller.
struct Trace {
  std::vector<std::uint32_t> used;       // leaves that gave a value, in order
  std::vector<std::uint32_t> looked_up;  // leaves of other tables that gave one
  bool missed = false;                   // a leaf was needed that was not asked for
  std::optional<GapCause> lacks;         // of the first leaf without a value that has one: RowView::lacks()
  void clear() {
    used.clear();
    looked_up.clear();
    missed = false;
    lacks.reset();
  }
};

Cell evaluate(const Node& node, const RowView& row, Trace& trace);
// As a number: texts that read as one too. Nothing for the rest, for NaN and for infinities.
std::optional<double> to_number(const Cell& cell);
bool is_true(const Cell& cell);
std::string to_text(const Cell& cell);  // empty for nothing

}  // namespace bongsu::poll
