// SPDX-License-Identifier: Apache-2.0
#include "poll/expr.h"

#include <gtest/gtest.h>

#include <map>

namespace bongsu::poll {
namespace {

// Leaves by number: 0 and up are `values`.
struct TestRow final : RowView {
  std::vector<std::optional<Value>> values;
  std::vector<std::optional<double>> growths;
  std::vector<std::uint32_t> at{7};
  Reading read(std::uint32_t leaf) const override {
    Reading reading;
    if (values[leaf]) reading.value = &*values[leaf];
    if (leaf < growths.size()) reading.growth = growths[leaf];
    return reading;
  }
  const Value* find(std::uint32_t leaf, std::span<const std::uint32_t> index) const override {
    return index.size() == 1 && index[0] == 3 && values[leaf] ? &*values[leaf] : nullptr;
  }
  std::span<const std::uint32_t> index() const override { return at; }
  std::string show(std::uint32_t, const Value& value) const override { return "<" + value.to_text() + ">"; }
  std::optional<std::string> index_part(int part) const override {
    return part == 0 ? std::optional<std::string>("first") : std::nullopt;
  }
};

// Symbols a, b, c ... become leaves 0, 1, 2.
void bind(Node& node) {
  if (node.op == Node::Op::Symbol) node.op = Node::Op::Leaf;
  if (node.op == Node::Op::Leaf || node.op == Node::Op::Lookup) node.leaf = static_cast<std::uint32_t>(node.text[0] - 'a');
  for (Node& kid : node.kids) bind(kid);
}

std::string run(const std::string& source, const TestRow& row) {
  auto parsed = parse_expr(source);
  if (const auto* error = std::get_if<ExprError>(&parsed)) return "error " + std::to_string(error->at) + ": " + error->text;
  Node node = std::get<Node>(std::move(parsed));
  bind(node);
  Trace trace;
  const Cell cell = evaluate(node, row, trace);
  return cell.index() == 0 ? "none" : to_text(cell);
}

TEST(Expr, Evaluates) {
  TestRow row;
  row.values = {Value::of_integer(6),
                Value::of_number(ValueType::Gauge32, 4),
                std::nullopt,
                Value::of_octets("Linux web1 5.10"),
                Value::of_oid(Oid{1, 3, 6}),
                Value::of_octets(std::string("\x00\x1b\x21\xff\x01\x02", 6)),
                Value::of_octets("12.5")};
  row.growths = {60.0};
  const auto gives = [&](const std::string& expected, const std::string& source) {
    SCOPED_TRACE(source);
    EXPECT_EQ(expected, run(source, row));
  };
  gives("14", "2 + 3 * 4");
  gives("20", "(2 + 3) * 4");
  gives("-1", "2 - 3");
  gives("2.5", "a - b + 0.5");
  gives("66.66666666666667", "100 * b / a");
  gives("none", "100 * b / 0");
  gives("none", "a + c");
  gives("4", "c ?? b");
  gives("4", "b ?? c + a");  // ?? is wider than +
  gives("none", "c ?? none");
  gives("10", "total(a, c, b)");
  gives("none", "total(c)");
  gives("6", "max(b, a, c)");
  gives("4", "min(a, b)");
  gives("1", "a == 6 && b != 6");
  gives("0", "a in (1, 2, 3)");
  gives("1", "a in (1, 6)");
  gives("none", "c == 1");
  gives("yes", "c == 1 ? 'no' : 'yes'");
  gives("1", "d =~ '^Linux '");
  gives("none", "c =~ 'x'");
  gives("5.10", "capture(d, ' ([0-9.]+)$')");
  gives("web1", "capture(d, '^(\\S+) (\\S+)', 2)");
  gives("none", "capture(d, 'Windows (.*)')");
  gives("linux web1 5.10", "lower(d)");
  gives("1", "e == '1.3.6'");
  gives("00:1b:21:ff:01:02", "mac(f)");
  gives("none", "mac(d)");
  gives("25", "g * 2");
  gives("7", "index");
  gives("first", "index(1)");
  gives("4", "b[3]");
  gives("none", "b[4]");
  gives("<6>", "show(a)");
  gives("60", "delta(a)");
  gives("none", "delta(b)");
  gives("1", "bit(a, 1)");
  gives("0", "bit(a, 0)");
  gives("1", "exists(a) && !exists(c)");
  gives("2", "round(1.6)");
  gives("b", "0 ? 'a' : 1 ? 'b' : 'c'");
  gives("0.5", "5e-1");
}

// RFC 2579 DateAndTime: 1992-5-26,13:30:15.0,-4:0 is the example there.
TEST(Expr, ReadsTheClockOfADevice) {
  const auto gives = [](const std::string& expected, const std::vector<int>& octets) {
    std::string text;
    for (const int octet : octets) text += static_cast<char>(octet);
    TestRow row;
    row.values = {Value::of_octets(text)};
    EXPECT_EQ(expected, run("epoch(a)", row));
  };
  gives("706901415", {0x07, 0xc8, 5, 26, 13, 30, 15, 0, '-', 4, 0});
  gives("0", {0x07, 0xb2, 1, 1, 9, 0, 0, 0, '+', 9, 0});
  gives("1709164799.9", {0x07, 0xe8, 2, 28, 23, 59, 59, 9, '+', 0, 0});
  gives("none", {0x07, 0xc8, 5, 26, 13, 30, 15, 0});  // whose clock nobody knows
  gives("none", {0x07, 0xe9, 2, 29, 0, 0, 0, 0, '+', 0, 0});
  gives("none", {0x07, 0xe8, 0, 28, 0, 0, 0, 0, '+', 0, 0});
  gives("none", {0x07, 0xe8, 2, 28, 24, 0, 0, 0, '+', 0, 0});
  gives("none", {0x07, 0xe8, 2, 28, 0, 0, 0, 0, 'x', 0, 0});
  gives("none", {});
}

TEST(Expr, NamesWhatIsWrongAndWhere) {
  const auto says = [](const std::string& expected, const std::string& source) {
    SCOPED_TRACE(source);
    EXPECT_EQ(expected, run(source, TestRow()));
  };
  says("error 3: a value is missing at the end", "1 +");
  says("error 2: 'a' is not expected here", "1 a");
  says("error 0: there is no function 'maxx'; did you mean 'max'?", "maxx(1)");
  says("error 0: bit() takes 2 arguments, not 1", "bit(1)");
  says("error 4: the text that begins here is not closed", "1 + 'a");
  says("error 4: ')' is missing at the end", "(1+2");
  says("error 2: the character '&' has no meaning here", "1 & 2");
  says("error 0: '1.3.6' is not a number; an OID is written with a dot in front", "1.3.6");
  says("error 0: longer than 4096 octets: split it with `let`", std::string(5000, ' '));
  EXPECT_TRUE(run(std::string(2000, '(') + "1", TestRow()).ends_with("nested more than 64 levels deep"));
  EXPECT_TRUE(run(std::string(2000, '-') + "1", TestRow()).ends_with("nested more than 64 levels deep"));
  EXPECT_TRUE(run("'a' =~ '('", TestRow()).starts_with("error 7: the pattern '(' cannot be read"));
}

TEST(Expr, ReadsNamesWithModulesAndInstances) {
  for (const std::string name : {"IF-MIB::ifName", "sysUpTime.0", ".1.3.6.1.2.1.1.3.0", "ifName", "SNMPv2-MIB::sysDescr.0"}) {
    auto parsed = parse_expr(name + " - 1");
    ASSERT_TRUE(std::holds_alternative<Node>(parsed)) << name;
    EXPECT_EQ(name, std::get<Node>(parsed).kids[0].text);
  }
}

}  // namespace
}  // namespace bongsu::poll
