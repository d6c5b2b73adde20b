// SPDX-License-Identifier: Apache-2.0
#include "http/reply.h"

#include <ctime>

#include "base/text.h"

namespace bongsu::http {
namespace {

class Stream final : public Pieces {
 public:
  Stream(std::string head, std::function<bool(std::string&)> more, std::string tail, std::size_t octets)
      : ready_(std::move(head)), more_(std::move(more)), tail_(std::move(tail)), octets_(octets) {}
  bool next(std::string& out) override {
    if (out.empty()) out = std::move(ready_);
    else out += ready_;
    ready_.clear();
    while (out.size() < kPieceOctets) {
      if (more_(out)) continue;
      out += tail_;
      return false;
    }
    return true;
  }
  std::size_t octets() const override { return octets_; }
  void put_back(std::string piece) { ready_ = std::move(piece); }

 private:
  std::string ready_;
  std::function<bool(std::string&)> more_;
  std::string tail_;
  std::size_t octets_;
};

}  // namespace

Reply stream(std::string type, std::string head, std::function<bool(std::string&)> more, std::string tail, std::size_t octets) {
  auto pieces = std::make_unique<Stream>(std::move(head), std::move(more), std::move(tail), octets);
  Reply reply{.type = std::move(type), .body = {}};
  if (!pieces->next(reply.body)) return reply;
  pieces->put_back(std::move(reply.body));
  reply.body.clear();
  reply.rest = std::move(pieces);
  return reply;
}

void write_next(JsonWriter& json, const std::string& cursor) {
  json.key("next");
  if (cursor.empty()) json.null();
  else json.value(cursor);
}

Reply plain_text(int status, std::string_view text) {
  return {.status = status, .type = "text/plain; charset=utf-8", .body = to_valid_utf8(text) + "\n"};
}

std::string problem_body(std::string_view code, std::string_view message, std::string_view hint) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("error").begin_object();
  json.member("code", code).member("message", message).member("hint", hint);
  json.end_object().end_object();
  body += '\n';
  return body;
}

Reply problem(int status, std::string_view code, std::string_view message, std::string_view hint) {
  return {.status = status, .body = problem_body(code, message, hint)};
}

Reply problem(const Error& error, std::string_view hint) {
  const auto status = [&] {
    switch (error.code) {
      case Code::Invalid:
        return 400;
      case Code::NotFound:
        return 404;
      case Code::Exists:
      case Code::Refused:
        return 409;
      case Code::Denied:
        return 403;
      case Code::Limit:
        return 422;
      case Code::Unavailable:
      case Code::Cancelled:
        return 503;
      case Code::Timeout:
        return 504;
      case Code::Unsupported:
        return 501;
      case Code::Truncated:
      case Code::Corrupt:
      case Code::Io:
        return 500;
    }
    return 500;
  }();
  return problem(status, to_string(error.code), error.text, hint);
}

std::string http_date(std::int64_t seconds) {
  const std::time_t at = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::gmtime_r(&at, &parts);
  char text[40];
  // The C locale's names: the daemon never calls setlocale.
  const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return std::string(text, size);
}

}  // namespace bongsu::http
