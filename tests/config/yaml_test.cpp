// SPDX-License-Identifier: Apache-2.0
#include "config/yaml.h"

#include <gtest/gtest.h>

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
}

TEST(Yaml, RefusesWhatIsTooDeepOrNotUtf8) {
  Problems deep;
  EXPECT_FALSE(parse_yaml(std::string(100'000, '['), "f.yaml", deep));
  EXPECT_EQ(1U, deep.size());
  Problems octets;
  EXPECT_FALSE(parse_yaml("a: b\nc: \xff\n", "f.yaml", octets));
  EXPECT_EQ(std::vector<std::string>{"f.yaml:2:1: not UTF-8; save the file as UTF-8"}, octets.lines());
}

}  // namespace bongsu::config
