// SPDX-License-Identifier: Apache-2.0
#include "oracle.h"

#include <fcntl.h>
#include <httplib.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.h"
#include "model/labels.h"

namespace bongsu::query {
namespace {

constexpr const char* kProgram = "/usr/bin/prometheus";
constexpr const char* kTool = "/usr/bin/promtool";

int launch(const std::vector<std::string>& arguments, const std::filesystem::path& log) {
  std::vector<char*> raw;
  for (const std::string& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  const int id = fork();
  if (id != 0) return id;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(out, 1);
  dup2(out, 2);
  execv(raw[0], raw.data());
  _exit(127);
}

int free_port() {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof name;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port = 0;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&name), length) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) == 0)
    port = ntohs(name.sin_port);
  close(fd);
  return port;
}

std::string tail_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return text.size() > 500 ? text.substr(text.size() - 500) : text;
}

double number_of(const nlohmann::json& text) { return parse_number(text.get<std::string>()).value_or(0.12345); }

std::int64_t ms_of(const nlohmann::json& seconds) { return std::llround(seconds.get<double>() * 1000); }

std::string labels_of(const nlohmann::json& metric) {
  Labels labels;
  for (const auto& [name, value] : metric.items()) labels.set(name, value.get<std::string>());
  return labels.to_string();
}

Result<Table> plain_of(const httplib::Result& reply) {
  if (!reply) return Error{Code::Unavailable, "prometheus does not answer any more"};
  const auto json = nlohmann::json::parse(reply->body, nullptr, false);
  if (json.is_discarded()) return Error{Code::Unavailable, "prometheus answers what is no JSON: " + reply->body.substr(0, 200)};
  if (json["status"] != "success") return Error{Code::Invalid, json["error"].get<std::string>()};
  const std::string kind = json["data"]["resultType"];
  const auto& result = json["data"]["result"];
  Table out;
  if (kind == "scalar") {
    out["scalar"][ms_of(result[0])] = number_of(result[1]);
    return out;
  }
  for (const auto& series : result) {
    auto& values = out[labels_of(series["metric"])];
    if (kind == "vector") {
      values[ms_of(series["value"][0])] = number_of(series["value"][1]);
      continue;
    }
    for (const auto& value : series["values"]) values[ms_of(value[0])] = number_of(value[1]);
  }
  return out;
}

std::string seconds(Time at) {
  return std::to_string(to_ms(at) / 1000) + "." + std::to_string(1000 + to_ms(at) % 1000).substr(1);
}

}  // namespace

struct Prometheus::Http {
  explicit Http(int port) : client("127.0.0.1", port) {
    client.set_read_timeout(30);
    client.set_keep_alive(true);
    client.set_tcp_nodelay(true);
  }
  httplib::Client client;
};

bool Prometheus::installed() { return access(kProgram, X_OK) == 0 && access(kTool, X_OK) == 0; }

Result<std::unique_ptr<Prometheus>> Prometheus::start(const std::string& openmetrics) {
  std::unique_ptr<Prometheus> out(new Prometheus);
  const Folder& folder = out->folder_;
  const auto metrics = folder.write("metrics.om", openmetrics);
  const auto config = folder.write("prometheus.yml", "global:\n  scrape_interval: 1h\n");
  const auto log = folder / "log";
  const int tool =
      launch({kTool, "tsdb", "create-blocks-from", "openmetrics", metrics.string(), (folder / "data").string()}, log);
  int status = 0;
  if (waitpid(tool, &status, 0) != tool || status != 0)
    return Error{Code::Unavailable, "promtool makes no blocks of the data: " + tail_of(log)};
  const int port = free_port();
  out->process_ = launch(
      {kProgram, "--config.file=" + config.string(), "--storage.tsdb.path=" + (folder / "data").string(),
       "--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:" + std::to_string(port), "--log.level=error"},
      log);
  out->http_ = std::make_unique<Http>(port);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < deadline) {
    const auto reply = out->http_->client.Get("/-/ready");
    if (reply && reply->status == 200) return out;
    if (waitpid(out->process_, &status, WNOHANG) != 0) {
      out->process_ = -1;
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // until it listens; there is nothing to wait on
  }
  return Error{Code::Unavailable, "prometheus is not ready: " + tail_of(log)};
}

Prometheus::~Prometheus() {
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

Result<Table> Prometheus::instant(const std::string& query, Time at) {
  return plain_of(http_->client.Post("/api/v1/query", httplib::Params{{"query", query}, {"time", seconds(at)}}));
}

Result<Table> Prometheus::range(const std::string& query, Time from, Time to, Millis step) {
  return plain_of(http_->client.Post("/api/v1/query_range",
                                     httplib::Params{{"query", query},
                                                     {"start", seconds(from)},
                                                     {"end", seconds(to)},
                                                     {"step", std::to_string(static_cast<double>(step.count()) / 1000)}}));
}

}  // namespace bongsu::query
