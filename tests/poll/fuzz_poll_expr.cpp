// SPDX-License-Identifier: Apache-2.0
#include "poll/expr.h"

namespace {

using namespace bongsu;

struct Row final : poll::RowView {
  Value value = Value::of_octets("12 ports");
  std::vector<std::uint32_t> arcs{1, 2};
  poll::Reading read(std::uint32_t) const override { return {.value = &value, .counter = 12.0, .growth = 3.0}; }
  const Value* find(std::uint32_t, std::span<const std::uint32_t>) const override { return &value; }
  std::span<const std::uint32_t> index() const override { return arcs; }
  std::string show(std::uint32_t, const Value& shown) const override { return shown.to_text(); }
  std::optional<std::string> index_part(int) const override { return std::nullopt; }
};

void bind(poll::Node& node) {
  if (node.op == poll::Node::Op::Symbol) node.op = poll::Node::Op::Leaf;
  for (poll::Node& kid : node.kids) bind(kid);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  auto parsed = bongsu::poll::parse_expr(source);
  if (const auto* error = std::get_if<bongsu::poll::ExprError>(&parsed)) {
    if (error->at > size || error->text.empty()) std::abort();  // a mistake has a place and a reason
    return 0;
  }
  auto node = std::get<bongsu::poll::Node>(std::move(parsed));
  bind(node);
  bongsu::poll::Trace trace;
  (void)bongsu::poll::evaluate(node, Row(), trace);
  return 0;
}
