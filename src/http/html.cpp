// SPDX-License-Identifier: Apache-2.0
#include "http/html.h"

#include <fmt/format.h>

#include "base/text.h"
#include "http/params.h"
#include "model/show.h"

namespace bongsu::http {
namespace {

// A shape of its own for each level, so that colour is never needed to tell them apart.
constexpr std::string_view kShapes = R"(<svg class="shapes" aria-hidden="true" focusable="false">
<symbol id="i-fatal" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M5 0h6l5 5v6l-5 5H5l-5-5V5zM4.2 5.8 6.4 8l-2.2 2.2 1.6 1.6L8 9.6l2.2 2.2 1.6-1.6L9.6 8l2.2-2.2-1.6-1.6L8 6.4 5.8 4.2z"/></symbol>
<symbol id="i-urgent" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M1 0h14l1 1v14l-1 1H1l-1-1V1zM4 3v6h2.4V3zm0 8v2.4h2.4V11zm5.6-8v6H12V3zm0 8v2.4H12V11z"/></symbol>
<symbol id="i-danger" viewBox="0 0 16 16"><path fill-rule="evenodd" d="m8 0 8 8-8 8-8-8zM6.9 3.6v5.2h2.2V3.6zm0 6.6v2.2h2.2v-2.2z"/></symbol>
<symbol id="i-caution" viewBox="0 0 16 16"><path fill-rule="evenodd" d="m8 .8 8 14.4H0zM7 6v4.6h2V6zm0 5.8v1.9h2v-1.9z"/></symbol>
<symbol id="i-harmless" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0zm0 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.800zM7 7h2v5H7zm0-3h2v2H7z"/></symbol>
<symbol id="i-normal" viewBox="0 0 16 16"><path d="m1 8.600 1.800-1.800 3.500 3.500L13.200 3.200 15 5l-8.700 9z"/></symbol>
<symbol id="i-unknown" viewBox="0 0 16 16"><path d="M4 5.500C4 3 5.700 1.500 8 1.500s4 1.400 4 3.600c0 1.600-.8 2.400-1.800 3.200-.9.700-1.100 1-1.100 2.200H6.900c0-2 .5-2.700 1.600-3.600.8-.7 1.200-1 1.200-1.800 0-.9-.7-1.500-1.700-1.500-1.100 0-1.800.7-1.800 1.900zM6.900 12h2.200v2.300H6.900z"/></symbol>
<symbol id="i-up" viewBox="0 0 16 16"><path d="m8 2 6 7h-4v5H6V9H2z"/></symbol>
<symbol id="i-down" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M1 0h14l1 1v14l-1 1H1l-1-1V1zm5 2.500v5H2.500L8 13.500l5.500-6H10v-5z"/></symbol>
</svg>
)";

constexpr std::string_view kStyle =
    R"(:root{color-scheme:light dark;--bg:#f6f7f8;--card:#fff;--ink:#16191d;--soft:#545d68;--line:#d5dadf;--link:#0b57b0;
--fatal:#6b0f4e;--urgent:#b3141d;--danger:#e06a00;--caution:#f5c518;--harmless:#0b57b0;--normal:#1a6b35;--unknown:#545d68}
@media (prefers-color-scheme:dark){:root{--bg:#101214;--card:#191c20;--ink:#e8eaed;--soft:#a3abb5;--line:#33393f;--link:#8ab8ff;
--fatal:#ff5cc8;--urgent:#ff6b6b;--danger:#ff9a3d;--caution:#f7d04a;--harmless:#8ab8ff;--normal:#6fcf8c;--unknown:#a3abb5}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:0 1rem 3rem;background:var(--bg);color:var(--ink);font:16px/1.45 system-ui,"Noto Sans","Noto Sans KR","Apple SD Gothic Neo","Malgun Gothic",sans-serif}
a{color:var(--link)}
a:focus-visible,input:focus-visible,select:focus-visible,button:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.5rem}
.shapes{display:none}
svg.i{width:1em;height:1em;fill:currentColor;vertical-align:-.125em;flex:none}
nav{display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;align-items:baseline;padding:.7rem 0;border-bottom:1px solid var(--line)}
nav b{margin-right:.4rem}nav a{text-decoration:none}nav a[aria-current]{color:var(--ink);font-weight:600;border-bottom:3px solid currentColor}
nav .as-of{margin-left:auto;color:var(--soft);font-size:.875rem}
h1{font-size:1.7rem;line-height:1.2;margin:1.1rem 0 .9rem;display:flex;gap:.7rem;align-items:center;overflow-wrap:anywhere}
h1>.i,h1>span>svg.i{width:1.5em;height:1.5em}
h2{font-size:1.1rem;margin:1.8rem 0 .5rem}h2 small,h1 small{font-weight:400;color:var(--soft)}
.notices{list-style:none;margin:1rem 0 0;padding:0}.notices li{border:2px solid var(--urgent);border-left-width:.6rem;background:var(--card);padding:.5rem .8rem;margin-bottom:.4rem;font-weight:600}
.tiles{display:grid;grid-template-columns:repeat(7,1fr);gap:.5rem;list-style:none;margin:0 0 .5rem;padding:0}
.tiles li{background:var(--card);border:1px solid var(--line);border-top:.3rem solid var(--c,var(--line));padding:.45rem .65rem .55rem}
.tiles a{color:inherit;text-decoration:none;display:block}.tiles a:hover .w{text-decoration:underline}
.tiles b{display:flex;gap:.45rem;align-items:center;font-size:1.75rem;line-height:1.2;font-variant-numeric:tabular-nums}
.tiles b svg.i{width:.8em;height:.8em;color:var(--c)}.tiles .w{font-size:.9rem}
.tiles .zero{border-top-color:var(--line)}.tiles .zero b{color:var(--soft);font-weight:400}.tiles .zero svg.i{color:var(--soft)}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line)}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.4rem .65rem;border-bottom:1px solid var(--line)}tr:last-child>*{border-bottom:0}
thead th{font-size:.8125rem;font-weight:600;color:var(--soft);white-space:nowrap}tbody th{font-weight:600;overflow-wrap:break-word}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.t{white-space:nowrap;font-variant-numeric:tabular-nums}
td.x{overflow-wrap:anywhere;min-width:9rem}td.full{width:48%}
.why,.soft{color:var(--soft);font-size:.875rem}.why{display:block}
.flag{border:1px solid var(--line);border-radius:.2rem;padding:0 .3rem;font-size:.8125rem;color:var(--soft);white-space:nowrap}
.lv{display:inline-flex;gap:.4rem;align-items:center;white-space:nowrap;padding:.05rem .5rem;border:2px solid var(--c);border-radius:.25rem;font-weight:600;font-size:.9rem}
.l-fatal,.l-urgent,.l-danger,.l-caution,.l-down{background:var(--c);color:var(--card)}
.l-danger,.l-caution{color:#16191d}
.l-harmless svg,.l-normal svg,.l-up svg,.l-unknown svg{color:var(--c)}
.l-normal,.l-up,.l-unknown{font-weight:400}.l-normal,.l-up{border-color:transparent;padding-left:0}.l-unknown{border-style:dashed}
.c-fatal{--c:var(--fatal)}.c-urgent,.c-down{--c:var(--urgent)}.c-danger{--c:var(--danger)}.c-caution{--c:var(--caution)}
.c-harmless{--c:var(--harmless)}.c-normal,.c-up{--c:var(--normal)}.c-unknown{--c:var(--unknown)}
h1 .c-fatal svg,h1 .c-urgent svg,h1 .c-danger svg,h1 .c-normal svg,h1 .c-unknown svg,h1 .c-harmless svg{color:var(--c)}
.quiet td,.quiet th{color:var(--soft)}
.empty{background:var(--card);border:1px solid var(--line);padding:.9rem 1rem;margin:0}
form{display:flex;flex-wrap:wrap;gap:.5rem .8rem;align-items:end;margin:0 0 .9rem}
label{font-size:.8125rem;color:var(--soft);display:grid;gap:.15rem}input,select,button{font:inherit;color:var(--ink);background:var(--card);border:1px solid var(--soft);border-radius:.25rem;padding:.25rem .45rem}
input[name=q]{width:18rem;max-width:80vw}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0;background:var(--card);border:1px solid var(--line);padding:.7rem 1rem}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
@media (min-width:62rem){dl{grid-template-columns:max-content 1fr max-content 1fr}}
.more{margin:.6rem 0}
footer{margin-top:2rem;color:var(--soft);font-size:.875rem}
@media (max-width:48rem){body{padding:0 .6rem 2rem}.wide{display:none}h1{font-size:1.35rem}nav .as-of{margin-left:0;width:100%}
.tiles{grid-template-columns:repeat(4,1fr);gap:.35rem}.tiles li{padding:.35rem .4rem}.tiles b{font-size:1.2rem;gap:.25rem}.tiles .w{font-size:.8rem;display:block}
.rows thead{position:absolute;left:-99rem}.rows tr{display:grid;grid-template-columns:minmax(min-content,1fr) minmax(0,auto);align-items:center;gap:.1rem .6rem;padding:.5rem .6rem;border-bottom:1px solid var(--line)}
.rows tr>*{border:0;padding:0}.rows tr>.wide{display:none}.rows td.x{min-width:0}.rows tr>:nth-child(2):not(.x){text-align:right}.rows tr>th:first-child+td.x{grid-column:1/-1}.rows .full{grid-column:1/-1;width:auto}
.rows td[data-l]::before{content:attr(data-l) " ";color:var(--soft)}}
@media (max-width:26rem){.tiles{grid-template-columns:repeat(3,1fr)}}
@media (prefers-color-scheme:dark){.l-fatal,.l-urgent,.l-down{color:#101214}}
@media (forced-colors:active){.lv{border-color:currentColor}}
@media print{:root{--bg:#fff;--card:#fff}nav,form{display:none}}
)";

}  // namespace

std::string_view style_sheet() { return kStyle; }

std::string text_of(std::string_view text) { return escape_html(text); }

std::string icon(std::string_view name) {
  return fmt::format("<svg class=\"i\" aria-hidden=\"true\"><use href=\"#i-{}\"/></svg>", name);
}

std::string level_badge(Severity level) {
  const std::string_view word = to_string(level);
  return fmt::format("<span class=\"lv l-{0} c-{0}\">{1}{0} <span lang=\"ko\">{2}</span></span>", word, icon(word),
                     to_korean(level));
}

std::string_view up_korean(std::optional<bool> up) { return !up ? "불명" : *up ? "동작" : "중단"; }

std::string up_badge(std::optional<bool> up) {
  const std::string_view word = up_word(up);
  return fmt::format("<span class=\"lv l-{0} c-{0}\">{1}{0} <span lang=\"ko\">{2}</span></span>", word, icon(word),
                     up_korean(up));
}

std::string device_link(std::string_view name) {
  if (name.empty()) return {};
  return fmt::format("<a href=\"/devices/{}\">{}</a>", encode_component(name), text_of(name));
}

std::string age(Time now, Time at) {
  const std::string exact = format_time(std::chrono::floor<std::chrono::seconds>(at));
  return fmt::format("<time datetime=\"{0}\" title=\"{0}\">{1}</time>", exact,
                     show_seconds(std::chrono::floor<std::chrono::seconds>(now - at).count()));
}

std::string quantity(double value, std::string_view unit) { return text_of(show_quantity(value, unit)); }

std::string notice_list(const std::vector<std::string>& notices) {
  if (notices.empty()) return {};
  std::string out = "<ul class=\"notices\" role=\"alert\">";
  for (const std::string& notice : notices) out += fmt::format("<li>{}</li>", text_of(notice));
  return out + "</ul>\n";
}

std::string problem_note(const Error& error) {
  return fmt::format("<p class=\"empty\"><b>Cannot be shown:</b> {}. The daemon's log says more.</p>\n", text_of(error.text));
}

std::string label_words(const Labels& labels) { return text_of(show_labels(labels)); }

Reply page(const PageHead& head, const std::string& main) {
  std::string out;
  out.reserve(main.size() + kShapes.size() + 2048);
  out +=
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\">\n";
  if (head.refresh > 0) out += fmt::format("<meta http-equiv=\"refresh\" content=\"{}\">\n", head.refresh);
  out +=
      fmt::format("<title>{} · Bongsu</title><link rel=\"stylesheet\" href=\"/style.css\"></head>\n<body>", text_of(head.title));
  out += kShapes;
  out += "<a class=\"skip\" href=\"#main\">Skip to content</a><nav aria-label=\"Pages\"><b>Bongsu</b>";
  constexpr std::pair<std::string_view, std::string_view> kPages[] = {
      {"/", "Status"}, {"/alarms", "Alarms"}, {"/devices", "Devices"}, {"/logs", "Logs"}};
  for (const auto& [path, word] : kPages) {
    out += fmt::format("<a href=\"{}\"{}>{}</a>", path, path == head.current ? " aria-current=\"page\"" : "", word);
  }
  const std::string exact = format_time(std::chrono::floor<std::chrono::seconds>(head.now));
  out += fmt::format("<span class=\"as-of\">as of <time datetime=\"{}\">{} {} UTC</time>", exact, exact.substr(0, 10),
                     exact.substr(11, 8));
  if (head.refresh > 0) out += fmt::format(", again every {} s (<a href=\"?refresh=0\">hold</a>)", head.refresh);
  out += "</span></nav>\n<main id=\"main\">\n";
  out += main;
  out += fmt::format(
      "</main>\n<footer>Bongsu {} · <a href=\"/api/v1/openapi.json\">API</a> · <a href=\"/metrics\">own "
      "metrics</a></footer>\n</body></html>\n",
      text_of(head.version));
  return {.type = kHtml, .body = std::move(out)};
}

}  // namespace bongsu::http
