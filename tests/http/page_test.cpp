// SPDX-License-Identifier: Apache-2.0
// The pages: what a person must find on them, and that text from devices stays text.
#include <gmock/gmock.h>
#include <httplib.h>

#include <regex>

#include "http/html.h"
#include "http/params.h"
#include "lab.h"

namespace bongsu::http {
namespace {

using lab::Lab;
using testing::HasSubstr;
using testing::Not;

class Pages : public testing::Test {
 protected:
  std::string get(const std::string& target, int status = 200) {
    if (!client) {
      lab.start();
      client = std::make_unique<httplib::Client>("127.0.0.1", lab.port());
    }
    const auto answer = client->Get(target);
    if (!answer) return ADD_FAILURE() << target << ": no answer", std::string();
    EXPECT_EQ(status, answer->status) << target;
    EXPECT_THAT(answer->get_header_value("Content-Security-Policy"), HasSubstr("default-src 'none'"));
    EXPECT_THAT(answer->body, Not(HasSubstr("<script")));
    EXPECT_THAT(answer->body, Not(HasSubstr(" style=")));
    return answer->body;
  }
  Alarm alarm(std::uint64_t id, const std::string& device, Severity level) {
    return {.id = id,
            .item = "cpu",
            .title = "CPU usage",
            .labels = {{"device", device}},
            .device = device,
            .level = level,
            .value = 97.5,
            .limit = 95,
            .unit = "percent",
            .since = time_from_ms(lab::kNow - 125'000)};
  }
  Lab lab;
  std::unique_ptr<httplib::Client> client;
};

TEST_F(Pages, ANewcomerIsTold) {
  const std::string page = get("/");
  EXPECT_THAT(page, HasSubstr("Nothing is watched yet"));
  EXPECT_THAT(page, HasSubstr("<code>devices:</code>"));
  EXPECT_THAT(page, HasSubstr("No open alarm."));
}

TEST_F(Pages, WorstComesFirst) {
  lab.devices.list = {
      {.name = "a-ok", .up = true}, {.name = "b-bad", .up = true}, {.name = "c-down", .up = false}, {.name = "d-new"}};
  lab.alarms.states = {{.item = "cpu", .device = "a-ok"}, {.item = "cpu", .device = "b-bad", .level = Severity::Urgent}};
  lab.alarms.list = {alarm(2, "b-bad", Severity::Caution), alarm(1, "b-bad", Severity::Urgent)};
  lab.notices = {"disk full"};
  const std::string page = get("/");
  EXPECT_THAT(page, HasSubstr("1 urgent, 1 device down, 1 caution</h1>"));
  EXPECT_THAT(page, HasSubstr("<title>1 urgent, 1 device down, 1 caution · Bongsu</title>"));
  EXPECT_THAT(page, HasSubstr("<meta http-equiv=\"refresh\" content=\"30\">"));
  EXPECT_THAT(page, HasSubstr("role=\"alert\"><li>disk full</li>"));
  EXPECT_THAT(page, HasSubstr("97.5 %"));
  EXPECT_THAT(page, HasSubstr(">2 min</time>"));
  const auto order = [&](const char* first, const char* second) {
    EXPECT_LT(page.find(first), page.find(second)) << first << " / " << second;
  };
  order("disk full", "<h1>");
  order("<span class=\"lv l-urgent", "<span class=\"lv l-caution");
  order("/devices/c-down\"", "/devices/a-ok\"");
  EXPECT_THAT(page, testing::ContainsRegex("/devices/c-down(.|\n)*/devices/d-new(.|\n)*/devices/a-ok"));
  EXPECT_THAT(get("/?refresh=0"), Not(HasSubstr("http-equiv=\"refresh\"")));
}

TEST_F(Pages, CountsAgreeWithTheTableBelowWhereADeviceIsDead) {
  lab.devices.list = {{.name = "dead", .up = false}, {.name = "fine", .up = true}};
  lab.alarms.list = {alarm(2, "dead", Severity::Fatal), alarm(1, "dead", Severity::Caution)};
  lab.alarms.states = {{.item = "cpu", .device = "dead", .level = Severity::Unknown, .alarm = 1},
                       {.item = "up", .device = "dead", .level = Severity::Fatal, .alarm = 2},
                       {.item = "cpu", .device = "fine"}};
  lab.items = {{.name = "cpu"}, {.name = "up"}, {.name = "off", .enabled = false}};
  const std::string page = get("/");
  EXPECT_THAT(page, HasSubstr("1 fatal, 1 device down, 1 caution</h1>"));
  EXPECT_THAT(page, testing::ContainsRegex("/alarms\\?level=caution\"><b>.*</svg>1</b>"));
  EXPECT_THAT(page, HasSubstr("<h2>Open alarms <small>2, worst first</small>"));
  EXPECT_THAT(page,
              HasSubstr("Watched: 3 values by 2 items, each of a device, port, disk or the like: 1 normal, 1 with an alarm, "
                        "1 without data"));
  EXPECT_THAT(page, testing::ContainsRegex("/devices/dead\"(.|\n)*fatal(.|\n)*<span class=\"soft\">of 2</span>"));
  EXPECT_THAT(get("/devices/dead"), HasSubstr("<h2>Open alarms"));
  EXPECT_THAT(get("/devices/fine"), Not(HasSubstr("<h2>Open alarms")));
}

// Nothing on a page changes anything: the page says the command.
TEST_F(Pages, AnAlarmHasAPageThatSaysHowToTakeItInHand) {
  Alarm down = alarm(7, "db1", Severity::Fatal);
  down.meaning = "no answer";
  down.asked = "192.0.2.7: no answer to <b>ping</b>";
  Alarm ended = alarm(6, "db1", Severity::Danger);
  ended.state = AlarmState::Recovered;
  ended.ended = time_from_ms(lab::kNow - 60'000);
  lab.alarms.list = {down, ended};
  EXPECT_THAT(get("/alarms"), HasSubstr("<a href=\"/alarms/7\">7</a>"));
  const std::string page = get("/alarms/7");
  EXPECT_THAT(page, HasSubstr("bongsu alarms ack 7 "));
  EXPECT_THAT(page, HasSubstr("<dt>Value</dt><dd>no answer</dd>"));
  EXPECT_THAT(page, testing::ContainsRegex("<dt>Level</dt><dd><span class=\"lv l-fatal"));
  EXPECT_THAT(page, HasSubstr("no answer to &lt;b&gt;ping"));
  EXPECT_THAT(page, Not(HasSubstr("<form")));
  EXPECT_THAT(get("/alarms/6"), Not(HasSubstr("alarms ack")));
  lab.alarms.list[0].acknowledged = true;
  EXPECT_THAT(get("/alarms/7"), HasSubstr("bongsu alarms unack 7<"));
  get("/alarms/8", 404);
  get("/alarms/x", 404);
}

TEST_F(Pages, ABrowserGetsAPageWhereNothingIs) {
  get("/");
  const auto ask = [&](const char* target, const char* accept) { return client->Get(target, {{"Accept", accept}}); };
  const auto page = ask("/nosuch%3Cb%3E", "text/html,application/xhtml+xml");
  EXPECT_EQ(404, page->status);
  EXPECT_EQ("text/html; charset=utf-8", page->get_header_value("Content-Type"));
  EXPECT_THAT(page->body, HasSubstr("There is no page at /nosuch&lt;b&gt;."));
  EXPECT_EQ("application/json", ask("/nosuch", "*/*")->get_header_value("Content-Type"));
  EXPECT_EQ("application/json", ask("/api/v1/nosuch", "text/html")->get_header_value("Content-Type"));
}

TEST_F(Pages, NamesTheDeviceThatWasMeant) {
  lab.devices.list = {{.name = "web1"}};
  EXPECT_THAT(get("/alarms?device=wbe1"), HasSubstr("No device is named wbe1. Did you mean <a href=\"/devices/web1\">web1</a>?"));
  EXPECT_THAT(get("/logs?device=wbe1"), HasSubstr("No device is named wbe1."));
  EXPECT_THAT(get("/alarms?device=web1"), Not(HasSubstr("is named")));
}

TEST_F(Pages, EachLevelHasColourIconAndBothWords) {
  for (const Severity level : kWorstFirst) {
    const std::string badge = level_badge(level);
    const std::string word(to_string(level));
    EXPECT_THAT(badge, HasSubstr("c-" + word));
    EXPECT_THAT(badge, HasSubstr("#i-" + word));
    EXPECT_THAT(badge, HasSubstr(">" + word + " <span lang=\"ko\">" + std::string(to_korean(level))));
    EXPECT_THAT(get("/"), HasSubstr("<symbol id=\"i-" + word + "\""));
    EXPECT_THAT(std::string(style_sheet()), HasSubstr("--" + word + ":"));
  }
}

TEST_F(Pages, TextFromOutsideStaysText) {
  const std::string evil = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'\xff";
  DeviceState device{.name = evil,
                     .address = evil,
                     .tags = {{evil, evil}},
                     .up = true,
                     .info = {{"os", evil}, {"vendor", evil}, {evil, evil}},
                     .profiles = {evil},
                     .error = evil};
  lab.devices.list = {device};
  Alarm open = alarm(1, evil, Severity::Fatal);
  open.title = open.why = open.unit = evil;
  open.labels = {{"device", evil}, {"interface", evil}};
  lab.alarms.list = {open};
  lab.alarms.states = {{.item = evil,
                        .title = evil,
                        .labels = open.labels,
                        .device = evil,
                        .level = Severity::Unknown,
                        .unit = evil,
                        .cause = evil}};
  Event event{.id = 1, .received = time_from_ms(lab::kNow), .sender = evil, .host = evil, .app = evil, .text = evil};
  lab.events.list = {event, event};
  lab.events.list[1].device = evil;
  lab.notices = {evil};
  const auto series = [&](const char* name) {
    lab.points.list.push_back(
        {std::make_shared<const Labels>(
             Labels{{"__name__", name}, {"device", evil}, {"interface", evil}, {"alias", evil}, {"ifIndex", evil}}),
         {{time_from_ms(lab::kNow - 60'000), 1}, {time_from_ms(lab::kNow), 2}}});
  };
  series("interface_oper_up");
  series("storage_used_percent");
  const std::string coded = encode_component("\"><script>alert(1)</script><img src=x onerror=alert(1)>'");
  for (const std::string& target :
       {std::string("/"), std::string("/devices"), std::string("/alarms"), std::string("/alarms?device=" + coded),
        std::string("/logs"), std::string("/logs?q=" + coded + "&device=" + coded + "&from=" + "1"),
        std::string("/logs?limit=1")}) {
    const std::string page = get(target);
    EXPECT_THAT(page, Not(HasSubstr("<img"))) << target;
    EXPECT_THAT(page, Not(HasSubstr("'\xff"))) << target;
  }
  EXPECT_THAT(get("/logs?nosuch=" + coded, 400), Not(HasSubstr("<img")));
  EXPECT_THAT(get("/devices/" + coded, 404), Not(HasSubstr("<img")));
  // httplib cannot ask for octets that are not UTF-8 in a path and get them through as they are: a device without them.
  lab.devices.list[0].name = "\"><script>x</script><img src=x>";
  for (auto& one : lab.alarms.states) one.device = lab.devices.list[0].name;
  for (auto& one : lab.points.list) {
    Labels labels = *one.labels;
    labels.set("device", lab.devices.list[0].name);
    one.labels = std::make_shared<const Labels>(labels);
  }
  const std::string page = get("/devices/" + encode_component(lab.devices.list[0].name));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, HasSubstr("Interfaces"));
  EXPECT_THAT(page, HasSubstr("storage_used_percent"));
}

TEST_F(Pages, ADeviceShowsItsInterfacesAndValues) {
  lab.devices.list = {{.name = "sw1",
                       .address = "192.0.2.1",
                       .up = true,
                       .info = {{"os", "linux"}},
                       .last_poll = time_from_ms(lab::kNow - 3'000)}};
  lab.alarms.states = {
      {.item = "a", .title = "Fine one", .device = "sw1", .value = 3, .unit = "percent"},
      {.item = "b", .title = "Bad one", .device = "sw1", .level = Severity::Danger, .value = 91, .unit = "percent"}};
  const auto series = [&](const char* name, const char* index, double before, double last) {
    lab.points.list.push_back(
        {std::make_shared<const Labels>(
             Labels{{"__name__", name}, {"device", "sw1"}, {"interface", std::string("Gi0/") + index}, {"ifIndex", index}}),
         {{time_from_ms(lab::kNow - 60'000), before}, {time_from_ms(lab::kNow), last}}});
  };
  series("interface_oper_up", "10", 1, 0);
  series("interface_oper_up", "9", 1, 1);
  series("interface_speed_bits", "9", 1e9, 1e9);
  series("interface_receive_bytes_total", "9", 1'000'000, 8'500'000);  // 7.5 MB in a minute: 1.0 Mbit/s
  series("interface_transmit_bytes_total", "9", 1'000'000, 500'000);   // restarted
  lab.points.list.push_back({std::make_shared<const Labels>(Labels{{"__name__", "memory_size_bytes"}, {"device", "sw1"}}),
                             {{time_from_ms(lab::kNow), 2.0 * 1024 * 1024 * 1024}}});
  const std::string page = get("/devices/sw1");
  EXPECT_LT(page.find("Bad one"), page.find("Fine one"));
  EXPECT_LT(page.find("Gi0/9"), page.find("Gi0/10"));
  EXPECT_THAT(page,
              HasSubstr("1.0 Gbit/s</td><td class=\"n\" data-l=\"in\">1.0 Mbit/s</td><td class=\"n\" data-l=\"out\">–</td>"));
  EXPECT_THAT(page, HasSubstr("2.0 GiB"));
  EXPECT_THAT(page, HasSubstr("3 s</time> ago"));
  get("/devices/nosuch", 404);
}

TEST_F(Pages, ADeviceShowsWhatItsAgentDoesWrong) {
  lab.devices.list = {{.name = "sw1", .address = "192.0.2.1", .up = true}};
  EXPECT_THAT(get("/devices/sw1"), Not(HasSubstr("Its SNMP agent")));
  snmp::Dialect& dialect = lab.dialects["sw1"];
  EXPECT_THAT(get("/devices/sw1"), Not(HasSubstr("Its SNMP agent")));
  dialect.note(snmp::Trait::VarbindLimit, time_from_ms(lab::kNow), "GET of 50 objects was cut");
  dialect.note(snmp::Trait::NotIncreasing, time_from_ms(lab::kNow), "<b>1.3.6</b>");
  const std::string page = get("/devices/sw1");
  EXPECT_LT(page.find("goes back to an earlier object"), page.find("takes only so many objects"));  // the worst first
  EXPECT_THAT(page, HasSubstr("&lt;b&gt;1.3.6&lt;/b&gt;"));
  EXPECT_THAT(page, HasSubstr("SNMP: GETBULK"));
}

TEST_F(Pages, LogsCanBeSearchedAndPaged) {
  Event event{.id = 9,
              .severity = Severity::Danger,
              .syslog_severity = 3,
              .received = time_from_ms(lab::kNow),
              .device = "db1",
              .app = "sshd",
              .text = "link down"};
  lab.events.list = {event, event};
  lab.events.list[1].id = 8;
  const std::string page = get("/logs?q=link%20down&severity=err&limit=1");
  EXPECT_THAT(page, HasSubstr("value=\"link down\""));
  EXPECT_THAT(page, HasSubstr("<option value=\"err\" selected>"));
  EXPECT_THAT(page, HasSubstr("01:02:03"));
  std::smatch found;
  ASSERT_TRUE(std::regex_search(page, found, std::regex("href=\"(/logs\\?[^\"]*cursor=[^\"]*)\"")));
  const std::string next = std::regex_replace(found[1].str(), std::regex("&amp;"), "&");
  get(next);
  EXPECT_EQ(9U, lab.events.asked.lock()->before_id);
  EXPECT_THAT(lab.events.asked.lock()->words, testing::ElementsAre("link", "down"));
  get("/logs?severity=loud", 400);
  // What a browser's own field for a time sends.
  EXPECT_THAT(get("/logs?from=2026-11-23T01:00&to="),
              HasSubstr("type=\"datetime-local\" name=\"from\" value=\"2026-11-23T01:00\""));
  EXPECT_EQ(parse_time("2026-11-23T01:00:00Z").value(), lab.events.asked.lock()->from);
  get("/logs?from=2026-11-23", 200);
  get("/logs?from=yesterday", 400);
}

TEST(Quantity, ReadsLikeAPersonWritesIt) {
  const auto says = [](const char* words, double value, const char* unit) {
    EXPECT_EQ(words, quantity(value, unit)) << value << ' ' << unit;
  };
  says("97.5 %", 97.5, "percent");
  says("0 %", 0, "percent");
  says("0.5 %", 0.5, "percent");
  says("512 B", 512, "bytes");
  says("1.5 KiB", 1536, "bytes");
  says("2.0 TiB", 2199023255552.0, "bytes");
  says("10.0 Gbit/s", 1e10, "bits_per_second");
  says("1 d 1 h", 90'000, "seconds");
  says("1.5 ms", 0.0015, "seconds");
  says("42", 42, "");
  says("0.1235", 0.12345, "");
  says("3 &lt;b&gt;", 3, "<b>");
  says("no value", std::numeric_limits<double>::quiet_NaN(), "percent");
}

}  // namespace
}  // namespace bongsu::http
