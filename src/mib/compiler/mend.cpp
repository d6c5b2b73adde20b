// SPDX-License-Identifier: Apache-2.0
#include "mend.h"

#include <algorithm>
#include <filesystem>

#include "grammar.h"
#include "words.h"

namespace bongsu::mibc {

namespace {

// Finds the home of each name that a module uses, leaves out what has none, and writes the rest for the parser.
class Mender {
 public:
  Mender(ReadModule read, const mib::ScannedModule& module, const std::string& file, const Homes& homes, const Without& without,
         Report& report, Mended& out)
      : module_(module),
        folder_(std::filesystem::path(file).parent_path()),
        homes_(homes),
        without_(without),
        report_(report),
        read_(std::move(read)),
        out_(out) {}

  void run() {
    out_.declared = read_.declared;
    link();
    write();
  }

 private:
  // Finds each import's module, and drops what hangs under a name that nothing defines.
  void link() {
    std::map<std::string, std::vector<std::size_t>, std::less<>> missing;  // module, imports
    for (std::size_t i = 0; i < read_.imports.size(); ++i) {
      const auto& import = read_.imports[i];
      if (language_word_or_macro(import.symbol)) continue;
      if (homes_.defines(import.module, import.symbol) && import.module != module_.name) {
        known_.emplace(import.symbol, import.module);
        continue;
      }
      const std::string_view home = homes_.home_of(import.symbol, folder_, import.module);
      if (!home.empty() && home != module_.name) {
        known_.emplace(import.symbol, home);
        report_.warn(import.place, import.symbol + " is not in module " + import.module +
                                       (homes_.has_module(import.module) ? "" : ", which is not loaded") + "; taken from " +
                                       std::string(home));
      } else if (homes_.has_module(import.module)) {
        if (!read_.by_name.contains(import.symbol))
          report_.error(import.place, "imported name " + import.symbol + " is not in module " + import.module +
                                          "; import it from where it is defined");
      } else {
        missing[import.module].push_back(i);
      }
    }
    for (const auto& [module, which] : missing) {
      std::string names;
      for (std::size_t i = 0; i < which.size() && i < 3; ++i) names += (i == 0 ? "" : ", ") + read_.imports[which[i]].symbol;
      if (which.size() > 3) names += " and " + std::to_string(which.size() - 3) + " more";
      report_.error(read_.imports[which[0]].place,
                    "imported module " + module + " is not there; add its file, or what is built on " + names + " stays unnamed");
    }
    drop_unrooted();
    std::set<std::string_view> untyped;
    for (const Definition& definition : read_.definitions) {
      for (const auto& [type, place] : definition.types) {
        if (read_.by_name.contains(type) || known_.contains(type) || !asked_for(type).empty() || is_row_type(type)) continue;
        const std::string_view home = homes_.well_known_home(type);
        if (home.empty() && definition.facts.kind == mib::Kind::Scalar && untyped.insert(type).second)
          report_.warn(place, "type " + type + " is neither defined nor imported; the syntax of what has it stays unknown");
        if (home.empty() || home == module_.name) continue;
        known_.emplace(type, home);
        report_.warn(place, "type " + type + " is used without an import; taken from " + std::string(home));
      }
    }
  }
  // The module that IMPORTS says a name is of.
  std::string_view asked_for(std::string_view name) const {
    const auto import = std::find_if(read_.imports.begin(), read_.imports.end(), [&](const auto& i) { return i.symbol == name; });
    return import == read_.imports.end() ? std::string_view() : std::string_view(import->module);
  }
  bool is_row_type(std::string_view type) const {
    std::string row(type);
    if (row.empty()) return false;
    if (row[0] >= 'A' && row[0] <= 'Z') row[0] = static_cast<char>(row[0] | 0x20);
    return read_.by_name.contains(row);
  }
  void drop_unrooted() {
    enum State : char { Unknown, Asked, Rooted, Lost };
    std::vector<State> states(read_.definitions.size(), Unknown);
    struct Cause {
      mib::Place place;
      std::string first;
      std::size_t count = 0;
    };
    std::map<std::string, Cause, std::less<>> causes;
    for (std::size_t start = 0; start < read_.definitions.size(); ++start) {
      std::vector<std::size_t> path;
      std::size_t here = start;
      State end = Rooted;
      std::string cause;
      for (;;) {
        const Definition& definition = read_.definitions[here];
        if (!definition.object || states[here] == Rooted) break;
        if (states[here] == Lost || states[here] == Asked) {
          if (states[here] == Asked)
            report_.error(definition.parent_place, definition.name + " hangs below itself; it is left out");
          end = Lost;
          break;
        }
        states[here] = Asked;
        path.push_back(here);
        const std::string& parent = definition.parent;
        if (parent.empty() || parent == "iso" || parent == "ccitt" || parent == "joint-iso-ccitt") break;
        const auto own = read_.by_name.find(parent);
        if (own != read_.by_name.end() && read_.definitions[own->second].object && own->second != here) {
          here = own->second;
          continue;
        }
        if (known_.contains(parent) && !without_.parents.contains(parent)) break;
        if (const auto labelled = read_.labels.find(parent); labelled != read_.labels.end() && labelled->second != here) {
          here = labelled->second;
          continue;
        }
        if (const auto home = homes_.home_of(parent, folder_, asked_for(parent));
            !home.empty() && home != module_.name && !without_.parents.contains(parent)) {
          known_.emplace(parent, home);
          report_.warn(definition.parent_place, parent + " is used without an import; taken from " + std::string(home));
          break;
        }
        end = Lost;
        cause = parent;
        break;
      }
      for (const std::size_t i : path) states[i] = end;
      if (!cause.empty()) {
        const Definition& first = read_.definitions[path.back()];
        causes.try_emplace(cause, Cause{first.parent_place, first.name, 0});
      }
    }
    std::vector<Definition> rooted;
    for (std::size_t i = 0; i < read_.definitions.size(); ++i) {
      if (!read_.definitions[i].object || states[i] != Lost) rooted.push_back(std::move(read_.definitions[i]));
      else lost_.push_back(read_.definitions[i].name);
    }
    for (const auto& [parent, cause] : causes)
      report_.error(cause.place,
                    cause.first + " is left out: its parent " + parent +
                        (without_.parents.contains(parent) ? " of module " + known_.find(parent)->second + " hangs nowhere itself"
                                                           : " is defined nowhere that is loaded"));
    if (!causes.empty() && lost_.size() > causes.size())
      report_.error(module_.place, std::to_string(lost_.size() - causes.size()) + " names of module " + module_.name +
                                       " are left out with them, since their numbers hang below (" + lost_.front() + " to " +
                                       lost_.back() + ")");
    read_.definitions = std::move(rooted);
  }

