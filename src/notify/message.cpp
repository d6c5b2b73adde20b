// SPDX-License-Identifier: Apache-2.0
#include "notify/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/text.h"
#include "base/url.h"
#include "model/show.h"

namespace bongsu::notify {
namespace {

constexpr std::size_t kMostTold = 30;  // notices of one message that are told in full
constexpr std::size_t kBriefOctets = 160;

struct Vocabulary {
  std::string_view recovered, repeated, escalated, flapping, test, limit, level, value, since, asked, lasted, peak, repaired, why,
      from, more, notices, page, drill, drill_row, no_fault, test_of, settled, between, rests;
};
constexpr Vocabulary kEnglish{.recovered = "recovered",
                              .repeated = "still open",
                              .escalated = "escalated",
                              .flapping = "flapping",
                              .test = "test",
                              .limit = "limit",
                              .level = "Level",
                              .value = "Value",
                              .since = "Since",
                              .asked = "Asked",
                              .lasted = "Lasted",
                              .peak = "Worst",
                              .repaired = "Repaired by",
                              .why = "Why",
                              .from = "was",
                              .more = "and {} more",
                              .notices = "{} notices",
                              .page = "Look",
                              .drill = "drill",
                              .drill_row = "Drill",
                              .no_fault = "This is an exercise that somebody asked for; nothing is wrong.",
                              .test_of = "This is a test of the channel {}.",
                              .settled = "settled",
                              .between = "comes and goes between {} and {}",
                              .rests = "rests at {}"};
constexpr Vocabulary kKorean{.recovered = "복구",
                             .repeated = "지속",
                             .escalated = "상위 보고",
                             .flapping = "반복 변동",
                             .test = "시험",
                             .limit = "기준",
                             .level = "등급",
                             .value = "값",
                             .since = "발생",
                             .asked = "확인",
                             .lasted = "지속 시간",
                             .peak = "최고 등급",
                             .repaired = "복구 조치",
                             .why = "설명",
                             .from = "이전",
                             .more = "외 {}건",
                             .notices = "알림 {}건",
                             .page = "보기",
                             .drill = "훈련",
                             .drill_row = "훈련",
                             .no_fault = "요청에 따른 훈련 알림이며 실제 장애가 아닙니다.",
                             .test_of = "채널 {}의 시험 메시지입니다.",
                             .settled = "안정",
                             .between = "{}~{} 사이에서 반복 변동",
                             .rests = "{} 등급에서 안정"};

const Vocabulary& words_in(Language language) { return language == Language::Korean ? kKorean : kEnglish; }

std::string level_word(Severity level, Language language) {
  return std::string(language == Language::Korean ? to_korean(level) : to_string(level));
}

bool over(const Notice& notice) { return notice.reason == Reason::Recovered; }

std::string mark_of(const Notice& notice, Language language) {
  const Vocabulary& words = words_in(language);
  const std::string drill = notice.news.alarm.drill() ? std::string(words.drill) + ", " : std::string();
  if (notice.reason == Reason::Recovered) return drill + std::string(words.recovered);
  if (notice.reason == Reason::Test) return std::string(words.test);
  std::string mark = drill + level_word(notice.news.alarm.level, language);
  if (notice.reason == Reason::Repeated) mark += ", " + std::string(words.repeated);
  if (notice.reason == Reason::Escalated) mark += ", " + std::string(words.escalated);
  if (notice.reason == Reason::Settled) mark += ", " + std::string(words.settled);
  if (notice.news.alarm.flapping) mark += ", " + std::string(words.flapping);
  return mark;
}

// "93 % (limit 80 %)".
std::string measured(const Alarm& alarm, const Vocabulary& words) {
  return fmt::format("{} ({} {})", show_quantity(alarm.value, alarm.unit), words.limit, show_quantity(alarm.limit, alarm.unit));
}

// "web1: CPU usage 93 % (limit 80 %)", "web1: Device down: no answer".
std::string headline(const Notice& notice, Language language) {
  const Vocabulary& words = words_in(language);
  const Alarm& alarm = notice.news.alarm;
  if (notice.reason == Reason::Test && !notice.news.note.empty())
    return one_line(fmt::format(fmt::runtime(words.test_of), notice.news.note));
  std::string out;
  if (!alarm.device.empty()) out += alarm.device + ": ";
  out += alarm.title.empty() ? alarm.item : alarm.title;
  if (const std::string labels = show_labels(alarm.labels); !labels.empty()) out += " (" + labels + ")";
  if (notice.reason == Reason::Test) return one_line(out);
  if (over(notice)) {
    const Time end = alarm.ended.value_or(notice.news.at);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(end - alarm.since).count();
    out += fmt::format(", {} {}", words.lasted, show_seconds(std::max<std::int64_t>(0, seconds)));
  } else if (!alarm.meaning.empty()) {
    out += ": " + alarm.meaning;
  } else if (!std::isnan(alarm.value)) {
    out += " " + measured(alarm, words);
  }
  if (notice.reason == Reason::Flapping && notice.news.before < alarm.level) {
    out += ", " +
           fmt::format(fmt::runtime(words.between), level_word(notice.news.before, language), level_word(alarm.level, language));
  } else if (notice.reason == Reason::Settled) {
    out += ", " + fmt::format(fmt::runtime(words.rests), level_word(alarm.level, language));
  }
  return one_line(out);
}

std::string link_of(const Alarm& alarm, std::string_view page) {
  if (page.empty() || alarm.device.empty()) return std::string(page);
  std::string out(page);
  if (out.back() != '/') out += '/';
  return out + "devices/" + url_part(alarm.device);
}

using Row = std::pair<std::string, std::string>;
std::vector<Row> rows_of(const Notice& notice, Language language, std::string_view zone, std::string_view page) {
  const Vocabulary& words = words_in(language);
  const Alarm& alarm = notice.news.alarm;
  std::vector<Row> rows;
  if (alarm.drill()) rows.emplace_back(words.drill_row, words.no_fault);
  if (notice.reason != Reason::Test) {
    std::string level = level_word(alarm.level, language);
    if (notice.reason == Reason::Worse) level += fmt::format(" ({} {})", words.from, level_word(notice.news.before, language));
    if (!over(notice)) rows.emplace_back(words.level, level);
    if (!alarm.meaning.empty()) rows.emplace_back(words.value, alarm.meaning);
    else if (!std::isnan(alarm.value)) rows.emplace_back(words.value, measured(alarm, words));
    if (!alarm.asked.empty() && !over(notice)) rows.emplace_back(words.asked, alarm.asked);
    rows.emplace_back(words.since, show_local(alarm.since, zone));
  }
  if (over(notice)) {
    rows.emplace_back(words.peak, level_word(alarm.peak, language));
    if (!notice.news.by.empty()) rows.emplace_back(words.repaired, notice.news.by);
    if (!notice.news.note.empty()) rows.emplace_back(words.why, notice.news.note);
  } else if (!alarm.why.empty()) {
    rows.emplace_back(words.why, alarm.why);
  }
  if (const std::string link = link_of(alarm, page); !link.empty()) rows.emplace_back(words.page, link);
  for (Row& row : rows) row.second = one_line(row.second);
  return rows;
}

std::string_view colour_of(Severity level) {
  switch (level) {
    case Severity::Fatal:
      return "#7b1fa2";
    case Severity::Urgent:
      return "#c62828";
    case Severity::Danger:
      return "#ef6c00";
    case Severity::Caution:
      return "#f9a825";
    case Severity::Harmless:
      return "#1565c0";
    default:
      return "#2e7d32";
  }
}

std::string as_html(const Message& message, Language language, std::string_view zone, std::string_view page) {
  std::string out = "<!doctype html><html><head><meta charset=\"utf-8\"></head><body style=\"font-family:sans-serif\">";
  const Vocabulary& words = words_in(language);
  for (std::size_t i = 0; i < message.notices.size() && i < kMostTold; ++i) {
    const Notice& notice = message.notices[i];
    const Severity level = over(notice) ? Severity::Normal : notice.news.alarm.level;
    out += fmt::format("<div style=\"border-left:6px solid {};padding:4px 12px;margin:0 0 12px\"><p><b>{}</b> {}</p>",
                       colour_of(level), escape_html(mark_of(notice, language)), escape_html(headline(notice, language)));
    const std::vector<Row> rows = rows_of(notice, language, zone, page);
    if (!rows.empty()) out += "<table>";
    for (const auto& [name, value] : rows) {
      const std::string shown = escape_html(value);
      out += fmt::format("<tr><td style=\"color:#666;padding-right:12px\">{}</td><td>{}</td></tr>", escape_html(name),
                         name == words.page ? "<a href=\"" + shown + "\">" + shown + "</a>" : shown);
    }
    out += rows.empty() ? "</div>" : "</table></div>";
  }
  if (message.notices.size() > kMostTold)
    out += "<p>" + fmt::format(fmt::runtime(words.more), message.notices.size() - kMostTold) + "</p>";
  return out + "</body></html>";
}

constexpr std::array<std::string_view, 17> kNames{"subject", "text",  "brief", "level", "device", "item",
                                                  "title",   "value", "unit",  "limit", "since",  "reason",
                                                  "key",     "to",    "url",   "alarm", "json"};

std::string number_of(double value) { return std::isfinite(value) ? show_number(value) : format_number(value); }

std::string value_of(std::string_view name, const Message& message, const Words& words, std::string_view page) {
  const Notice& first = message.notices.front();
  const Alarm& alarm = first.news.alarm;
  if (name == "subject") return words.subject;
  if (name == "text") return words.plain;
  if (name == "brief") return words.brief;
  if (name == "level") return std::string(to_string(words.level));
  if (name == "device") return one_line(alarm.device);
  if (name == "item") return one_line(alarm.item);
  if (name == "title") return (alarm.drill() ? "[drill] " : "") + one_line(alarm.title);
  if (name == "value") return number_of(alarm.value);
  if (name == "unit") return one_line(alarm.unit);
  if (name == "limit") return number_of(alarm.limit);
  if (name == "since") return format_time(alarm.since);
  if (name == "reason") return std::string(to_string(first.reason));
  if (name == "key") return message.key;
  if (name == "to") return message.address;
  if (name == "url") return link_of(alarm, page);
  if (name == "json") return json_of(message, page);
  std::string out;
  JsonWriter json(out);
  write_alarm(json, alarm);
  return out;
}

// Calls `take` with each piece of text and each name. Error: Invalid.
template <class Take>
Status each_piece(std::string_view form, Take take) {
  for (;;) {
    const std::size_t begin = form.find("${");
    if (begin == std::string_view::npos) {
      take(form, std::string_view());
      return {};
    }
    const std::size_t end = form.find('}', begin);
    const std::string_view name =
        end == std::string_view::npos ? form.substr(begin + 2) : form.substr(begin + 2, end - begin - 2);
    if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) {
      const auto near = nearest(name, kNames);
      return Error{Code::Invalid, "${" + std::string(name) + "} is no name that a form can hold" +
                                      (near ? "; did you mean ${" + std::string(*near) + "}?" : "; see notices in the README")};
    }
    take(form.substr(0, begin), name);
    form.remove_prefix(end + 1);
  }
}

// What makes a text read otherwise than it is written: marks that turn its direction, and line ends that are no control
// character of ASCII. Length of its UTF-8 in octets; 0 for all else.
std::size_t misleads(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  if (at(0) == 0xc2 && at(1) >= 0x80 && at(1) < 0xa0) return 2;  // C1
  if (at(0) == 0xd8 && at(1) == 0x9c) return 2;                  // U+061C
  if (at(0) != 0xe2) return 0;
  const bool marks = at(1) == 0x80 && (at(2) == 0x8e || at(2) == 0x8f || (at(2) >= 0xa8 && at(2) <= 0xae));  // U+200E, F, 2028..E
  const bool isolates = at(1) == 0x81 && at(2) >= 0xa6 && at(2) <= 0xa9;                                     // U+2066..9
  return marks || isolates ? 3 : 0;
}

}  // namespace

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::Raised:
      return "raised";
    case Reason::Worse:
      return "worse";
    case Reason::Repeated:
      return "repeated";
    case Reason::Escalated:
      return "escalated";
    case Reason::Recovered:
      return "recovered";
    case Reason::Test:
      return "test";
    case Reason::Flapping:
      return "flapping";
    case Reason::Settled:
      return "settled";
  }
  return "";
}

