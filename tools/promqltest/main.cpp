// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "base/text.h"
#include "out_of_scope.h"
#include "run.h"

namespace {

using namespace bongsu;
using promqltest::Verdict;

// A case that is out of scope, "functions 12 0a1b2c3d reason".
struct Entry {
  std::string file;
  std::string number;
  std::string key;
  std::string reason;
  std::size_t line = 0;
  bool met = false;
};

std::vector<Entry> read_list(std::string_view text) {
  std::vector<Entry> all;
  std::size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (trim(line).empty() || line[0] == '#') continue;
    std::istringstream words{std::string(line)};
    Entry entry;
    words >> entry.file >> entry.number >> entry.key;
    std::getline(words, entry.reason);
    entry.reason = trim(entry.reason);
    entry.line = number;
    all.push_back(std::move(entry));
  }
  return all;
}

// Folders become the files in them.
std::vector<std::string> cases_in(const std::vector<std::string>& given) {
  std::vector<std::string> files;
  for (const std::string& name : given) {
    std::error_code ec;
    if (!std::filesystem::is_directory(name, ec)) {
      if (std::filesystem::exists(name, ec) || name.ends_with(".test")) files.push_back(name);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(name, ec)) {
      if (entry.path().extension() == ".test") files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Runs PromQL cases in the form of Prometheus' promqltest (load, clear, eval ...; expect ...) on Bongsu's engine.\n"
      "A line for each case that fails, then the totals. Exit 1 when one fails that is not on the list of what is out of\n"
      "scope, or when one on the list passes."};
  std::vector<std::string> files;
  std::string list_file;
  bool no_list = false, print_list = false, skip_empty = false;
  app.add_option("FILE", files, "files of cases, or folders of *.test")->required();
  app.add_flag("--skip-empty", skip_empty, "exit 77 when no file is there");
  app.add_option("--list", list_file, "what is out of scope, a line each: FILE NUMBER KEY REASON (default: the one built in)");
  app.add_flag("--no-list", no_list, "nothing is out of scope");
  app.add_flag("--print-list", print_list, "print what fails as lines for the list");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  files = cases_in(files);
  if (files.empty()) {
    std::cout << "no file of cases is there; cmake -DBONGSU_CORPUS=FOLDER names one that has promql/*.test\n";
    return skip_empty ? 77 : 2;
  }
  std::string list_text = promqltest::kOutOfScope;
  if (!list_file.empty()) {
    std::ifstream in(list_file);
    if (!in) {
      std::cerr << list_file << ": cannot be opened\n";
      return 2;
    }
    std::ostringstream text;
    text << in.rdbuf();
    list_text = text.str();
  }
  std::vector<Entry> list = no_list ? std::vector<Entry>() : read_list(list_text);
  std::size_t passed = 0, failed = 0, out = 0;
  std::map<std::string, bool> seen;
  for (const std::string& file : files) {
    const auto verdicts = promqltest::run_file(file);
    if (!verdicts) {
      std::cerr << verdicts.error().text << '\n';
      return 2;
    }
    for (const Verdict& verdict : *verdicts) {
      seen[verdict.file] = true;
      Entry* entry = nullptr;
      for (Entry& candidate : list) {
        if (verdict.number == 0 || candidate.met || candidate.file != verdict.file || candidate.key != verdict.key) continue;
        // Of several cases with one command line, the number tells which.
        if (entry == nullptr || candidate.number == std::to_string(verdict.number)) entry = &candidate;
      }
      if (entry != nullptr && entry->number != std::to_string(verdict.number)) {
        const bool own = std::any_of(verdicts->begin(), verdicts->end(), [&](const Verdict& other) {
          return other.key == verdict.key && std::to_string(other.number) == entry->number;
        });
        if (own) entry = nullptr;  // it means another case of this file
      }
      if (entry != nullptr) entry->met = true;
      const std::string place = verdict.file + ":" + std::to_string(verdict.line) + ": ";
      if (verdict.wrong.empty()) {
        ++passed;
        if (entry == nullptr) continue;
        ++failed;
        std::cout << place << verdict.query << ": passes; take it off the list of what is out of scope (line " << entry->line
                  << ")\n";
      } else if (entry != nullptr) {
        ++out;
      } else {
        ++failed;
        if (print_list) {
          std::cout << verdict.file << ' ' << verdict.number << ' ' << verdict.key << ' '
                    << (verdict.histograms ? "native histogram" : "?") << " | " << verdict.query << " | " << verdict.wrong
                    << '\n';
        } else {
          std::cout << place << verdict.query << ": " << verdict.wrong << '\n';
        }
      }
    }
  }
  std::cout << passed << " passed, " << failed << " failed";
  if (out > 0) std::cout << ", " << out << " out of scope";
  std::cout << '\n';
  return failed == 0 ? 0 : 1;
}