  // --- text for the parser

  void write() {
    std::string& text = out_.text;
    std::uint32_t line = 1;
    const auto put_at = [&](std::uint32_t at, std::string_view piece) {
      while (line < at) text += '\n', ++line;
      if (!text.empty() && text.back() != '\n') text += ' ';
      text += piece;
    };
    put_at(module_.place.line, module_.name);
    text += " DEFINITIONS ::= BEGIN";
    std::set<std::string_view> own;
    for (const Definition& definition : read_.definitions) own.insert(definition.name);
    std::map<std::string, std::vector<std::string>> by_module;
    for (const auto& [symbol, module] : known_) {
      if (own.contains(symbol)) continue;
      by_module[module].push_back(reserved(symbol) ? std::string(kReservedMark) + symbol : symbol);
    }
    if (!by_module.empty()) {
      text += " IMPORTS";
      for (const auto& [module, symbols] : by_module) {
        for (std::size_t i = 0; i < symbols.size(); ++i) text += (i == 0 ? " " : ", ") + symbols[i];
        text += " FROM " + module;
        out_.needs.insert(module);
      }
      text += ";";
    }
    for (Definition& definition : read_.definitions) {
      if (const auto at = known_.find(definition.parent); at != known_.end() && !own.contains(definition.parent))
        out_.parents.emplace(*at);
      out_.lines.emplace_back(std::max(line, definition.place.line), definition.name);
      for (std::string& label : definition.labels) out_.labels.insert(std::move(label));
      for (const Piece& piece : definition.pieces) put_at(piece.line, piece.text);
      // The next begins on a line of its own, so that a complaint's line says whose it is.
      text += '\n';
      ++line;
      out_.facts.insert_or_assign(definition.name, std::move(definition.facts));
    }
    text += "\nEND\n";
  }
  const mib::ScannedModule& module_;
  const std::filesystem::path folder_;
  const Homes& homes_;
  const Without& without_;
  Report& report_;
  ReadModule read_;
  std::map<std::string, std::string, std::less<>> known_;  // imported name, its module
  std::vector<std::string> lost_;
  Mended& out_;
};

}  // namespace

Mended mend(std::string_view text, const mib::ScannedModule& module, const std::string& file, const Homes& homes,
            const Without& without) {
  Mended out;
  Report report(file, out.problems);
  Mender(Grammar(text, module, without.definitions, report).read(), module, file, homes, without, report, out).run();
  return out;
}

}  // namespace bongsu::mibc
