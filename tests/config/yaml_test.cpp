// SPDX-License-Identifier: Apache-2.0
#include "config/yaml.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "config/profiles.h"

namespace bongsu::config {
namespace {

std::vector<std::string> problems_of(std::string_view text) {
  Problems problems;
  if (const auto node = parse_yaml(text, "f.yaml", problems)) {
    MapReader map(*node, "thing", problems);
    map.text("name");
    map.duration("interval");
    map.flag("on");
    map.done();
  }
  return problems.lines();
}

}  // namespace

TEST(Yaml, NamesThePlace) {
  const auto says = [](std::string_view text, std::vector<std::string> expected) {
    SCOPED_TRACE(text);
    EXPECT_EQ(expected, problems_of(text));
  };
  says("name: a\ninterval: 30s\non: true\n", {});
  says("name: a\nintreval: 30s\n", {"f.yaml:2:1: thing has no key \"intreval\"; did you mean \"interval\"?"});
  says("name: a\nname: b\n", {"f.yaml:2:1: key \"name\" stands twice; keep one"});
  says("name: &x a\n", {"f.yaml:1:7: anchors (&name) are not taken; write the value out"});
  says("on: no\n", {"f.yaml:1:5: on cannot be \"no\"; known: false, true"});
  says("interval: 30\n", {"f.yaml:1:11: interval: not a duration: \"30\"; write 30s, 5m, 1h30m, 7d, 4w or 3y"});
  says("- a\n", {"f.yaml:1:1: thing must be a map of keys, not a list"});
  says("name: [a\n",
       {"f.yaml:2:1: not YAML here: end of sequence flow not found; check indentation, colons and quotes around this place"});
  says("name: \"a\n",
       {"f.yaml:2:2: not YAML here: illegal EOF in scalar; check indentation, colons and quotes around this place"});
  says("name: 'a\non: true\n",
       {"f.yaml:3:2: not YAML here: illegal EOF in scalar; check indentation, colons and quotes around this place"});
  says(std::string_view("name: a\non: \0true\n", 18), {"f.yaml:2:1: a NUL octet; save the file as text in UTF-8"});
}

TEST(Yaml, KeepsTheEndOfTheText) {
  const auto name = [](std::string_view text) {
    Problems problems;
    const auto node = parse_yaml(text, "f.yaml", problems);
    EXPECT_TRUE(node) << (problems.empty() ? "" : problems.lines()[0]);
    return node && node->find("name") ? node->find("name")->scalar : "";
  };
  EXPECT_EQ("a", name("name: a"));
  EXPECT_EQ("a", name("name: a  # word"));
  EXPECT_EQ("a\nb\n", name("name: |\n  a\n  b\n"));
  EXPECT_EQ("a\nb", name("name: |-\n  a\n  b\n\n"));
  EXPECT_EQ("a b", name("name: \"a\n  b\"\n"));
}

TEST(Yaml, RefusesWhatIsTooDeepOrNotUtf8) {
  Problems deep;
  EXPECT_FALSE(parse_yaml(std::string(100'000, '['), "f.yaml", deep));
  EXPECT_EQ(1U, deep.size());
  Problems octets;
  EXPECT_FALSE(parse_yaml("a: b\nc: \xff\n", "f.yaml", octets));
  EXPECT_EQ(std::vector<std::string>{"f.yaml:2:1: not UTF-8; save the file as UTF-8"}, octets.lines());
}

TEST(Yaml, DoesNotWaitForAPipe) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "bongsu_pipe_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder / "profiles");
  const auto pipe = folder / "profiles" / "pipe.yaml";
  ASSERT_EQ(0, mkfifo(pipe.c_str(), 0600));
  std::filesystem::create_symlink("gone.yaml", folder / "profiles" / "dangling.yaml");
  Problems problems;
  EXPECT_FALSE(read_yaml(pipe, problems));
  read_profile_folders({folder}, problems);
  const auto says = [](const std::filesystem::path& file) {
    return file.string() + ": cannot be read; check that it is a file, there and readable";
  };
  EXPECT_EQ((std::vector<std::string>{says(folder / "profiles" / "dangling.yaml"), says(pipe), says(pipe)}), problems.lines());
  const auto node = parse_yaml("a: {file: pipe.yaml}\n", (folder / "profiles" / "f.yaml").string(), problems);
  ASSERT_TRUE(node);
  EXPECT_FALSE(MapReader(*node, "thing", problems).secret("a"));
  EXPECT_EQ(4U, problems.size());
  std::filesystem::remove_all(folder);
}

TEST(Yaml, RefusesAFileThatIsNoSecret) {
  const auto folder = std::filesystem::path(testing::TempDir());
  std::ofstream(folder / "huge_secret") << std::string(5000, 'x');
  std::ofstream(folder / "good_secret") << "public\n";
  Problems problems;
  const auto node = parse_yaml("a: {file: huge_secret}\nb: {file: good_secret}\n", (folder / "f.yaml").string(), problems);
  ASSERT_TRUE(node);
  MapReader map(*node, "thing", problems);
  EXPECT_FALSE(map.secret("a"));
  ASSERT_EQ(1U, problems.size());
  EXPECT_NE(std::string::npos, problems.lines()[0].find("huge_secret is larger than 4 KiB")) << problems.lines()[0];
  const auto good = map.secret("b");
  ASSERT_TRUE(good);
  EXPECT_EQ("public", good->reveal());
}

}  // namespace bongsu::config
