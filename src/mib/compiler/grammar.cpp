// SPDX-License-Identifier: Apache-2.0
#include "grammar.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "words.h"

namespace bongsu::mibc {

using mib::Kind;
using mib::Token;
using mib::TokenKind;

namespace {

constexpr std::size_t kMaxTokens = 6'000'000;  // of one module; the largest that vendors ship has a tenth of it
constexpr std::size_t kMaxProblems = 200;      // of one module

Token lexer_end(mib::Lexer& lexer) {
  Token token = lexer.next();
  token.kind = TokenKind::End;
  token.text = {};
  return token;
}

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == '"' ? ' ' : c;
  return out;
}

Kind kind_of_macro(std::string_view macro) {
  if (macro == "NOTIFICATION-TYPE" || macro == "TRAP-TYPE") return Kind::Notification;
  if (macro == "OBJECT-GROUP" || macro == "NOTIFICATION-GROUP") return Kind::Group;
  if (macro == "MODULE-COMPLIANCE") return Kind::Compliance;
  if (macro == "AGENT-CAPABILITIES") return Kind::Capabilities;
  if (macro == "MODULE-IDENTITY") return Kind::Module;
  if (macro == "OBJECT-TYPE") return Kind::Scalar;
  return Kind::Node;
}

}  // namespace

void Report::add(mib::Place place, bool warning, std::string text) {
  if (to_.size() < kMaxProblems) to_.push_back({file_, place.line, place.column, warning, std::move(text)});
  else if (to_.size() == kMaxProblems)
    to_.push_back({file_, place.line, place.column, warning, "more problems in this module are not told"});
}

Grammar::Grammar(std::string_view text, const mib::ScannedModule& module, const std::set<std::string>& without, Report& report)
    : module_(module), without_(without), report_(report) {
  read_tokens(text);
}

ReadModule Grammar::read() {
  read_header();
  while (!at_end()) read_statement();
  return std::move(out_);
}

// --- tokens

void Grammar::read_tokens(std::string_view text) {
  // The lexer counts lines from the file's first.
  mib::Lexer lexer(text.substr(0, module_.end));
  for (Token token = lexer.next(); token.kind != TokenKind::End; token = lexer.next()) {
    if (token.begin < module_.begin) continue;
    if (tokens_.size() >= kMaxTokens) {
      error(token.place, "the module is longer than any that is taken; what follows is left out");
      break;
    }
    if (token.quote == Token::Quote::Inner) warn(token.place, "quotes inside this text are not doubled; read as a part of it");
    if (token.quote == Token::Quote::NotClosed)
      error(token.place, "the text that starts here has no closing \"; it is ended before the next ::=");
    tokens_.push_back(token);
  }
  tokens_.push_back(lexer_end(lexer));
}

std::string Grammar::shown(const Token& token) {
  if (token.kind == TokenKind::End) return "the end of the module";
  if (token.kind == TokenKind::String) return "a text in quotes";
  return "'" + std::string(token.text.substr(0, 60)) + "'";
}

bool Grammar::starts(std::size_t ahead) const {
  const Token& name = peek(ahead);
  const Token& next = peek(ahead + 1);
  if (name.kind != TokenKind::Word || next.kind == TokenKind::String) return false;
  if (name.text == "IMPORTS" || name.text == "EXPORTS") return true;
  if (is_clause(name)) return false;
  if (macro_of(next.text)) return true;
  if (next.text == "MACRO") return true;
  if (next.text == "OBJECT" && peek(ahead + 2).text == "IDENTIFIER") return peek(ahead + 3).text == "::=";
  // "::= {" ends a definition, whatever word stands before it.
  return next.text == "::=" && peek(ahead + 2).text != "{" && name.text != "IDENTIFIER" && name.text != "DEFINITIONS";
}

std::optional<std::string_view> Grammar::macro_of(std::string_view word) {
  if (mib::is_macro_word(word)) return word;
  if (word.size() < 9 || word.find('-') == std::string_view::npos) return std::nullopt;
  return language_word(word, mib::is_macro_word);
}

bool Grammar::is_clause(const Token& token) { return token.kind == TokenKind::Word && mib::is_clause_word(token.text); }

