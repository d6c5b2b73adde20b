// SPDX-License-Identifier: Apache-2.0
#include "app/mib_report.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <tuple>

#include "app/table.h"
#include "base/text.h"

namespace bongsu::app {
namespace {

// One column for each character.
std::string shown(std::string_view line) {
  std::string out(line);
  std::replace(out.begin(), out.end(), '\t', ' ');
  return escape_terminal(out);
}

void print_problem(const mib::Problem& problem, std::map<std::string, std::vector<std::string>>& texts) {
  std::string where = problem.file;
  if (problem.line != 0) where += ":" + std::to_string(problem.line);
  if (problem.line != 0 && problem.column != 0) where += ":" + std::to_string(problem.column);
  std::printf("%s%s%s: %s\n", escape_terminal(where).c_str(), where.empty() ? "" : ": ",
              coloured(problem.warning ? "warning" : "error", problem.warning ? Severity::Caution : Severity::Danger).c_str(),
              escape_terminal(problem.text).c_str());
  if (problem.line == 0) return;
  auto held = texts.find(problem.file);
  if (held == texts.end()) {
    if (texts.size() > 8) texts.clear();
    std::vector<std::string> lines;
    std::ifstream text(problem.file, std::ios::binary);
    for (std::string line; lines.size() < 1'000'000 && std::getline(text, line);) lines.push_back(std::move(line));
    held = texts.emplace(problem.file, std::move(lines)).first;
  }
  if (problem.line > held->second.size()) return;
  std::string line = held->second[problem.line - 1];
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  if (line.size() > 200 || line.empty()) return;
  std::printf("%6u | %s\n", problem.line, shown(line).c_str());
  if (problem.column == 0 || problem.column > line.size()) return;
  const std::string before = shown(std::string_view(line).substr(0, problem.column - 1));
  const auto columns = std::count_if(before.begin(), before.end(), [](char c) { return (c & 0xc0) != 0x80; });
  const std::string mark(static_cast<std::size_t>(columns), ' ');
  std::size_t end = problem.column;
  const auto word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_'; };
  if (word(line[problem.column - 1])) {
    while (end < line.size() && word(line[end])) ++end;
  }
  std::printf("       | %s^%s\n", mark.c_str(), std::string(end - problem.column, '~').c_str());
}

}  // namespace

std::string counted(std::size_t count, const std::string& word) {
  return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
}

void print_report(std::vector<mib::Problem> problems, const std::vector<mib::ModuleInfo>& modules) {
  std::stable_sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) {
    return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
  });
  std::map<std::string, std::vector<std::string>> texts;
  for (const mib::Problem& problem : problems) print_problem(problem, texts);
  std::size_t whole = 0, declared = 0, kept = 0;
  for (const mib::ModuleInfo& module : modules) {
    whole += module.objects >= module.declared ? 1 : 0;
    declared += module.declared;
    kept += std::min(module.objects, module.declared);
  }
  const auto errors =
      static_cast<std::size_t>(std::count_if(problems.begin(), problems.end(), [](const auto& p) { return !p.warning; }));
  std::printf("%s: %zu whole, %zu of %s kept; %s, %s\n", counted(modules.size(), "module").c_str(), whole, kept,
              counted(declared, "object").c_str(), counted(errors, "error").c_str(),
              counted(problems.size() - errors, "warning").c_str());
}

}  // namespace bongsu::app
