// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <utility>

#include "base/text.h"
#include "poll/expr.h"

namespace bongsu::poll {
namespace {

constexpr std::size_t kMaxSource = 4096;
constexpr int kMaxLevels = 64;

struct Function {
  std::string_view name;
  Node::Op op;
  std::size_t low, high;  // how many arguments
};
constexpr std::array kFunctions{
    Function{"min", Node::Op::Min, 1, 16},        Function{"max", Node::Op::Max, 1, 16},
    Function{"total", Node::Op::Total, 1, 16},    Function{"delta", Node::Op::Delta, 1, 1},
    Function{"capture", Node::Op::Capture, 2, 3}, Function{"lower", Node::Op::Lower, 1, 1},
    Function{"trim", Node::Op::Trim, 1, 1},       Function{"bit", Node::Op::Bit, 2, 2},
    Function{"exists", Node::Op::Exists, 1, 1},   Function{"show", Node::Op::Show, 1, 1},
    Function{"mac", Node::Op::Mac, 1, 1},         Function{"address", Node::Op::Address, 1, 1},
    Function{"round", Node::Op::Round, 1, 1},     Function{"abs", Node::Op::Abs, 1, 1},
    Function{"log10", Node::Op::Log10, 1, 1},     Function{"pow", Node::Op::Power, 2, 2},
    Function{"number", Node::Op::Numeral, 1, 1},  Function{"count", Node::Op::Count, 1, 1},
    Function{"sum", Node::Op::Sum, 1, 1},         Function{"epoch", Node::Op::Epoch, 1, 1},
};

struct Token {
  enum class Kind { End, Number, Text, Name, Mark };
  Kind kind = Kind::End;
  std::size_t at = 0;
  std::string text;
  double number = 0;
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Parser {
 public:
  explicit Parser(std::string_view source) : source_(source) {}

  std::variant<Node, ExprError> run() {
    if (source_.size() > kMaxSource) return ExprError{0, "longer than 4096 octets: split it with `let`"};
    next();
    Node whole = choice();
    if (!failed_ && token_.kind != Token::Kind::End) fail(token_.at, "'" + token_.text + "' is not expected here");
    if (failed_) return *failed_;
    return whole;
  }

 private:
  void fail(std::size_t at, std::string text) {
    if (!failed_) failed_ = ExprError{at, std::move(text)};
    token_ = Token{.kind = Token::Kind::End, .at = at};
  }

  void next() {
    if (failed_) return;
    while (at_ < source_.size() && (source_[at_] == ' ' || source_[at_] == '\t' || source_[at_] == '\n')) ++at_;
    token_ = Token{.kind = Token::Kind::End, .at = at_};
    if (at_ == source_.size()) return;
    const char c = source_[at_];
    if (c == '\'' || c == '"') return read_text(c);
    if (is_digit(c)) return read_number();
    if (is_letter(c) || (c == '.' && at_ + 1 < source_.size() && is_digit(source_[at_ + 1]))) return read_name();
    read_mark();
  }

  void read_text(char quote) {
    token_.kind = Token::Kind::Text;
    const auto end = source_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return fail(at_, "the text that begins here is not closed");
    token_.text = source_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
  }

  void read_number() {
    auto end = at_;
    while (end < source_.size() && (is_digit(source_[end]) || source_[end] == '.')) ++end;
    if (end + 1 < source_.size() && source_[end] == 'e' && (is_digit(source_[end + 1]) || source_[end + 1] == '-')) {
      end += 2;
      while (end < source_.size() && is_digit(source_[end])) ++end;
    }
    token_.kind = Token::Kind::Number;
    token_.text = source_.substr(at_, end - at_);
    const auto number = parse_number(token_.text);
    if (!number) return fail(at_, "'" + token_.text + "' is not a number; an OID is written with a dot in front");
    token_.number = *number;
    at_ = end;
  }

  // ifName, IF-MIB::ifName, sysUpTime.0, .1.3.6.1: a hyphen belongs to a module's name alone.
  void read_name() {
    auto end = at_;
    const auto word = [&](bool hyphens) {
      while (end < source_.size() && (is_letter(source_[end]) || is_digit(source_[end]) || (hyphens && source_[end] == '-')))
        ++end;
    };
    if (source_[at_] != '.') {
      word(true);
      if (source_.substr(end, 2) == "::") {
        end += 2;
        word(false);
      } else {
        end = at_;
        word(false);
      }
    }
    while (end + 1 < source_.size() && source_[end] == '.' && is_digit(source_[end + 1])) {
      ++end;
      while (end < source_.size() && is_digit(source_[end])) ++end;
    }
    token_.kind = Token::Kind::Name;
    token_.text = source_.substr(at_, end - at_);
    at_ = end;
  }

  void read_mark() {
    token_.kind = Token::Kind::Mark;
    for (const std::string_view mark : {"??", "||", "&&", "==", "!=", "<=", ">=", "=~"}) {
      if (source_.substr(at_, 2) == mark) {
        token_.text = mark;
        at_ += 2;
        return;
      }
    }
    if (std::string_view("+-*/%!<>?:(),[]").find(source_[at_]) == std::string_view::npos) {
      return fail(at_, std::string("the character '") + source_[at_] + "' has no meaning here");
    }
    token_.text = source_[at_++];
  }

  bool is_mark(std::string_view mark) const { return token_.kind == Token::Kind::Mark && token_.text == mark; }
  bool take(std::string_view mark) {
    if (!is_mark(mark)) return false;
    next();
    return true;
  }
  void expect(std::string_view mark) {
    if (take(mark)) return;
    fail(token_.at, token_.kind == Token::Kind::End ? "'" + std::string(mark) + "' is missing at the end"
                                                    : "'" + std::string(mark) + "' is expected, not '" + token_.text + "'");
  }
  static Node make(Node::Op op, std::size_t at, Node a, Node b) {
    Node node{.op = op, .at = at};
    node.kids.push_back(std::move(a));
    node.kids.push_back(std::move(b));
    return node;
  }

  // condition ? a : b
  Node choice() {
    if (++level_ > kMaxLevels) fail(token_.at, "nested more than 64 levels deep");
    Node first = binary(0);
    const auto at = token_.at;
    if (!failed_ && take("?")) {
      Node node{.op = Node::Op::If, .at = at};
      node.kids.push_back(std::move(first));
      node.kids.push_back(choice());
      expect(":");
      node.kids.push_back(choice());
      first = std::move(node);
    }
    --level_;
    return first;
  }

  struct Binary {
    std::string_view mark;
    Node::Op op;
    int rank;
  };
  static constexpr std::array kBinaries{
      Binary{"||", Node::Op::Or, 0},       Binary{"&&", Node::Op::And, 1},          Binary{"==", Node::Op::Equal, 2},
      Binary{"!=", Node::Op::NotEqual, 2}, Binary{"<", Node::Op::Less, 2},          Binary{"<=", Node::Op::LessEqual, 2},
      Binary{">", Node::Op::Greater, 2},   Binary{">=", Node::Op::GreaterEqual, 2}, Binary{"=~", Node::Op::Matches, 2},
      Binary{"??", Node::Op::Coalesce, 3}, Binary{"+", Node::Op::Add, 4},           Binary{"-", Node::Op::Subtract, 4},
      Binary{"*", Node::Op::Multiply, 5},  Binary{"/", Node::Op::Divide, 5},        Binary{"%", Node::Op::Modulo, 5},
  };

  Node binary(int rank) {
    if (rank > 5) return unary();
    Node left = binary(rank + 1);
    while (!failed_) {
      const auto at = token_.at;
      if (rank == 2 && token_.kind == Token::Kind::Name && token_.text == "in") {
        next();
        left = one_of(std::move(left), at);
        continue;
      }
      const Binary* found = nullptr;
      for (const auto& candidate : kBinaries) {
        if (candidate.rank == rank && is_mark(candidate.mark)) found = &candidate;
      }
      if (!found) break;
      next();
      if (found->op == Node::Op::Matches) {
        Node node{.op = Node::Op::Matches, .at = at};
        node.kids.push_back(std::move(left));
        node.regex = pattern();
        left = std::move(node);
      } else {
        left = make(found->op, at, std::move(left), binary(rank + 1));
      }
    }
    return left;
  }

  // x in (a, b, c)
  Node one_of(Node left, std::size_t at) {
    expect("(");
    std::optional<Node> any;
    while (!failed_) {
      Node is = make(Node::Op::Equal, at, left, choice());
      any = any ? make(Node::Op::Or, at, std::move(*any), std::move(is)) : std::move(is);
      if (!take(",")) break;
    }
    expect(")");
    return any ? std::move(*any) : Node{};
  }

  std::shared_ptr<const re2::RE2> pattern() {
    if (token_.kind != Token::Kind::Text) {
      fail(token_.at, "a pattern in quotes is expected");
      return nullptr;
    }
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    auto regex = std::make_shared<const re2::RE2>(token_.text, options);
    if (!regex->ok()) fail(token_.at, "the pattern '" + token_.text + "' cannot be read: " + regex->error());
    next();
    return regex;
  }

  Node unary() {
    const auto at = token_.at;
    if (++level_ > kMaxLevels) fail(at, "nested more than 64 levels deep");
    Node node;
    if (!failed_ && take("-")) {
      node = Node{.op = Node::Op::Negate, .at = at};
      node.kids.push_back(unary());
    } else if (!failed_ && take("!")) {
      node = Node{.op = Node::Op::Not, .at = at};
      node.kids.push_back(unary());
    } else {
      node = primary();
    }
    --level_;
    return node;
  }

  Node primary() {
    const Token token = token_;
    if (failed_) return {};
    if (take("(")) {
      Node inner = choice();
      expect(")");
      return inner;
    }
    if (token.kind == Token::Kind::Number) {
      next();
      return Node{.op = Node::Op::Number, .number = token.number, .at = token.at};
    }
    if (token.kind == Token::Kind::Text) {
      next();
      return Node{.op = Node::Op::Text, .text = token.text, .at = token.at};
    }
    if (token.kind != Token::Kind::Name) {
      fail(token.at,
           token.kind == Token::Kind::End ? "a value is missing at the end" : "a value is expected, not '" + token.text + "'");
      return {};
    }
    next();
    if (token.text == "none") return Node{.at = token.at};
    if (token.text == "index") return index(token);
    if (is_mark("(")) return call(token);
    Node node{.op = Node::Op::Symbol, .text = token.text, .at = token.at};
    if (take("[")) {
      node.op = Node::Op::Lookup;
      do {
        node.kids.push_back(choice());
      } while (!failed_ && take(","));
      expect("]");
    }
    return node;
  }

  Node index(const Token& token) {
    Node node{.op = Node::Op::Index, .number = -1, .at = token.at};
    if (!take("(")) return node;
    if (token_.kind != Token::Kind::Number || token_.number < 1 || token_.number > 32) {
      fail(token_.at, "index(n) takes the number of an INDEX part, 1 is the first");
      return node;
    }
    node.number = token_.number;
    next();
    expect(")");
    return node;
  }

  Node call(const Token& token) {
    const Function* found = nullptr;
    std::vector<std::string_view> names;
    for (const auto& function : kFunctions) {
      names.push_back(function.name);
      if (function.name == token.text) found = &function;
    }
    if (!found) {
      const auto near = nearest(token.text, names);
      fail(token.at, "there is no function '" + token.text + "'" + (near ? "; did you mean '" + std::string(*near) + "'?" : ""));
      return {};
    }
    expect("(");
    Node node{.op = found->op, .at = token.at};
    std::size_t arguments = 0;
    while (!failed_ && !is_mark(")")) {
      if (found->op == Node::Op::Capture && arguments == 1) {
        node.regex = pattern();
      } else {
        node.kids.push_back(choice());
      }
      ++arguments;
      if (!take(",")) break;
    }
    expect(")");
    if (!failed_ && (arguments < found->low || arguments > found->high)) {
      fail(token.at, token.text + "() takes " + std::to_string(found->low) +
                         (found->high != found->low ? " to " + std::to_string(found->high) : "") + " arguments, not " +
                         std::to_string(arguments));
    }
    if (!failed_ && found->op == Node::Op::Capture) finish_capture(node);
    return node;
  }

  void finish_capture(Node& node) {
    node.number = node.regex->NumberOfCapturingGroups() > 0 ? 1 : 0;
    if (node.kids.size() == 2) {
      if (node.kids[1].op != Node::Op::Number) return fail(node.kids[1].at, "capture()'s third argument is a number");
      node.number = node.kids[1].number;
      node.kids.pop_back();
    }
    if (node.number > node.regex->NumberOfCapturingGroups() || node.number > 9)
      fail(node.at, "the pattern has fewer groups than that");
  }

  std::string_view source_;
  std::size_t at_ = 0;
  int level_ = 0;
  Token token_;
  std::optional<ExprError> failed_;
};

}  // namespace

std::variant<Node, ExprError> parse_expr(std::string_view source) { return Parser(source).run(); }

}  // namespace bongsu::poll