std::string one_line(std::string_view text) {
  const std::string valid = to_valid_utf8(text);
  std::string out;
  out.reserve(valid.size());
  for (std::size_t i = 0; i < valid.size();) {
    const char c = valid[i];
    if (const std::size_t size = misleads(std::string_view(valid).substr(i)); size > 0) {
      out += ' ';
      i += size;
      continue;
    }
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    ++i;
  }
  return out;
}

std::string cut(std::string_view text, std::size_t octets) {
  if (text.size() <= octets) return std::string(text);
  constexpr std::string_view kMark = "...";
  if (octets <= kMark.size()) return std::string(kMark.substr(0, octets));
  std::size_t end = octets - kMark.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + std::string(kMark);
}

Words words_of(const Message& message, Language language, std::string_view zone, std::string_view page) {
  const Vocabulary& words = words_in(language);
  Words out;
  for (const Notice& notice : message.notices) {
    if (!over(notice)) out.level = std::max(out.level, notice.news.alarm.level);
  }
  const Notice& first = message.notices.front();
  out.subject = "[" + mark_of(first, language) + "] " + headline(first, language);
  if (message.notices.size() > 1) {
    std::string mark = out.level == Severity::Normal ? std::string(words.recovered) : level_word(out.level, language);
    if (first.news.alarm.drill()) mark = std::string(words.drill) + ", " + mark;
    out.subject = fmt::format("[{}] {}: {} {}", mark, fmt::format(fmt::runtime(words.notices), message.notices.size()),
                              headline(first, language), fmt::format(fmt::runtime(words.more), message.notices.size() - 1));
  }
  out.brief = cut(out.subject, kBriefOctets);
  for (std::size_t i = 0; i < message.notices.size() && i < kMostTold; ++i) {
    const Notice& notice = message.notices[i];
    if (i > 0) out.plain += "\n";
    out.plain += "[" + mark_of(notice, language) + "] " + headline(notice, language) + "\n";
    for (const auto& [name, value] : rows_of(notice, language, zone, page)) out.plain += name + ": " + value + "\n";
  }
  if (message.notices.size() > kMostTold)
    out.plain += "\n" + fmt::format(fmt::runtime(words.more), message.notices.size() - kMostTold) + "\n";
  out.html = as_html(message, language, zone, page);
  return out;
}

std::string json_of(const Message& message, std::string_view page) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("version", 1).member("key", message.key).member("to", message.person).key("notices").begin_array();
  for (const Notice& notice : message.notices) {
    json.begin_object().member("reason", to_string(notice.reason)).member("change", to_string(notice.news.change));
    json.member("at", notice.news.at).member("before", to_string(notice.news.before)).member("by", notice.news.by);
    json.member("note", notice.news.note).member("url", link_of(notice.news.alarm, page)).key("alarm");
    write_alarm(json, notice.news.alarm);
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

Result<std::string> fill(std::string_view form, const Message& message, const Words& words, std::string_view page,
                         std::string (*escape)(std::string_view)) {
  std::string out;
  BONGSU_TRY_OK(each_piece(form, [&](std::string_view text, std::string_view name) {
    out += text;
    if (!name.empty()) out += escape(value_of(name, message, words, page));
  }));
  return out;
}

Status check_form(std::string_view form) {
  return each_piece(form, [](std::string_view, std::string_view) {});
}

}  // namespace bongsu::notify