std::string_view Grammar::clause_here() {
  const Token& token = peek();
  if (token.kind != TokenKind::Word) return {};
  if (mib::is_clause_word(token.text)) return token.text;
  const auto meant = language_word(token.text, mib::is_clause_word);
  // A word of prose or a label is no clause: only where what follows fits one.
  if (!meant || (peek(1).kind != TokenKind::String && peek(1).kind != TokenKind::Word && peek(1).text != "{")) return {};
  warn(token.place, "'" + std::string(token.text) + "' is read as " + std::string(*meant));
  return *meant;
}

// --- statements

void Grammar::read_header() {
  while (!at_end() && peek().text != "BEGIN") step();
  step();
}

void Grammar::read_statement() {
  const Token token = peek();
  if (token.is("END")) {
    at_ = tokens_.size() - 1;
  } else if (token.is("IMPORTS")) {
    read_imports();
  } else if (token.is("EXPORTS")) {
    while (!at_end() && !peek().is(";")) step();
    step();
  } else if (!starts()) {
    error(token.place, shown(token) + " does not start a definition; left out up to the next that does");
    while (!at_end() && !starts() && !peek().is("END")) step();
  } else if (peek(1).is("MACRO")) {
    while (!at_end() && !peek().is("END")) step();
    step();
  } else if (peek(1).is("::=")) {
    read_type();
  } else if (peek(1).is("OBJECT")) {
    Definition made = begin();
    at_ += 3;
    if (read_oid(made)) keep(std::move(made));
  } else {
    read_macro();
  }
}

Definition Grammar::begin() {
  Definition made;
  made.name = peek().text;
  made.place = made.facts.place = peek().place;
  put(made, peek().place, reserved(made.name) ? std::string(kReservedMark) + made.name : made.name);
  return made;
}

void Grammar::put(Definition& to, mib::Place place, std::string text) { to.pieces.push_back({std::move(text), place.line}); }

void Grammar::read_imports() {
  step();
  std::vector<Token> waiting;
  while (!at_end() && !peek().is(";")) {
    if (starts() && !peek().is("IMPORTS")) {
      warn(peek().place, "IMPORTS has no closing ';'; it is ended before " + shown(peek()));
      break;
    }
    if (peek().is("FROM")) {
      step();
      const Token from = peek();
      for (const Token& symbol : waiting)
        out_.imports.push_back({std::string(symbol.text), std::string(from.text), symbol.place});
      waiting.clear();
      step();
      // A module may be named with its OID behind it.
      if (peek().is("{")) skip_braces();
    } else {
      if (peek().kind == TokenKind::Word) waiting.push_back(peek());
      else if (!peek().is(",")) warn(peek().place, shown(peek()) + " stands in IMPORTS; passed over");
      step();
    }
  }
  if (peek().is(";")) step();
  for (const Token& symbol : waiting) warn(symbol.place, "'" + std::string(symbol.text) + "' is imported FROM nowhere");
}

void Grammar::skip_braces() {
  int depth = 0;
  while (!at_end()) {
    if (peek().is("{")) ++depth;
    if (peek().is("}") && --depth <= 0) return step();
    if (starts() && depth <= 1 && peek(1).text != "::=") return;
    step();
  }
}

