// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <functional>
#include <random>

#include "base/text.h"
#include "base_modules.h"

// Sound modules are made at random, each gets one sin that vendors commit, and all are compiled together: a sin costs at most
// the definition that it stands in, and is told where it costs something.
namespace bongsu::mib {
namespace {

struct Thing {
  std::string name, type, body, where;  // "name OBJECT-TYPE body ::= { where }"
  std::string text() const { return name + " " + type + " " + body + "\n  ::= { " + where + " }\n"; }
};

struct Module {
  std::string name;
  int number = 0;
  std::vector<std::string> before, after;  // the module
  std::string imports, semicolon = ";", end = "END\n";
  std::vector<Thing> things;
  std::string text() const {
    std::string out = join(before) + name + " DEFINITIONS ::= BEGIN\nIMPORTS\n  " + imports + semicolon + "\n";
    for (const Thing& thing : things) out += thing.text();
    return out + end + join(after);
  }
  static std::string join(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) out += line + "\n";
    return out;
  }
};

constexpr std::string_view kSmi = "enterprises, OBJECT-TYPE, Integer32, Unsigned32, NOTIFICATION-TYPE FROM SNMPv2-SMI";
constexpr std::string_view kTc = "\n  DisplayString, TruthValue FROM SNMPv2-TC";

std::string clauses(std::string_view syntax, std::string_view description = "what it is") {
  return "SYNTAX " + std::string(syntax) + "\n  MAX-ACCESS read-only\n  STATUS current\n  DESCRIPTION \"" +
         std::string(description) + "\"";
}

// The root, three scalars, a table with three columns, a notification; `sinner` is one of the scalars.
Module sound(int number, std::mt19937& random) {
  const std::string tag = "s" + std::to_string(number);
  Module module{.name = "S" + std::to_string(number) + "-MIB",
                .number = number,
                .imports = std::string(kSmi) + std::string(kTc),
                .things = {}};
  const auto add = [&](const std::string& name, const std::string& type, const std::string& body, const std::string& where) {
    module.things.push_back({name, type, body, where});
  };
  add(tag + "Root", "OBJECT IDENTIFIER", "", "enterprises 99999 " + std::to_string(number));
  const std::string_view syntaxes[] = {"Integer32 (0..100)", "DisplayString (SIZE (0..32))", "TruthValue",
                                       "INTEGER { up(1), down(2), unknown(3) }", "Unsigned32"};
  for (int i = 1; i <= 3; ++i)
    add(tag + "Leaf" + std::to_string(i), "OBJECT-TYPE", clauses(syntaxes[random() % 5]), tag + "Root " + std::to_string(i));
  const std::string row = static_cast<char>(tag[0] - 0x20) + tag.substr(1) + "Entry";
  add(tag + "Table", "OBJECT-TYPE", "SYNTAX SEQUENCE OF " + row + " MAX-ACCESS not-accessible STATUS current DESCRIPTION \"\"",
      tag + "Root 4");
  add(tag + "Entry", "OBJECT-TYPE",
      "SYNTAX " + row + " MAX-ACCESS not-accessible STATUS current DESCRIPTION \"\" INDEX { " + tag + "Index }", tag + "Table 1");
  add(tag + "Index", "OBJECT-TYPE", clauses("Integer32 (1..2147483647)"), tag + "Entry 1");
  add(tag + "Value", "OBJECT-TYPE", clauses(syntaxes[random() % 5]), tag + "Entry 2");
  add(tag + "Event", "NOTIFICATION-TYPE", "OBJECTS { " + tag + "Value } STATUS current DESCRIPTION \"\"", tag + "Root 0 1");
  return module;
}

struct Sin {
  const char* what;
  std::function<void(Module&, Thing&)> commit;
  bool costs = false;  // the definition that it stands in
  bool told = true;
};

void replace(std::string& text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  ASSERT_NE(std::string::npos, at) << from << " in " << text;
  text.replace(at, from.size(), to);
}

const std::vector<Sin>& sins() {
  static const std::vector<Sin> list = {
      {"none", [](Module&, Thing&) {}, false, false},
      {"underscores", [](Module&, Thing& t) { t.name += "_x_y"; }, false, false},
      {"dashes in a comment", [](Module&, Thing& t) { t.body = "-- a -- b -- c\n" + t.body; }, false, false},
      {"a comment of dashes", [](Module&, Thing& t) { t.body = "-----------\n" + t.body; }, false, false},
      {"no import of enterprises", [](Module& m, Thing&) { replace(m.imports, "enterprises, ", ""); }},
      {"no import of a macro", [](Module& m, Thing&) { replace(m.imports, "OBJECT-TYPE, ", ""); }, false, false},
      {"no import of a base type", [](Module& m, Thing&) { replace(m.imports, "Integer32, ", ""); }, false, false},
      {"no imports from the TC module",
       [](Module& m, Thing& t) {
         m.imports = kSmi;
         t.body = clauses("DisplayString");
       }},
      {"an import from the wrong module",
       [](Module& m, Thing&) {
         replace(m.imports, "enterprises, ", "");
         m.imports += "\n  enterprises FROM RFC1213-MIB";
       }},
      {"an import from nowhere", [](Module& m, Thing&) { m.imports += "\n  noSuchThing FROM NO-SUCH-MIB"; }},
      {"no ; behind IMPORTS", [](Module& m, Thing&) { m.semicolon = ""; }},
      {"a wrong case of a macro", [](Module&, Thing& t) { t.type = "Object-Type"; }},
      {"a wrong case of a clause", [](Module&, Thing& t) { replace(t.body, "MAX-ACCESS", "Max-Access"); }},
      {"a wrong case of access", [](Module&, Thing& t) { replace(t.body, "read-only", "Read-Only"); }},
      {"a wrong case of status", [](Module&, Thing& t) { replace(t.body, "current", "Current"); }},
      {"an access that is none", [](Module&, Thing& t) { replace(t.body, "read-only", "sometimes"); }},
      {"a status that is none", [](Module&, Thing& t) { replace(t.body, "current", "fine"); }},
      {"an access of SMIv1", [](Module&, Thing& t) { replace(t.body, "MAX-ACCESS", "ACCESS"); }, false, false},
      {"CR before LF",
       [](Module&, Thing& t) {
         for (auto at = t.body.find('\n'); at != std::string::npos; at = t.body.find('\n', at + 2)) t.body.insert(at, "\r");
       },
       false, false},
      {"Latin-1",
       [](Module&, Thing& t) {
         replace(t.body, "what it is",
                 "Gr\xfc\xdf"
                 "e");
       },
       false, false},
      {"octets of no text", [](Module&, Thing& t) { replace(t.body, "what it is", "\x01\x02\xfe\xff"); }, false, false},
      {"no line end at the end", [](Module& m, Thing&) { m.end = "END"; }, false, false},
      {"no END", [](Module& m, Thing&) { m.end = ""; }},
      {"a DOS end of file", [](Module& m, Thing&) { m.after = {"\x1a"}; }, false, false},
      {"a byte order mark", [](Module& m, Thing&) { m.before = {"\xef\xbb\xbf"}; }, false, false},
      {"a mail around it",
       [](Module& m, Thing&) {
         m.before = {"From: support@acme.example", "Subject: it's the \"new\" MIB", ""};
         m.after = {"-- ", "Kind regards, the vendor's team"};
       },
       false, false},
      {"another module behind it",
       [](Module& m, Thing&) {
         m.after = {"OTHER" + std::to_string(m.number) + "-MIB DEFINITIONS ::= BEGIN", "END"};
       },
       false, false},
      {"quotes in a description", [](Module&, Thing& t) { replace(t.body, "what it is", "the \"up\" state, see \"x\"."); }},
      {"a long description", [](Module&, Thing& t) { replace(t.body, "what it is", std::string(10'000, 'x')); }, false, false},
      {"a description that is not closed", [](Module&, Thing& t) { replace(t.body, "what it is\"", "what it is"); }},
      {"no quotes around a description", [](Module&, Thing& t) { replace(t.body, "\"what it is\"", "what it is"); }},
      {"an enumeration with a range", [](Module&, Thing& t) { t.body = clauses("INTEGER { a(1), b(2) } (1..2)"); }},
      {"no comma in an enumeration", [](Module&, Thing& t) { t.body = clauses("INTEGER { a(1) b(2) }"); }},
      {"a comma behind an enumeration", [](Module&, Thing& t) { t.body = clauses("INTEGER { a(1), b(2), }"); }, false, false},
      {"an empty enumeration", [](Module&, Thing& t) { t.body = clauses("INTEGER { }"); }},
      {"an enumeration that is not closed", [](Module&, Thing& t) { t.body = clauses("INTEGER { a(1), b(2)"); }},
      {"a large enumeration value", [](Module&, Thing& t) { t.body = clauses("INTEGER { a(1), b(99999999999) }"); }},
      {"bounds the wrong way round", [](Module&, Thing& t) { t.body = clauses("Integer32 (100..1)"); }},
      {"bounds with a dash", [](Module&, Thing& t) { t.body = clauses("Integer32 (1 -100)"); }},
      {"SIZE without brackets", [](Module&, Thing& t) { t.body = clauses("DisplayString SIZE (0..9)"); }},
      {"bounds that are not closed", [](Module&, Thing& t) { t.body = clauses("Integer32 (1..5"); }},
      {"bounds past 32 bits", [](Module&, Thing& t) { t.body = clauses("Unsigned32 (0..4294967295)"); }, false, false},
      {"a type that nobody defines", [](Module&, Thing& t) { t.body = clauses("NoSuchType"); }, true},
      {"no SYNTAX", [](Module&, Thing& t) { t.body = "MAX-ACCESS read-only STATUS current DESCRIPTION \"\""; }, true},
      {"no number", [](Module&, Thing& t) { t.where = ""; }, true},
      {"no ::=",
       [](Module&, Thing& t) {
         t.body += " -- ";
         t.where = "";
       },
       true},
      {"a parent that nobody defines", [](Module&, Thing& t) { t.where = "nobodysRoot 7"; }, true},
      {"itself for a parent", [](Module&, Thing& t) { t.where = t.name + " 7"; }, true},
      {"a comma in the number", [](Module&, Thing& t) { t.where.insert(t.where.find(' '), ","); }},
      {"words between definitions", [](Module&, Thing& t) { t.name = "these words are prose\n" + t.name; }},
      {"a definition twice", [](Module& m, Thing& t) { m.things.push_back(t); }},
      {"a nameless definition", [](Module&, Thing& t) { t.name = ""; }, true},
  };
  return list;
}

TEST(Sins, EachCostsOnlyWhatItTouches) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const Folder folder;
  struct Made {
    const Sin* sin;
    Module before;
    std::string touched, file;
  };
  std::vector<Made> all;
  int number = 1;
  for (const Sin& sin : sins()) {
    for (int round = 0; round < 3; ++round, ++number) {
      Module module = sound(number, random);
      Made made{&sin, module, {}, "m/" + std::to_string(number) + ".mib"};
      const std::size_t at = 1 + random() % 3;
      made.touched = module.things[at].name;
      sin.commit(module, module.things[at]);
      if (!sin.costs) {
        // The name may be part of the sin.
        const std::string& name = module.things[at].name;
        made.before.things[at].name = name.substr(name.rfind('\n') + 1);
      }
      folder.write(made.file, module.text());
      all.push_back(std::move(made));
    }
  }
  const auto report = compile_into(folder, {kBaseModules, folder / "m"});
  ASSERT_TRUE(report) << report.error().text;
  const Tree& tree = *report->tree;
  for (const Made& made : all) {
    SCOPED_TRACE(made.sin->what + (" in " + made.file));
    std::string told;
    bool placed = false;
    for (const Problem& problem : tree.problems()) {
      if (problem.file != (folder / made.file).string()) continue;
      told += problem.to_string() + "\n";
      placed = placed || problem.line != 0;
    }
    const std::string prefix = "1.3.6.1.4.1.99999." + std::to_string(made.before.number);
    const char* places[] = {"", ".1", ".2", ".3", ".4", ".4.1", ".4.1.1", ".4.1.2", ".0.1"};
    for (std::size_t i = 0; i < made.before.things.size(); ++i) {
      const std::string& name = made.before.things[i].name;
      const auto object = tree.find(made.before.name + "::" + name);
      if (made.sin->costs && name == made.touched) continue;
      ASSERT_TRUE(object) << name << "\n" << told;
      EXPECT_EQ(prefix + places[i], object->oid().to_string()) << name;
    }
    EXPECT_EQ(made.sin->told, placed) << told;
  }
  // What the mended text says.
  const auto of = [&](const char* what) {
    for (const Made& made : all) {
      if (made.sin->what == std::string_view(what)) return *tree.find(made.touched);
    }
    ADD_FAILURE() << what;
    return tree.at(0);
  };
  using Enums = std::vector<std::pair<std::string_view, std::int64_t>>;
  const auto enums = [&](const char* what) {
    Enums out;
    for (const EnumItem& item : of(what).enums()) out.emplace_back(item.label, item.value);
    return out;
  };
  for (const char* what : {"an enumeration with a range", "no comma in an enumeration", "a comma behind an enumeration",
                           "an enumeration that is not closed"})
    EXPECT_EQ((Enums{{"a", 1}, {"b", 2}}), enums(what)) << what;
  EXPECT_EQ((Enums{{"a", 1}}), enums("a large enumeration value"));
  EXPECT_EQ(std::string(10'000, 'x'), of("a long description").description);
  EXPECT_EQ(
      "Gr\xc3\xbc\xc3\x9f"
      "e",
      of("Latin-1").description);
  EXPECT_EQ("the \"up\" state, see \"x\".", of("quotes in a description").description);
  EXPECT_EQ(Access::ReadOnly, of("a wrong case of a clause").access);
  EXPECT_EQ(Access::ReadOnly, of("a wrong case of access").access);
  EXPECT_EQ(Access::ReadOnly, of("an access of SMIv1").access);
  EXPECT_EQ(DefStatus::Current, of("a wrong case of status").status);
  EXPECT_EQ(4'294'967'295, of("bounds past 32 bits").ranges().at(0).high);
  EXPECT_EQ(1, of("bounds the wrong way round").ranges().at(0).low);
  EXPECT_EQ("DisplayString", of("no imports from the TC module").convention);
}

}  // namespace
}  // namespace bongsu::mib
