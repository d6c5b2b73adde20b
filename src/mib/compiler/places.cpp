// SPDX-License-Identifier: Apache-2.0
#include "places.h"

#include <algorithm>

#include "base/text.h"

namespace bongsu::mibc {

namespace {

constexpr std::size_t kHeldOctets = 64 << 20;

// What stands in `text` between two marks; empty when either is missing.
std::string_view between(std::string_view text, std::string_view from, std::string_view to) {
  const auto begin = text.find(from);
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin + from.size());
  const auto end = to.empty() ? text.size() : text.find(to);
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end);
}

bool is_word(char c) {
  return c == '-' || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

Places::Places(const Sources& sources) {
  for (const Source& source : sources.modules) {
    copies_.emplace(source.copy.string(), &source);
    modules_.emplace(source.module, &source);
  }
}

const Source* Places::by_copy(std::string_view path) const {
  const auto at = copies_.find(path);
  return at == copies_.end() ? nullptr : at->second;
}

const Source* Places::by_module(std::string_view module) const {
  const auto at = modules_.find(module);
  return at == modules_.end() ? nullptr : at->second;
}

const Places::Held& Places::held(const Source& source) {
  if (const auto at = held_.find(source.file); at != held_.end()) return at->second;
  if (held_octets_ > kHeldOctets) {
    held_.clear();
    held_octets_ = 0;
  }
  Held& fresh = held_[source.file];
  fresh.text = mib::read_text(source.file).value_or("");
  fresh.scan = mib::scan(fresh.text);
  held_octets_ += fresh.text.size();
  return fresh;
}

const mib::ScannedModule* Places::scanned(const Source& source) {
  for (const auto& module : held(source).scan.modules) {
    if (module.name == source.module) return &module;
  }
  return nullptr;
}

mib::Place Places::find_word(const Source& source, std::string_view word, std::uint32_t line) {
  const std::string& whole = held(source).text;
  std::size_t start = 0;
  for (std::uint32_t i = 1; i < line; ++i) {
    const auto newline = whole.find('\n', start);
    if (newline == std::string::npos) return {line, 0};
    start = newline + 1;
  }
  const std::string_view text = std::string_view(whole).substr(start, whole.find('\n', start) - start);
  for (auto at = text.find(word); !word.empty() && at != std::string_view::npos; at = text.find(word, at + 1)) {
    const bool begins = at == 0 || !is_word(text[at - 1]) || !is_word(word.front());
    const bool ends = at + word.size() == text.size() || !is_word(text[at + word.size()]) || !is_word(word.back());
    if (begins && ends) return {line, static_cast<std::uint32_t>(at + 1)};
  }
  const auto first = text.find_first_not_of(" \t");
  return {line, first == std::string_view::npos ? 1 : static_cast<std::uint32_t>(first + 1)};
}

mib::Problem Places::locate(std::string_view line) {
  line = trim(line);
  mib::Problem out{.file = {}, .warning = line.starts_with("Warning"), .text = std::string(line)};
  const auto put = [&out](const Source& source, mib::Place place) {
    out.file = source.file.string();
    out.line = place.line;
    out.column = place.column;
  };

  // "What (token): At line 12 in COPY"
  if (const auto at = line.rfind(": At line "); at != std::string_view::npos) {
    const auto number = parse_unsigned(between(line.substr(at), ": At line ", " in "));
    const Source* source = by_copy(between(line.substr(at), " in ", ""));
    if (number && source != nullptr) {
      std::string_view said = line.substr(0, at), token;
      if (said.ends_with(')')) {
        if (const auto open = said.rfind(" ("); open != std::string_view::npos)
          token = said.substr(open + 2, said.size() - open - 3);
      }
      put(*source, find_word(*source, token, static_cast<std::uint32_t>(*number)));
      out.text = said;
      if (said.starts_with("Cannot find module")) {
        const mib::ScannedModule* module = scanned(*source);
        if (module != nullptr) {
          for (const auto& import : module->imports) {
            if (import.module == token) put(*source, import.place);
          }
        }
        out.text = "imported module " + std::string(token) + " is not there; add its file, or what is built on it stays unnamed";
      }
      return out;
    }
  }
  // "Did not find 'name' in module M (COPY)": an import that its module does not hold
  if (line.starts_with("Did not find '")) {
    const auto symbol = between(line, "'", "'");
    const auto open = line.rfind(" (");
    const Source* source = open == std::string_view::npos ? nullptr : by_copy(between(line.substr(open), "(", ")"));
    const mib::ScannedModule* module = source != nullptr ? scanned(*source) : nullptr;
    if (module != nullptr) {
      put(*source, module->place);
      for (const auto& import : module->imports) {
        if (import.symbol == symbol) put(*source, import.place);
      }
      out.text = "imported name " + std::string(symbol) + " is not in module " + std::string(between(line, "in module ", " (")) +
                 "; import it from where it is defined";
      return out;
    }
  }
  // "Cannot adopt OID in M: name ::= { parent 3 }", "Unlinked OID in M: ..."
  const auto module_name = between(line, " in ", ": ");
  if (const Source* source = by_module(module_name); source != nullptr) {
    const std::string_view rest = between(line, ": ", "");
    const std::string_view name = rest.substr(0, rest.find(' '));
    const mib::ScannedModule* module = scanned(*source);
    put(*source, {});
    if (module != nullptr) {
      const auto at = module->definitions.find(name);
      put(*source, at == module->definitions.end() ? module->place : at->second);
    }
    if (const auto parent = between(rest, "{ ", " ");
        (line.starts_with("Cannot adopt") || line.starts_with("Unlinked")) && !parent.empty()) {
      out.text = std::string(name) + " is left out: its parent " + std::string(parent) + " is defined nowhere that is loaded";
    }
    return out;
  }
  // Any other line: our copies' names mean nothing to the reader.
  for (const auto& [copy, source] : copies_) {
    const auto at = out.text.find(copy);
    if (at == std::string::npos ||
        (at + copy.size() < out.text.size() && out.text[at + copy.size()] >= '0' && out.text[at + copy.size()] <= '9'))
      continue;
    out.text.replace(at, copy.size(), source->file.string());
    put(*source, {});
    break;
  }
  return out;
}

}  // namespace bongsu::mibc