bool Grammar::read_oid(Definition& made) {
  if (!peek().is("::=")) return fault(made, "has no ::= before its number");
  step();
  if (!peek().is("{")) return fault(made, "has " + shown(peek()) + " where { parent number } must stand");
  std::vector<Piece> parts;
  const mib::Place open = peek().place;
  step();
  bool numbered = false;
  std::size_t count = 0;
  while (!at_end() && !peek().is("}")) {
    const Token part = peek();
    if (starts() || is_clause(part) || part.is("::=")) return fault(made, "has a number in braces that are not closed");
    if (part.kind == TokenKind::Number && part.text[0] != '-') {
      parts.push_back({std::string(part.text), part.place.line});
      numbered = true;
    } else if (part.kind == TokenKind::Word) {
      std::string_view label = part.text;
      if (peek(1).is(".") && peek(2).kind == TokenKind::Word) {  // MODULE.name
        step(), step();
        label = peek().text;
      }
      if (count == 0) made.parent = label, made.parent_place = part.place;
      std::string text = reserved(label) ? std::string(kReservedMark) + std::string(label) : std::string(label);
      numbered = false;
      if (peek(1).is("(") && peek(2).kind == TokenKind::Number) {
        text += "(" + std::string(peek(2).text) + ")";
        step(), step();
        if (peek(1).is(")")) step();
        numbered = true;
        if (count != 0 && !peek(1).is("}")) made.labels.emplace_back(label);
      }
      parts.push_back({std::move(text), part.place.line});
    } else if (part.is(",")) {
      warn(part.place, "a comma between the numbers of an OID; passed over");
      step();
      continue;
    } else {
      return fault(made, "has " + shown(part) + " in its number");
    }
    ++count;
    step();
  }
  step();
  if (count == 0) return fault(made, "has no number: { } is empty");
  if (!numbered) return fault(made, "has no number behind its parent");
  // A bare number in front is a root: 0 ccitt, 1 iso.
  if (made.parent.empty() && parts[0].text == "1") parts[0].text = "iso";
  if (made.pieces.size() == 1) put(made, made.place, "OBJECT IDENTIFIER");
  put(made, open, "::= {");
  for (Piece& part : parts) made.pieces.push_back(std::move(part));
  put(made, open, "}");
  made.object = true;
  return true;
}

bool Grammar::fault(Definition& made, const std::string& what) {
  if (!without_.contains(made.name)) error(peek().place, made.name + " " + what + "; it is left out");
  ++out_.declared;
  while (!at_end() && !starts() && !peek().is("END")) step();
  return false;
}

void Grammar::keep(Definition made) {
  if (made.object) ++out_.declared;
  if (without_.contains(made.name)) return;
  const auto [at, fresh] = out_.by_name.try_emplace(made.name, out_.definitions.size());
  if (!fresh && out_.definitions[at->second].object == made.object) {
    warn(made.place, made.name + " is defined again; the first, in line " +
                         std::to_string(out_.definitions[at->second].place.line) + ", is taken");
    if (made.object) --out_.declared;
    return;
  }
  for (const std::string& label : made.labels) out_.labels.try_emplace(label, out_.definitions.size());
  out_.definitions.push_back(std::move(made));
}

void Grammar::read_type() {
  Definition made = begin();
  const bool known = language_type(made.name);
  at_ += 2;
  put(made, made.place, "::=");
  if (peek().is("TEXTUAL-CONVENTION")) {
    put(made, peek().place, "TEXTUAL-CONVENTION");
    step();
    bool syntax = false;
    while (!at_end() && !syntax && !starts()) {
      const std::string_view clause = clause_here();
      const mib::Place place = peek().place;
      if (clause.empty()) {
        error(place, shown(peek()) + " stands between the clauses of " + made.name + "; passed over");
        step();
        continue;
      }
      step();
      if (clause == "DISPLAY-HINT") {
        if (const auto hint = read_text(clause)) put(made, place, "DISPLAY-HINT \"" + one_line(*hint) + "\"");
      } else if (clause == "STATUS") {
        read_status(made);
        put(made, place, "STATUS current DESCRIPTION \"\"");
      } else if (clause == "SYNTAX") {
        put(made, place, "SYNTAX");
        syntax = read_syntax(made);
      } else {
        read_text(clause);
      }
    }
    if (!syntax) {
      error(made.place, "type " + made.name + " has no SYNTAX; it is left out");
      return;
    }
  } else if (!read_syntax(made)) {
    while (!at_end() && !starts() && !peek().is("END")) step();
    return;
  }
  if (!known && !made.columns) keep(std::move(made));
}

