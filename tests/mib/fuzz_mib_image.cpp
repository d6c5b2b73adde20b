// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <set>

#include "mib/image.h"

// An image with a right checksum and any content: it is refused, or everything in it can be read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bongsu;
  using namespace bongsu::mib;
  std::vector<std::uint8_t> bytes(data, data + size);
  if (bytes.size() >= sizeof(Header)) seal_image(bytes);
  const auto opened = Tree::from_bytes(std::move(bytes));
  if (!opened) return 0;
  const Tree& tree = **opened;
  const Value values[] = {Value::of_integer(3), Value::of_octets(std::string("\x80\x00text", 6)),
                          Value::of_number(ValueType::Counter64, UINT64_MAX)};
  // Names of several modules may share a number; the first is then found for all.
  std::set<Oid> numbers;
  for (std::uint32_t i = 0; i < tree.size(); ++i) numbers.insert(tree.at(i).oid());
  const bool shared = numbers.size() != tree.size();
  for (std::uint32_t i = 0; i < tree.size(); ++i) {
    const Object object = tree.at(i);
    const Oid oid = object.oid();
    std::size_t used = 0;
    // A named instance, such as sysUpTimeInstance, is found as its object.
    const auto found = object.name.empty() ? std::nullopt : tree.find(oid.arcs(), &used);
    const bool instance = found && object.kind == Kind::Node && used < oid.size() && found->type != Syntax::None;
    if (!object.name.empty() && !shared && used != oid.size() && !instance) std::abort();
    if (found && !oid.starts_with(found->oid())) std::abort();
    const std::string name = tree.name_of(oid + 3);
    (void)tree.resolve(name);
    for (const Value& value : values) (void)tree.format(object, value);
    for (const NamedRef& ref : object.index()) (void)ref.name.size();
    (void)object.objects();
    (void)object.ranges();
    (void)object.augments();
    (void)object.children();
    const std::uint32_t suffix[] = {3, 97, 98, 99, 4, 10, 0, 0, 1};
    (void)tree.index_labels(object, suffix);
  }
  (void)tree.modules();
  (void)tree.problems();
  return 0;
}
