// SPDX-License-Identifier: Apache-2.0
// Whatever the compiler is fed: who asks for it gets a whole tree or an error, and the sound modules beside keep their objects.
// One round in ctest; at length:
//   BONGSU_MIB_MUTATION_SECONDS=3600 [BONGSU_MIB_MUTATION_SEED=7] [BONGSU_MIB_MUTATION_FOLDER=MIBS] test_mib
//   --gtest_filter='Mutation.*'
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "base/text.h"
#include "base_modules.h"
#include "mib/scan.h"
#include "zip.h"

namespace bongsu::mib {
namespace {

std::uint64_t setting(const char* name, std::uint64_t without) {
  const char* said = std::getenv(name);
  return said == nullptr ? without : parse_unsigned(said).value_or(without);
}

std::vector<std::string> originals() {
  const char* folder = std::getenv("BONGSU_MIB_MUTATION_FOLDER");
  std::vector<std::string> unreadable, texts;
  for (const auto& file : list_files({folder == nullptr ? kBaseModules : std::filesystem::path(folder)}, unreadable)) {
    if (auto text = read_text(file); text && !text->empty() && text->size() < 200'000) texts.push_back(*std::move(text));
  }
  return texts;
}

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  std::string mutant(const std::vector<std::string>& texts) {
    std::string text = texts[below(texts.size())];
    for (std::size_t step = 1 + below(6); step != 0; --step) mutate(text, texts[below(texts.size())]);
    return text;
  }

 private:
  void mutate(std::string& text, const std::string& other) {
    static constexpr std::string_view kWords[] = {"{",
                                                  "}",
                                                  "(",
                                                  ")",
                                                  "::=",
                                                  "\"",
                                                  "--",
                                                  ";",
                                                  ",",
                                                  "..",
                                                  "|",
                                                  "'",
                                                  "BEGIN",
                                                  "END",
                                                  "IMPORTS",
                                                  "FROM",
                                                  "SEQUENCE OF",
                                                  "OBJECT IDENTIFIER",
                                                  "OBJECT-TYPE",
                                                  "MACRO",
                                                  "MODULE-IDENTITY",
                                                  "TEXTUAL-CONVENTION",
                                                  "SYNTAX",
                                                  "INDEX",
                                                  "AUGMENTS",
                                                  "DEFVAL",
                                                  "BITS",
                                                  "CHOICE",
                                                  "-9223372036854775809",
                                                  "4294967296",
                                                  "{ iso 99999999999 }",
                                                  "DEFINITIONS ::= BEGIN",
                                                  "zz9Reserved-",
                                                  "TRAP-TYPE ENTERPRISE",
                                                  "SIZE (0..",
                                                  "\xff\xfe",
                                                  "\xc3"};
    const std::size_t at = below(text.size() + 1);
    const std::size_t length = below(1 + below(text.size() - at + 1));
    switch (below(9)) {
      case 0:
        text.resize(at);
        break;
      case 1:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
        break;
      case 2:
        text.erase(at, length);
        break;
      case 3:
        text.insert(at, std::string(" ").append(kWords[below(std::size(kWords))]).append(" "));
        break;
      case 4:
        text.insert(at, text.substr(at, std::min<std::size_t>(length, 2'000)));
        break;
      case 5:
        text.insert(at, other.substr(below(other.size()), below(4'000)));
        break;
      case 6:
        text.insert(at, std::string(1 + below(5'000), "({\"-a1 "[below(7)]));
        break;
      case 7:
        if (at < text.size()) text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1U << below(8)));
        break;
      default: {  // a word in place of another, everywhere
        const std::size_t from = text.find_first_of("abcdefghijklmnopqrstuvwxyz", at);
        const std::size_t to = from == std::string::npos ? from : text.find_first_of(" \n\t{}(),;", from);
        if (to == std::string::npos) break;
        const std::string word = text.substr(from, to - from);
        const std::string_view with = kWords[below(std::size(kWords))];
        std::size_t left = 50;
        for (std::size_t i = text.find(word); i != std::string::npos && left != 0; i = text.find(word, i + with.size()), --left)
          text.replace(i, word.size(), with);
      }
    }
    if (text.size() > 2'000'000) text.resize(2'000'000);
  }

  std::mt19937_64 random_;
};

TEST(Mutation, NothingFedToTheCompilerHarmsWhoAsksForIt) {
  const std::uint64_t seed = setting("BONGSU_MIB_MUTATION_SEED", 20'260'101);
  const std::uint64_t seconds = setting("BONGSU_MIB_MUTATION_SECONDS", 0);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  const std::vector<std::string> texts = originals();
  ASSERT_FALSE(texts.empty());
  std::size_t rounds = 0, files = 0, errors = 0, left_out = 0;
  do {
    SCOPED_TRACE("BONGSU_MIB_MUTATION_SEED=" + std::to_string(seed + rounds));
    Mutator mutator(seed + rounds);
    const Folder folder;
    for (int i = 0; i < 24; ++i, ++files) {
      const std::string text = mutator.mutant(texts), name = "m/" + std::to_string(i);
      if (mutator.below(8) == 0) folder.write(name + ".zip", ZipWriter().add("in.mib", text).done());
      else folder.write(name + ".txt", text);
    }
    const auto report = compile_into(folder, {kBaseModules, folder / "m"});
    if (!report) {
      ++errors;
      std::fprintf(stderr, "seed %ju: %s\n", static_cast<std::uintmax_t>(seed + rounds), report.error().text.c_str());
    } else {
      const auto object = report->tree->find("IF-MIB::ifHCInOctets");
      ASSERT_TRUE(object);
      EXPECT_EQ("1.3.6.1.2.1.31.1.1.1.6", object->oid().to_string());
      for (std::uint32_t n = 0; n < report->tree->size(); ++n) {
        const Object each = report->tree->at(n);
        ASSERT_LE(each.oid().size(), 128u);
        (void)each.index();
        (void)each.objects();
      }
      for (const Problem& problem : report->tree->problems()) {
        if (problem.text.find("the parser was ended") != std::string::npos) ++left_out;
      }
    }
    ++rounds;
  } while (std::chrono::steady_clock::now() < end);
  std::printf("%zu rounds of %zu mutants from seed %ju: %zu compiles gave an error, the parser died of %zu modules\n", rounds,
              files, static_cast<std::uintmax_t>(seed), errors, left_out);
  EXPECT_EQ(0u, errors) << "a death of the parser costs its module, not the compile";
}

}  // namespace
}  // namespace bongsu::mib