void Grammar::read_macro() {
  Definition made = begin();
  const std::string_view macro = *macro_of(peek(1).text);
  if (macro != peek(1).text) warn(peek(1).place, "'" + std::string(peek(1).text) + "' is read as " + std::string(macro));
  step(), step();
  Facts& facts = made.facts;
  facts.kind = kind_of_macro(macro);
  const bool conformance = facts.kind == Kind::Compliance || facts.kind == Kind::Capabilities;
  const bool object_type = macro == "OBJECT-TYPE", trap = macro == "TRAP-TYPE";
  bool has_syntax = false, described = false;
  std::vector<Piece> syntax;
  std::string enterprise;
  mib::Place enterprise_place;
  while (!peek().is("::=")) {
    if (at_end() || starts() || peek().is("END")) return static_cast<void>(fault(made, "ends without ::= and its number"));
    const Token token = peek();
    const std::string_view clause = clause_here();
    if (clause.empty()) {
      if (!conformance) error(token.place, shown(token) + " stands between the clauses of " + made.name + "; passed over");
      do step();
      while (!at_end() && !is_clause(peek()) && !peek().is("::=") && !starts() && !peek().is("END") &&
             (conformance || peek().kind != TokenKind::Word));
      continue;
    }
    step();
    if (clause == "DESCRIPTION") {
      const auto text = read_text(clause);
      if (text && !described) facts.description = *text;
      described = true;
    } else if (conformance) {
      if (clause == "STATUS" && facts.status == mib::DefStatus::None) read_status(made);
    } else if (clause == "SYNTAX") {
      std::vector<Piece> before = std::move(made.pieces);
      made.pieces.clear();
      const bool first = !has_syntax;
      const bool good = read_syntax(made);
      if (first && good) syntax = std::move(made.pieces), has_syntax = true;
      made.pieces = std::move(before);
    } else if (clause == "UNITS") {
      if (const auto text = read_text(clause)) facts.units = *text;
    } else if (clause == "ACCESS" || clause == "MAX-ACCESS" || clause == "MIN-ACCESS") {
      read_access(made, clause);
    } else if (clause == "STATUS") {
      read_status(made);
    } else if (clause == "INDEX") {
      facts.refs = read_list(clause);
      facts.kind = Kind::Row;
    } else if (clause == "AUGMENTS") {
      const auto list = read_list(clause);
      if (!list.empty()) facts.augments = list[0].first;
      facts.kind = Kind::Row;
    } else if (clause == "OBJECTS" || clause == "VARIABLES" || clause == "NOTIFICATIONS") {
      auto list = read_list(clause);
      if (facts.kind == Kind::Notification) facts.refs = std::move(list);
    } else if (clause == "DEFVAL") {
      facts.default_value = read_raw();
    } else if (clause == "ENTERPRISE") {
      if (peek().is("{")) step();
      enterprise = peek().text;
      enterprise_place = peek().place;
      step();
      if (peek().is("}")) step();
    } else if (clause == "NUM-ENTRIES") {
      step();
    } else if (peek().kind == TokenKind::String) {
      step();  // REFERENCE, LAST-UPDATED, ORGANIZATION, CONTACT-INFO, REVISION
    }
  }
  if (object_type) {
    if (!has_syntax) {
      error(made.place, made.name + " has no SYNTAX that can be read; its name and number are kept");
      put(made, made.place, "OBJECT IDENTIFIER");
    } else {
      put(made, made.place, "OBJECT-TYPE SYNTAX");
      for (Piece& piece : syntax) made.pieces.push_back(std::move(piece));
      // What the parser must see; the facts say what it is.
      put(made, made.place, "ACCESS not-accessible STATUS current");
    }
  } else if (trap) {
    return read_trap_number(std::move(made), enterprise, enterprise_place);
  } else {
    put(made, made.place, "OBJECT IDENTIFIER");
  }
  made.object = true;
  if (read_oid(made)) keep(std::move(made));
}

void Grammar::read_trap_number(Definition made, const std::string& enterprise, mib::Place place) {
  step();
  const bool braces = peek().is("{");
  if (braces) step();
  if (enterprise.empty() || peek().kind != TokenKind::Number) {
    fault(made, enterprise.empty() ? "names no ENTERPRISE" : "has " + shown(peek()) + " where its number must stand");
    return;
  }
  const std::uint64_t number = parse_unsigned(peek().text).value_or(0);
  step();
  if (braces && peek().is("}")) step();
  made.parent_place = place;
  made.object = true;
  put(made, made.place, "OBJECT IDENTIFIER ::= {");
  if (enterprise == "snmp" && number < 6) {
    put(made, place, "iso 3 6 1 6 3 1 1 5 " + std::to_string(number + 1));
    made.parent = "iso";
  } else {
    put(made, place, enterprise + " 0 " + std::to_string(number));
    made.parent = enterprise;
  }
  put(made, made.place, "}");
  keep(std::move(made));
}

}  // namespace bongsu::mibc
