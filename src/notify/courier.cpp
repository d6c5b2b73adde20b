// SPDX-License-Identifier: Apache-2.0
#include "notify/courier.h"

#include <curl/curl.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <thread>

#include "base/lock.h"
#include "base/text.h"

namespace bongsu::notify {
namespace {

constexpr std::size_t kMostHeard = 4096;  // octets of an answer

}  // namespace

struct EndEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct EndMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct EndList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EndEasy>;
using List = std::unique_ptr<curl_slist, EndList>;

static List append(List list, const std::string& line) {
  if (curl_slist* longer = curl_slist_append(list.get(), line.c_str())) {
    static_cast<void>(list.release());
    list.reset(longer);
  }
  return list;
}

// One request under way.
struct Transfer {
  Request request;
  std::function<void(Reply)> done;
  Easy easy;
  List headers;
  List recipients;
  std::size_t sent = 0;  // octets of a mail
  std::string heard;
  std::array<char, CURL_ERROR_SIZE> error{};

  static std::size_t hear(const char* data, std::size_t size, std::size_t count, void* self) {
    std::string& heard = static_cast<Transfer*>(self)->heard;
    const std::size_t octets = size * count;
    heard.append(data, std::min(octets, kMostHeard - std::min(kMostHeard, heard.size())));
    return octets;
  }
  static std::size_t say(char* data, std::size_t size, std::size_t count, void* self) {
    auto* transfer = static_cast<Transfer*>(self);
    const std::string& body = transfer->request.body;
    const std::size_t octets = std::min(size * count, body.size() - transfer->sent);
    std::memcpy(data, body.data() + transfer->sent, octets);
    transfer->sent += octets;
    return octets;
  }
  // A service that only counts octets must not send them for ever.
  static int progress(void*, curl_off_t, curl_off_t down, curl_off_t, curl_off_t) { return down > (1 << 20) ? 1 : 0; }

  bool set() {
    easy.reset(curl_easy_init());
    if (!easy) return false;
    CURL* curl = easy.get();
    curl_easy_setopt(curl, CURLOPT_PRIVATE, this);
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error.data());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.timeout.count()));
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Transfer::hear);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &Transfer::progress);
    if (!request.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, request.ca_file.c_str());
    if (!request.user.empty()) curl_easy_setopt(curl, CURLOPT_USERNAME, request.user.c_str());
    if (!request.password.empty()) curl_easy_setopt(curl, CURLOPT_PASSWORD, request.password.c_str());
    return request.kind == Request::Kind::Mail ? set_mail(curl) : set_http(curl);
  }
  bool set_http(CURL* curl) {
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "Bongsu");
    for (const auto& [name, value] : request.headers) {
      if ((name + value).find_first_of("\r\n") == std::string::npos) headers = append(std::move(headers), name + ": " + value);
    }
    headers = append(std::move(headers), "Expect:");  // no 100-continue
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    if (request.method != "GET") {
      if (request.method != "POST") curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
    } else {
      curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    }
    return true;
  }
  bool set_mail(CURL* curl) {
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    // libcurl takes a connection that STARTTLS has upgraded, or that has none, for one of other certificates or demands, too.
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(curl, CURLOPT_USE_SSL, static_cast<long>(request.tls_required ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, ("<" + request.from + ">").c_str());
    recipients = append(std::move(recipients), "<" + request.to + ">");
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients.get());
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, &Transfer::say);
    curl_easy_setopt(curl, CURLOPT_READDATA, this);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    return true;
  }

  Reply reply(CURLcode code) {
    Reply out;
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_off_t wait = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RETRY_AFTER, &wait);
    if (wait > 0) out.retry_after = std::chrono::seconds(std::min<curl_off_t>(wait, 3'600));
    // An answer in full counts, whatever came after it; of a mail, an answer that refused it.
    const bool refused = request.kind == Request::Kind::Mail && status >= 400;
    if (code == CURLE_OK || refused) out.status = static_cast<int>(status);
    const char* text = error[0] != '\0' ? error.data() : curl_easy_strerror(code);
    out.said = code == CURLE_OK ? std::move(heard) : std::string(text);
    return out;
  }
};

struct CurlCourier::Core {
  std::unique_ptr<CURLM, EndMulti> multi;
  struct Shared {
    std::vector<std::unique_ptr<Transfer>> waiting;
    bool stop = false;
  };
  Guarded<Shared> shared;
  std::thread thread;

  void run() {
    std::map<CURL*, std::unique_ptr<Transfer>> under_way;
    for (;;) {
      std::vector<std::unique_ptr<Transfer>> fresh;
      {
        const auto held = shared.lock();
        if (held->stop) break;
        fresh.swap(held->waiting);
      }
      for (auto& transfer : fresh) {
        if (!transfer->set() || curl_multi_add_handle(multi.get(), transfer->easy.get()) != CURLM_OK) {
          transfer->done({.said = "no memory for a request"});
          continue;
        }
        under_way.emplace(transfer->easy.get(), std::move(transfer));
      }
      int running = 0;
      curl_multi_perform(multi.get(), &running);
      int left = 0;
      while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        const CURLcode code = message->data.result;
        auto ended = under_way.extract(message->easy_handle);
        curl_multi_remove_handle(multi.get(), ended.key());
        ended.mapped()->done(ended.mapped()->reply(code));
      }
      curl_multi_poll(multi.get(), nullptr, 0, 1'000, nullptr);
    }
    for (auto& [easy, transfer] : under_way) curl_multi_remove_handle(multi.get(), easy);
  }
};

Result<std::unique_ptr<CurlCourier>> CurlCourier::start() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  auto core = std::make_unique<Core>();
  core->multi.reset(ready == CURLE_OK ? curl_multi_init() : nullptr);
  if (!core->multi) return Error{Code::Unavailable, "libcurl does not start; notices cannot leave"};
  core->thread = std::thread([raw = core.get()] { raw->run(); });
  pthread_setname_np(core->thread.native_handle(), "courier");
  return std::unique_ptr<CurlCourier>(new CurlCourier(std::move(core)));
}

CurlCourier::CurlCourier(std::unique_ptr<Core> core) : core_(std::move(core)) {}

CurlCourier::~CurlCourier() {
  core_->shared.lock()->stop = true;
  curl_multi_wakeup(core_->multi.get());
  core_->thread.join();
}

void CurlCourier::send(Request request, std::function<void(Reply)> done) {
  if (request.kind != Request::Kind::Http && request.kind != Request::Kind::Mail)
    return done({.said = "this courier sends HTTP and mail alone"});
  auto transfer = std::make_unique<Transfer>();
  transfer->request = std::move(request);
  transfer->done = std::move(done);
  core_->shared.lock()->waiting.push_back(std::move(transfer));
  curl_multi_wakeup(core_->multi.get());
}

}  // namespace bongsu::notify
