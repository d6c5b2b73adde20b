// SPDX-License-Identifier: Apache-2.0
#include "notify/mail.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "notify/graph.h"
#include "notify/sign.h"

namespace bongsu::notify {
namespace {

// RFC 2047 section 2: encoded words of at most 75 characters; a character is never split between two.
std::string encoded_words(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; }) && text.size() <= 60)
    return std::string(text);
  std::string out;
  while (!text.empty()) {
    std::size_t size = std::min<std::size_t>(text.size(), 42);
    while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
    if (!out.empty()) out += "\r\n ";
    out += "=?UTF-8?B?" + base64(text.substr(0, size)) + "?=";
    text.remove_prefix(size);
  }
  return out;
}

std::string folded_base64(std::string_view octets) {
  const std::string all = base64(octets);
  std::string out;
  for (std::size_t at = 0; at < all.size(); at += 76) out += all.substr(at, 76) + "\r\n";
  return out;
}

std::string date_of(Time now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000", fmt::gmtime(seconds));
}

std::string part(std::string_view boundary, std::string_view type, std::string_view body) {
  return fmt::format("--{}\r\nContent-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", boundary, type,
                     folded_base64(body));
}

}  // namespace

bool is_mail_address(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size() || text.size() > 254) return false;
  constexpr std::string_view kRefused = "<>()[]\\,;:\" ";
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && kRefused.find(c) == std::string_view::npos;
  });
}

std::string mail_of(const Channel& channel, const Message& message, const Words& words, const Spec& spec, Time now) {
  const std::string boundary = "=_" + sha256_hex(message.key + words.plain).substr(0, 32);
  const std::uint64_t alarm = message.notices.front().news.alarm.id;
  const std::string host = spec.host.empty() ? "localhost" : spec.host;
  std::string out;
  out += "From: Bongsu <" + channel.from + ">\r\n";
  out += "To: <" + message.address + ">\r\n";
  out += "Subject: " + encoded_words(words.subject) + "\r\n";
  out += "Date: " + date_of(now) + "\r\n";
  out += "Message-ID: <" + message.key + "@" + host + ">\r\n";
  if (alarm != 0) out += fmt::format("References: <alarm.{}@{}>\r\n", alarm, host);
  out += "Auto-Submitted: auto-generated\r\n";  // RFC 3834: no vacation answers
  if (words.level >= Severity::Urgent) out += "X-Priority: 1\r\nImportance: high\r\n";
  out += "MIME-Version: 1.0\r\n";
  std::string html = words.html;
  const std::string outer = "=_" + sha256_hex(boundary).substr(0, 32);
  if (!message.graph.empty()) {
    // RFC 2387: the text, and the picture that it shows.
    const std::string picture = fmt::format("<p><img src=\"cid:graph.{}@{}\" width=\"{}\" height=\"{}\" alt=\"\"></p>",
                                            message.key, host, kGraphWidth, kGraphHeight);
    const std::size_t end = html.rfind("</body>");
    html.insert(end == std::string::npos ? html.size() : end, picture);
    out +=
        "Content-Type: multipart/related; type=\"multipart/alternative\"; boundary=\"" + outer + "\"\r\n\r\n--" + outer + "\r\n";
  }
  out += "Content-Type: multipart/alternative; boundary=\"" + boundary + "\"\r\n\r\n";
  out += part(boundary, "text/plain", words.plain);
  out += part(boundary, "text/html", html);
  out += "--" + boundary + "--\r\n";
  if (!message.graph.empty()) {
    out += fmt::format(
        "--{}\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <graph.{}@{}>\r\n"
        "Content-Disposition: inline; filename=\"graph.png\"\r\n\r\n{}--{}--\r\n",
        outer, message.key, host, folded_base64(message.graph), outer);
  }
  return out;
}

}  // namespace bongsu::notify
