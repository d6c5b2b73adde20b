// SPDX-License-Identifier: Apache-2.0
#include "notify/request.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <nlohmann/json.hpp>

#include "lab.h"
#include "notify/sign.h"

namespace bongsu::notify {
namespace {

using Json = nlohmann::json;
const Time kMonday = parse_time("2026-11-23T01:00:00Z").value();

Channel channel_of(ChannelType type) {
  Channel channel{.name = "c", .type = type};
  channel.token = Secret("TOKEN");
  channel.user = "USER";
  channel.password = Secret("PASS");
  channel.from = "0212345678";
  channel.room = "ROOM";
  return channel;
}

// What leaves for one alarm of web1 that fell to danger, or recovered.
Request made(const Channel& channel, Reason reason = Reason::Raised, std::string address = "") {
  Message message{.key = "key-1", .person = "ops", .address = std::move(address)};
  Alarm alarm = alarm_of(42, "web1", Severity::Danger, kMonday);
  if (reason == Reason::Recovered) alarm.ended = kMonday + std::chrono::minutes(5);
  message.notices.push_back({reason, {.at = kMonday, .alarm = alarm}});
  Spec spec;
  spec.host = "mon1";
  spec.page = "https://b.example";
  auto request = request_of(channel, message, words_of(message, Language::English, "", spec.page), spec, kMonday);
  EXPECT_TRUE(request) << request.error().text;
  return request ? *request : Request();
}
std::string header(const Request& request, std::string_view name) {
  for (const auto& [known, value] : request.headers) {
    if (known == name) return value;
  }
  return "(none)";
}

TEST(RequestOf, SlackAsWebhookAndAsBot) {
  Channel bot = channel_of(ChannelType::Slack);
  Request request = made(bot, Reason::Raised, "U123");
  EXPECT_EQ("https://slack.com/api/chat.postMessage", request.url);
  EXPECT_EQ("Bearer TOKEN", header(request, "Authorization"));
  EXPECT_EQ("U123", Json::parse(request.body)["channel"]);
  Channel hook{.name = "room", .type = ChannelType::Slack};
  hook.url = Secret("https://hooks.slack.com/services/X");
  request = made(hook);
  EXPECT_EQ("https://hooks.slack.com/services/X", request.url);
  EXPECT_FALSE(Json::parse(request.body).contains("channel"));
  EXPECT_EQ("key-1", header(request, "Idempotency-Key"));
}

TEST(RequestOf, RoomsOfMarkdownGetNoMentions) {
  Channel channel = channel_of(ChannelType::Discord);
  channel.url = Secret("http://x/hook");
  const Json body = Json::parse(made(channel).body);
  EXPECT_EQ(Json::array(), body["allowed_mentions"]["parse"]);
  EXPECT_NE(std::string::npos, body["content"].get<std::string>().find("\\[danger\\] web1: CPU usage 93 % \\(limit 80 %\\)"));
  Channel teams{.name = "t", .type = ChannelType::Teams};
  teams.url = Secret("http://x/flow");
  EXPECT_EQ("AdaptiveCard", Json::parse(made(teams).body)["attachments"][0]["content"]["type"]);
}

TEST(RequestOf, Pushes) {
  const Json ntfy = Json::parse(made(channel_of(ChannelType::Ntfy)).body);
  EXPECT_EQ("ROOM", ntfy["topic"]);
  EXPECT_EQ(4, ntfy["priority"]);
  const Request telegram = made(channel_of(ChannelType::Telegram), Reason::Raised, "777");
  EXPECT_EQ("https://api.telegram.org/botTOKEN/sendMessage", telegram.url);
  EXPECT_EQ("777", Json::parse(telegram.body)["chat_id"]);
  const Request pushover = made(channel_of(ChannelType::Pushover), Reason::Raised, "u1");
  EXPECT_TRUE(pushover.body.starts_with("token=TOKEN&user=u1&title=%5Bdanger%5D%20web1")) << pushover.body;
  Channel gotify = channel_of(ChannelType::Gotify);
  gotify.url = Secret("http://g/");
  EXPECT_EQ("http://g/message", made(gotify).url);
  EXPECT_EQ("TOKEN", header(made(gotify), "X-Gotify-Key"));
}

TEST(RequestOf, IncidentServicesOpenAndCloseTheSame) {
  const Channel pager = channel_of(ChannelType::PagerDuty);
  const Json opened = Json::parse(made(pager).body);
  const Json closed = Json::parse(made(pager, Reason::Recovered).body);
  EXPECT_EQ("trigger", opened["event_action"]);
  EXPECT_EQ("error", opened["payload"]["severity"]);
  EXPECT_EQ("resolve", closed["event_action"]);
  EXPECT_EQ("bongsu-mon1-42", opened["dedup_key"]);
  EXPECT_EQ(opened["dedup_key"], closed["dedup_key"]);
  const Channel genie = channel_of(ChannelType::Opsgenie);
  EXPECT_EQ("P3", Json::parse(made(genie).body)["priority"]);
  EXPECT_EQ("GenieKey TOKEN", header(made(genie), "Authorization"));
  EXPECT_EQ("https://api.opsgenie.com/v2/alerts/bongsu-mon1-42/close?identifierType=alias", made(genie, Reason::Recovered).url);
  Channel manager{.name = "am", .type = ChannelType::Alertmanager};
  manager.url = Secret("http://am:9093");
  EXPECT_EQ("http://am:9093/api/v2/alerts", made(manager).url);
  const Json alert = Json::parse(made(manager, Reason::Recovered).body)[0];
  EXPECT_EQ("cpu_usage", alert["labels"]["alertname"]);
  EXPECT_EQ("2026-11-23T01:05:00Z", alert["endsAt"]);
  EXPECT_GT(Json::parse(made(manager).body)[0]["endsAt"].get<std::string>(), "2036");
}

TEST(RequestOf, ShortMessages) {
  const Request twilio = made(channel_of(ChannelType::Twilio), Reason::Raised, "+821012345678");
  EXPECT_EQ("https://api.twilio.com/2010-04-01/Accounts/USER/Messages.json", twilio.url);
  EXPECT_TRUE(twilio.body.starts_with("To=%2B821012345678&From=0212345678&Body=%5Bdanger%5D")) << twilio.body;
  EXPECT_EQ("PASS", twilio.password);
  const Request solapi = made(channel_of(ChannelType::Solapi), Reason::Raised, "01012345678");
  EXPECT_EQ("https://api.solapi.com/messages/v4/send", solapi.url);
  EXPECT_EQ("01012345678", Json::parse(solapi.body)["message"]["to"]);
  const std::string salt = sha256_hex("key-1").substr(0, 32);
  EXPECT_EQ("HMAC-SHA256 apiKey=USER, date=2026-11-23T01:00:00Z, salt=" + salt +
                ", signature=" + hmac_sha256_hex("PASS", "2026-11-23T01:00:00Z" + salt),
            header(solapi, "Authorization"));
  const Request aligo = made(channel_of(ChannelType::Aligo), Reason::Raised, "01012345678");
  EXPECT_TRUE(aligo.body.starts_with("key=PASS&user_id=USER&sender=0212345678&receiver=01012345678&msg=")) << aligo.body;
  Channel kakao = channel_of(ChannelType::KakaoSolapi);
  kakao.form = "KA01TP";
  const Json talk = Json::parse(made(kakao, Reason::Raised, "01012345678").body)["message"]["kakaoOptions"];
  EXPECT_EQ("KA01TP", talk["templateId"]);
  EXPECT_EQ("web1", talk["variables"]["#{device}"]);
  EXPECT_EQ("위험", talk["variables"]["#{level}"]);
}

TEST(RequestOf, AnyGatewayByItsForm) {
  Channel get{.name = "sms", .type = ChannelType::Sms};
  get.url = Secret("http://gw/send?to=${to}&text=${brief}");
  Request request = made(get, Reason::Raised, "+82 10");
  EXPECT_EQ("GET", request.method);
  EXPECT_TRUE(request.url.starts_with("http://gw/send?to=%2B82%2010&text=%5Bdanger%5D%20web1")) << request.url;
  Channel post{.name = "sms", .type = ChannelType::Sms};
  post.url = Secret("http://gw/send");
  post.form = R"({"to":"${to}","text":"${text}"})";
  post.headers["Content-Type"] = "application/json";
  request = made(post, Reason::Raised, "a\"b");
  EXPECT_EQ("a\"b", Json::parse(request.body)["to"]);
}

TEST(RequestOf, WebhookIsSigned) {
  Channel channel{.name = "hook", .type = ChannelType::Webhook};
  channel.url = Secret("http://x/");
  channel.sign = Secret("k");
  const Request request = made(channel);
  EXPECT_EQ("sha256=" + hmac_sha256_hex("k", request.body), header(request, "X-Bongsu-Signature"));
  const Json body = Json::parse(request.body);
  EXPECT_EQ("raised", body["notices"][0]["reason"]);
  EXPECT_EQ(42, body["notices"][0]["alarm"]["id"]);
  EXPECT_EQ("https://b.example/devices/web1", body["notices"][0]["url"]);
  channel.form = R"({"what":"${subject}"})";
  EXPECT_EQ("[danger] web1: CPU usage 93 % (limit 80 %)", Json::parse(made(channel).body)["what"]);
}

// The claim is signed with the account's key, and changed for a token by whoever sends.
TEST(RequestOf, FirebaseWithAServiceAccount) {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  BIO* bio = BIO_new(BIO_s_mem());
  ASSERT_EQ(1, PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr));
  char* pem = nullptr;
  const long size = BIO_get_mem_data(bio, &pem);
  const Json account{{"project_id", "p1"},
                     {"client_email", "b@p1.example"},
                     {"private_key", std::string(pem, static_cast<std::size_t>(size))},
                     {"token_uri", "https://oauth.example/token"}};
  Channel channel{.name = "push", .type = ChannelType::Fcm};
  channel.token = Secret(account.dump());
  const Request request = made(channel, Reason::Raised, "DEVICE");
  EXPECT_EQ("https://fcm.googleapis.com/v1/projects/p1/messages:send", request.url);
  const Json message = Json::parse(request.body)["message"];
  EXPECT_EQ("DEVICE", message["token"]);
  EXPECT_EQ("[danger] web1: CPU usage 93 % (limit 80 %)", message["notification"]["title"]);
  ASSERT_TRUE(request.grant);
  EXPECT_EQ("https://oauth.example/token", request.grant->url);
  const std::string& form = request.grant->form;
  EXPECT_TRUE(form.starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=")) << form;
  const std::string token = form.substr(form.rfind('=') + 1);
  const auto octets = [](std::string text) {
    for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
    const std::size_t padding = (4 - text.size() % 4) % 4;
    text.append(padding, '=');
    std::string out(text.size(), '\0');
    const int got = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                    reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    out.resize(static_cast<std::size_t>(got) - padding);
    return out;
  };
  const std::size_t first = token.find('.'), last = token.rfind('.');
  const Json claims = Json::parse(octets(token.substr(first + 1, last - first - 1)));
  EXPECT_EQ("b@p1.example", claims["iss"]);
  EXPECT_EQ("https://oauth.example/token", claims["aud"]);
  EXPECT_EQ(3'600, claims["exp"].get<int>() - claims["iat"].get<int>());
  const std::string signature = octets(token.substr(last + 1));
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ASSERT_EQ(1, EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key));
  EXPECT_EQ(1, EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                                reinterpret_cast<const unsigned char*>(token.data()), last));
  EVP_MD_CTX_free(context);
  BIO_free(bio);
  EVP_PKEY_free(key);
  channel.token = Secret(R"({"project_id":"p","client_email":"e","private_key":"x","token_uri":"u"})");
  const auto refused = request_of(channel, {.key = "k", .person = {}, .address = "D", .notices = {Notice{}}}, {}, {}, kMonday);
  ASSERT_FALSE(refused);
  EXPECT_EQ("private_key of the service account is no RSA key in PEM", refused.error().text);
}

TEST(RequestOf, KakaoTalkToOneselfAndToAFriend) {
  Channel channel{.name = "talk", .type = ChannelType::KakaoTalk};
  channel.user = "KEY";
  channel.token = Secret("REFRESH");
  Request request = made(channel);
  EXPECT_EQ("https://kapi.kakao.com/v2/api/talk/memo/default/send", request.url);
  EXPECT_TRUE(request.body.starts_with("template_object=%7B%22object_type%22%3A%22text%22")) << request.body;
  ASSERT_TRUE(request.grant);
  EXPECT_EQ("https://kauth.kakao.com/oauth/token", request.grant->url);
  EXPECT_EQ("grant_type=refresh_token&client_id=KEY", request.grant->form);
  EXPECT_EQ("REFRESH", request.grant->refresh);
  EXPECT_EQ(std::string::npos, request.grant->key.find("REFRESH"));
  request = made(channel, Reason::Raised, "UUID");
  EXPECT_EQ("https://kapi.kakao.com/v1/api/talk/friends/message/default/send", request.url);
  EXPECT_TRUE(request.body.ends_with("&receiver_uuids=%5B%22UUID%22%5D")) << request.body;
}

TEST(RequestOf, AProgramGetsTheMessage) {
  Channel channel{.name = "siren", .type = ChannelType::Program};
  channel.url = Secret("siren.sh");
  const Request request = made(channel);
  EXPECT_EQ(Request::Kind::Program, request.kind);
  EXPECT_EQ("siren.sh", request.url);
  EXPECT_EQ("danger", header(request, "BONGSU_LEVEL"));
  EXPECT_EQ(42, Json::parse(request.body)["notices"][0]["alarm"]["id"]);
}

TEST(RequestOf, SaysWhatIsMissing) {
  const Channel bare{.name = "mail", .type = ChannelType::Email};
  EXPECT_EQ("smtp (\"smtp.example.com:587\")", lacks(bare));
  Channel mail{.name = "mail", .type = ChannelType::Email, .from = "bongsu@example.com"};
  mail.url = Secret("smtp://x:25");
  EXPECT_EQ("", lacks(mail));
  Message message{.key = "k", .person = "ops", .address = "nobody"};
  message.notices.push_back({Reason::Raised, {.at = kMonday, .alarm = alarm_of(1, "web1", Severity::Danger)}});
  const auto request = request_of(mail, message, words_of(message, Language::English, "", ""), Spec(), kMonday);
  ASSERT_FALSE(request);
  EXPECT_EQ("channel mail: \"nobody\" is no mail address", request.error().text);
}

TEST(HmacSha256, IsThatOfRfc4231) {
  EXPECT_EQ("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            hmac_sha256_hex("Jefe", "what do ya want for nothing?"));
  EXPECT_EQ("Zm9vYg==", base64("foob"));
}

TEST(Judge, TellsWhatMayPassFromWhatWillNot) {
  const auto outcome = [](ChannelType type, int status, std::string said = "") {
    return judge(Channel{.name = "c", .type = type}, {.status = status, .said = std::move(said)}).outcome;
  };
  EXPECT_EQ(Outcome::Sent, outcome(ChannelType::Webhook, 204));
  EXPECT_EQ(Outcome::Later, outcome(ChannelType::Webhook, 0, "connection refused"));
  EXPECT_EQ(Outcome::Later, outcome(ChannelType::Webhook, 429));
  EXPECT_EQ(Outcome::Later, outcome(ChannelType::Webhook, 503));
  EXPECT_EQ(Outcome::Never, outcome(ChannelType::Webhook, 404));
  EXPECT_EQ(Outcome::Never, outcome(ChannelType::Webhook, 302));  // not followed
  EXPECT_EQ(Outcome::Sent, outcome(ChannelType::Email, 250));
  EXPECT_EQ(Outcome::Later, outcome(ChannelType::Email, 451));
  EXPECT_EQ(Outcome::Never, outcome(ChannelType::Email, 550));
  EXPECT_EQ(Outcome::Sent, outcome(ChannelType::Aligo, 200, R"({"result_code":"1"})"));
  EXPECT_EQ(Outcome::Never, outcome(ChannelType::Aligo, 200, R"({"result_code":-101,"message":"key"})"));
  EXPECT_EQ(Outcome::Sent, outcome(ChannelType::Slack, 200, "ok"));
  EXPECT_EQ(Outcome::Sent, outcome(ChannelType::Slack, 200, R"({"ok":true})"));
  EXPECT_EQ(Outcome::Never, outcome(ChannelType::Slack, 200, R"({"ok":false,"error":"channel_not_found"})"));
}

}  // namespace
}  // namespace bongsu::notify
