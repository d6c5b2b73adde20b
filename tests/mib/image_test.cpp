// SPDX-License-Identifier: Apache-2.0
#include "mib/image.h"

#include <cstring>

#include "base_modules.h"

namespace bongsu::mib {
namespace {

ObjectRecord object(ImageBuilder& image, std::string_view name, std::uint32_t parent, std::uint32_t subid) {
  ObjectRecord record{};
  record.name = image.text(name);
  record.module = kNone;
  record.parent = parent;
  record.subid = subid;
  record.augments = kNone;
  return record;
}

ImageBuilder small() {
  ImageBuilder image;
  image.modules.push_back({image.text("A-MIB"), image.text("a.txt"), 0, 2, 2});
  image.objects.push_back(object(image, "b", 1, 9));  // children may come before parents
  image.objects.push_back(object(image, "a", kNone, 1));
  image.objects.push_back(object(image, "c", 1, 3));
  image.names = {{0, kNone}, {0, 0}, {1, kNone}, {2, kNone}};
  return image;
}

TEST(Image, NumbersAndNamesComeBack) {
  std::size_t too_deep = 0;
  const auto tree = Tree::from_bytes(small().build(42, too_deep));
  ASSERT_TRUE(tree) << tree.error().text;
  EXPECT_EQ(42u, (*tree)->content_key());
  EXPECT_EQ("1.9", (*tree)->find("b")->oid().to_string());
  EXPECT_EQ("1.9", (*tree)->find("A-MIB::b")->oid().to_string());
  EXPECT_FALSE((*tree)->find("A-MIB::c"));
  EXPECT_FALSE((*tree)->find("d"));
  EXPECT_FALSE((*tree)->find(""));
  EXPECT_FALSE((*tree)->find("::b"));
  ASSERT_EQ(2u, (*tree)->find("a")->children().size());
  EXPECT_EQ("c", (*tree)->find("a")->children()[0].name);
}

TEST(Image, LeavesOutWhatIsDeeperThanAnOidCanBe) {
  ImageBuilder image;
  for (std::uint32_t i = 0; i < 5'000; ++i)
    image.objects.push_back(object(image, "n" + std::to_string(i), i == 0 ? kNone : i - 1, 1));
  for (std::uint32_t i = 0; i < 5'000; ++i) image.names.push_back({i, kNone});
  std::size_t too_deep = 0;
  const auto tree = Tree::from_bytes(image.build(1, too_deep));
  ASSERT_TRUE(tree) << tree.error().text;
  EXPECT_EQ(5'000 - kMaxDepth, too_deep);
  EXPECT_EQ(kMaxDepth, (*tree)->find("n127")->oid().size());
  EXPECT_FALSE((*tree)->find("n128"));
}

TEST(Image, AnEmptyOneIsTaken) {
  std::size_t too_deep = 0;
  const auto tree = Tree::from_bytes(ImageBuilder().build(1, too_deep));
  ASSERT_TRUE(tree) << tree.error().text;
  EXPECT_EQ(0u, (*tree)->size());
  EXPECT_FALSE((*tree)->find("a"));
}

TEST(Image, RefusesAnyChange) {
  std::size_t too_deep = 0;
  const auto good = small().build(42, too_deep);
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto bad = good;
    bad[at] ^= 1;
    const auto tree = Tree::from_bytes(bad);
    if (at >= 16 && at < 24) {  // the key alone may be anything
      EXPECT_TRUE(tree);
      continue;
    }
    if (tree) {
      // Bits of the section table are outside the checksum; what still opens must still be whole.
      EXPECT_LT(at, sizeof(Header)) << "octet " << at;
      continue;
    }
    EXPECT_TRUE(tree.error().code == Code::Corrupt || tree.error().code == Code::Unsupported);
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(Tree::from_bytes({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)})) << size;
  }
}

TEST(Image, RefusesWrongNumbersUnderARightChecksum) {
  std::size_t too_deep = 0;
  const auto good = small().build(42, too_deep);
  Header header;
  std::memcpy(&header, good.data(), sizeof header);
  const auto refuses = [&](std::size_t object_number, std::size_t field, std::uint32_t value) {
    SCOPED_TRACE(field);
    auto bad = good;
    std::memcpy(bad.data() + header.sections[kObjects].at + object_number * sizeof(ObjectRecord) + field, &value, 4);
    seal_image(bad);
    const auto tree = Tree::from_bytes(bad);
    ASSERT_FALSE(tree);
    EXPECT_EQ(Code::Corrupt, tree.error().code);
  };
  refuses(0, offsetof(ObjectRecord, name), 0xfffffff0);
  refuses(1, offsetof(ObjectRecord, parent), 1);  // its own parent
  refuses(1, offsetof(ObjectRecord, parent), 7);
  refuses(0, offsetof(ObjectRecord, first_child), 0);  // a ring
  refuses(0, offsetof(ObjectRecord, children), 0xffffffff);
  refuses(0, offsetof(ObjectRecord, children), 1);  // one child that nobody has
  refuses(2, offsetof(ObjectRecord, subid), 1);     // out of order
  refuses(0, offsetof(ObjectRecord, module), 1);
  refuses(0, offsetof(ObjectRecord, enums), 1);
  refuses(0, offsetof(ObjectRecord, first_ref), 0xffffffff);
  refuses(0, offsetof(ObjectRecord, augments), 3);
  refuses(0, offsetof(ObjectRecord, kind), 0x000000ff);
  refuses(1, offsetof(ObjectRecord, depth), 1);
}

TEST(Image, AMissingFileIsNotFound) {
  const Folder folder;
  const auto none = Tree::open(folder / "none.img");
  ASSERT_FALSE(none);
  EXPECT_EQ(Code::NotFound, none.error().code);
  EXPECT_EQ(Code::Corrupt, Tree::open(folder.write("short.img", "BNGS")).error().code);
}

}  // namespace
}  // namespace bongsu::mib
