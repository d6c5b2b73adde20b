// SPDX-License-Identifier: Apache-2.0
#include "archive.h"

#include <gmock/gmock.h>

#include <map>

#include "base_modules.h"
#include "zip.h"

namespace bongsu::mibc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

struct Seen {
  Status status;
  std::map<std::string, std::string> files, refused;
};

Seen read(const std::string& octets, const ArchiveLimits& limits = {}) {
  Seen seen;
  seen.status = read_zip(octets, limits,
                         {[](std::string_view name) { return !name.starts_with("not"); },
                          [&](std::string_view name, std::string text) { seen.files[std::string(name)] = std::move(text); },
                          [&](std::string_view name, const std::string& why) { seen.refused[std::string(name)] = why; }});
  return seen;
}

TEST(Archive, ReadsStoredAndDeflatedFiles) {
  const std::string large(300'000, 'x');
  ZipWriter zip;
  zip.add("a.mib", "one").add("dir/", "").add("dir\\b.mib", large).add("./c", "three", {.stored = true}).add("not this", "x");
  for (const std::string& octets : {zip.done(), zip.done("a comment PK\5\6 behind")}) {
    const Seen seen = read(octets);
    EXPECT_TRUE(seen.status) << seen.status.error().text;
    EXPECT_THAT(seen.files, ElementsAre(Pair("a.mib", "one"), Pair("c", "three"), Pair("dir/b.mib", large)));
    EXPECT_TRUE(seen.refused.empty());
  }
  EXPECT_TRUE(read(ZipWriter().done()).status);  // empty
}

TEST(Archive, ABadFileCostsItselfAlone) {
  ZipWriter zip;
  zip.add("good", "text").add("../../etc/passwd", "x").add("dir/../../up", "x").add("secret", "x", {.flags = 1});
  zip.add("sum", "x", {.wrong_by = 1}).add("bomb", "x", {.says = 1U << 31}).add("short", "x", {.says = 100}).add("last", "y");
  const Seen seen = read(zip.done());
  EXPECT_TRUE(seen.status);
  EXPECT_THAT(seen.files, ElementsAre(Pair("good", "text"), Pair("last", "y")));
  EXPECT_THAT(seen.refused,
              ElementsAre(Pair("../../etc/passwd", HasSubstr("leads out")), Pair("bomb", HasSubstr("more than a MIB file")),
                          Pair("dir/../../up", HasSubstr("leads out")), Pair("secret", HasSubstr("encrypted")),
                          Pair("short", HasSubstr("does not unpack")), Pair("sum", HasSubstr("checksum"))));
}

TEST(Archive, RefusesWhatIsNoArchive) {
  const auto refuses = [](Code code, const std::string& octets, const ArchiveLimits& limits = {}) {
    const Seen seen = read(octets, limits);
    ASSERT_FALSE(seen.status);
    EXPECT_EQ(code, seen.status.error().code) << seen.status.error().text;
  };
  const std::string whole = ZipWriter().add("a", "one").add("b", "two").done();
  refuses(Code::Corrupt, "");
  refuses(Code::Corrupt, "A-MIB DEFINITIONS ::= BEGIN END");
  refuses(Code::Corrupt, whole.substr(0, whole.size() - 1));
  refuses(Code::Corrupt, whole.substr(1));
  refuses(Code::Limit, whole, {.files = 1});
  refuses(Code::Limit, whole, {.octets = 5});
  std::string many = whole;
  many[many.size() - 12] = many[many.size() - 11] = '\xff';
  refuses(Code::Unsupported, many);  // ZIP64 says its counts elsewhere
  std::string divided = whole;
  divided[divided.size() - 18] = 1;
  refuses(Code::Unsupported, divided);
}

}  // namespace
}  // namespace bongsu::mibc

namespace bongsu::mib {
namespace {

using ::testing::HasSubstr;

std::string leaf_module(std::string_view name, int number) {
  const std::string text(name);
  return text + "-MIB DEFINITIONS ::= BEGIN\nIMPORTS enterprises, OBJECT-TYPE, Integer32 FROM SNMPv2-SMI;\n" + text +
         "Leaf OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS read-only STATUS current DESCRIPTION \"d\" ::= { enterprises 7 " +
         std::to_string(number) + " }\nEND\n";
}

TEST(Archive, IsLoadedLikeAFolder) {
  const Folder folder;
  const std::string inner = ZipWriter().add("deep/d.my", leaf_module("d", 4)).done();
  const std::string bundle = ZipWriter()
                                 .add("v1/a.mib", leaf_module("a", 1))
                                 .add("v1/b.txt", leaf_module("b", 2) + leaf_module("c", 3))
                                 .add("__MACOSX/v1/a.mib", "junk")
                                 .add("read me.pdf", "junk")
                                 .add("more.ZIP", inner)
                                 .add("broken.mib", leaf_module("e", 5), {.wrong_by = 7})
                                 .done();
  folder.write("m/bundle.zip", bundle);
  folder.write("m/half.zip", bundle.substr(0, 100));
  const auto report = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(report) << report.error().text;
  for (const char* name : {"a-MIB::aLeaf", "b-MIB::bLeaf", "c-MIB::cLeaf", "d-MIB::dLeaf"})
    EXPECT_TRUE(report->tree->find(name)) << name;
  EXPECT_FALSE(report->tree->find("eLeaf"));
  std::string problems, files;
  for (const Problem& problem : report->tree->problems()) problems += problem.to_string() + "\n";
  EXPECT_THAT(problems, HasSubstr("m/bundle.zip/broken.mib: its checksum differs\n"));
  EXPECT_THAT(problems, HasSubstr("m/half.zip: this is no ZIP archive, or it is cut short; fetch it again\n"));
  for (const ModuleInfo& module : report->tree->modules()) files += std::string(module.file) + "\n";
  EXPECT_THAT(files, HasSubstr("m/bundle.zip/v1/b.txt\n"));
  EXPECT_THAT(files, HasSubstr("m/bundle.zip/more.ZIP/deep/d.my\n"));

  const auto again = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->reused);
  folder.write("m/bundle.zip", ZipWriter().add("v1/a.mib", leaf_module("a", 9)).done());
  const auto changed = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(changed);
  EXPECT_FALSE(changed->reused);
  EXPECT_EQ("1.3.6.1.4.1.7.9", changed->tree->find("aLeaf")->oid().to_string());
}

}  // namespace
}  // namespace bongsu::mib
