// SPDX-License-Identifier: Apache-2.0
#include "rivals.h"

#include <httplib.h>
#include <unistd.h>

#include <bit>
#include <chrono>
#include <fstream>
#include <thread>

#include "process.h"

namespace bongsu::bench {
namespace {

constexpr int kPort = 20'190;
constexpr std::uint32_t kSeriesPerRequest = 5000;

std::string program_of(Rival rival) { return rival == Rival::Prometheus ? "/usr/bin/prometheus" : "/usr/bin/victoria-metrics"; }
std::string name_of(Rival rival) { return rival == Rival::Prometheus ? "prometheus" : "victoriametrics"; }

// Protocol Buffers, as far as remote write needs them.
void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}
void put_field(std::string& out, int field, std::string_view octets) {
  put_varint(out, static_cast<std::uint64_t>(field) << 3 | 2);
  put_varint(out, octets.size());
  out += octets;
}
// Snappy's block format with literals alone.
std::string snappy(std::string_view raw) {
  std::string out;
  put_varint(out, raw.size());
  for (std::size_t at = 0; at < raw.size();) {
    const std::size_t length = std::min<std::size_t>(raw.size() - at, 65'536);
    out += static_cast<char>(61 << 2);  // a literal whose length - 1 follows in two octets
    out += static_cast<char>((length - 1) & 0xff);
    out += static_cast<char>((length - 1) >> 8);
    out += raw.substr(at, length);
    at += length;
  }
  return out;
}

class Session {
 public:
  Session(Rival rival, const Dataset& data, const std::filesystem::path& dir) : rival_(rival), data_(data), dir_(dir) {
    std::filesystem::remove_all(dir);
    std::filesystem::create_directories(dir);
    client_.set_read_timeout(300);
    client_.set_keep_alive(true);
    client_.set_tcp_nodelay(true);
  }
  ~Session() { std::filesystem::remove_all(dir_); }

  Result<Figures> run() {
    Program program(command());
    if (!answers()) return Error{Code::Unavailable, program_of(rival_) + " does not answer on port " + std::to_string(kPort)};
    Figures figures{.store = name_of(rival_)};
    const double cpu = cpu_seconds(program.id());
    const double began = wall_seconds();
    BONGSU_TRY_OK(fill());
    const auto samples = static_cast<double>(data_.samples());
    figures.ingest_per_s = samples / (wall_seconds() - began);
    BONGSU_TRY(const std::uint64_t octets, settle());
    figures.bytes_per_sample = static_cast<double>(octets) / samples;
    figures.cpu_s_per_Msample = (cpu_seconds(program.id()) - cpu) / samples * 1e6;
    const std::int64_t end = data_.start() / 1000 + data_.spec().steps * 60;
    const std::string one = data_.metric() + R"({device="sw-00003.example.net",row="5"})";
    figures.series_24h_ms = ask("/api/v1/query_range", one, end);
    figures.rate_1000_ms =
        ask("/api/v1/query", "sum(rate(" + data_.metric() + "{device=~\"" + std::string(kThousand) + "\"}[1h]))", end);
    figures.rss_mib = resident_mib(program.id());
    return figures;
  }

  Status fill() {
    for (std::uint32_t step = 0; step < data_.spec().steps; ++step) BONGSU_TRY_OK(send(step));
    return {};
  }
  std::vector<std::string> command() const {
    const std::string port = "127.0.0.1:" + std::to_string(kPort);
    if (rival_ == Rival::VictoriaMetrics) {
      return {program_of(rival_),      "-storageDataPath=" + dir_.string(), "-httpListenAddr=" + port,
              "-retentionPeriod=100y", "-search.latencyOffset=0s",          "-loggerLevel=ERROR"};
    }
    const std::string config = dir_.string() + "/prometheus.yml";
    std::ofstream(config) << "global:\n  scrape_interval: 1h\n";
    return {program_of(rival_),
            "--config.file=" + config,
            "--storage.tsdb.path=" + dir_.string() + "/data",
            "--storage.tsdb.retention.time=100y",
            "--web.listen-address=" + port,
            "--web.enable-remote-write-receiver",
            "--web.enable-admin-api",
            "--log.level=error"};
  }
  bool answers() {
    for (int tries = 0; tries < 200; ++tries) {
      if (const auto reply = client_.Get("/api/v1/labels"); reply && reply->status == 200) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }

 private:
  Status send(std::uint32_t step) {
    if (heads_.empty()) {
      heads_.resize(data_.spec().series);
      for (std::uint32_t i = 0; i < data_.spec().series; ++i) {
        for (const auto& [name, value] : data_.labels(i)) {
          std::string pair;
          put_field(pair, 1, name);
          put_field(pair, 2, value);
          put_field(heads_[i], 1, pair);
        }
      }
    }
    for (std::uint32_t from = 0; from < data_.spec().series; from += kSeriesPerRequest) {
      std::string body, series, sample;
      for (std::uint32_t i = from; i < std::min(from + kSeriesPerRequest, data_.spec().series); ++i) {
        sample.assign(1, 9);
        const auto bits = std::bit_cast<std::uint64_t>(data_.value(i, step));
        sample.append(reinterpret_cast<const char*>(&bits), sizeof bits);
        sample += 16;
        put_varint(sample, static_cast<std::uint64_t>(data_.time(i, step)));
        series = heads_[i];
        put_field(series, 2, sample);
        put_field(body, 1, series);
      }
      const httplib::Headers headers{{"Content-Encoding", "snappy"}, {"X-Prometheus-Remote-Write-Version", "0.1.0"}};
      const auto reply = client_.Post("/api/v1/write", headers, snappy(body), "application/x-protobuf");
      if (!reply) return Error{Code::Unavailable, name_of(rival_) + " does not answer any more"};
      if (reply->status >= 300) return Error{Code::Unavailable, name_of(rival_) + " refuses samples: " + reply->body};
    }
    return {};
  }
  // Its size on disk once it has had the time to put things in order.
  Result<std::uint64_t> settle() {
    const auto get = [&](const std::string& path) { return client_.Get(path.c_str()); };
    if (rival_ == Rival::VictoriaMetrics) {
      get("/internal/force_flush");
      get("/internal/force_merge");
      std::this_thread::sleep_for(std::chrono::seconds(6));
      get("/internal/force_flush");
      return octets_in(dir_, {"cache", "tmp"});
    }
    const auto reply = client_.Post("/api/v1/admin/tsdb/snapshot");
    if (!reply || reply->status >= 300) return Error{Code::Unavailable, "prometheus makes no snapshot"};
    return octets_in(dir_ / "data" / "snapshots");
  }
  // Median of seven, ms.
  std::optional<double> ask(const std::string& path, const std::string& query, std::int64_t end) {
    httplib::Params params{{"query", query}, {"time", std::to_string(end)}, {"nocache", "1"}};
    if (path.ends_with("_range")) {
      params.emplace("start", std::to_string(end - 86'340));
      params.emplace("end", std::to_string(end));
      params.emplace("step", "60");
    }
    const std::string url = httplib::append_query_params(path, params);
    std::vector<double> took;
    for (int i = 0; i < 7; ++i) {
      const double began = wall_seconds();
      const auto reply = client_.Get(url.c_str());
      if (!reply || reply->status != 200) return std::nullopt;
      took.push_back((wall_seconds() - began) * 1e3);
    }
    std::sort(took.begin(), took.end());
    return took[took.size() / 2];
  }

  const Rival rival_;
  const Dataset& data_;
  const std::filesystem::path dir_;
  httplib::Client client_{"127.0.0.1", kPort};
  std::vector<std::string> heads_;  // the labels of each series, ready to be sent
};

}  // namespace

const char* to_string(Rival rival) { return rival == Rival::Prometheus ? "Prometheus" : "VictoriaMetrics"; }

bool installed(Rival rival) { return access(program_of(rival).c_str(), X_OK) == 0; }

Result<Figures> measure(Rival rival, const Dataset& data, const std::filesystem::path& dir) {
  return Session(rival, data, dir).run();
}

struct FilledRival::Parts {
  Parts(Rival rival, const Dataset& data, const std::filesystem::path& dir)
      : session(rival, data, dir), program(session.command()) {}
  Session session;
  Program program;
};

FilledRival::FilledRival() = default;
FilledRival::~FilledRival() = default;
int FilledRival::port() const { return kPort; }
int FilledRival::process() const { return parts_->program.id(); }

Result<std::unique_ptr<FilledRival>> FilledRival::start(Rival rival, const Dataset& data, const std::filesystem::path& dir) {
  std::unique_ptr<FilledRival> out(new FilledRival);
  out->parts_ = std::make_unique<Parts>(rival, data, dir);
  if (!out->parts_->session.answers())
    return Error{Code::Unavailable, program_of(rival) + " does not answer on port " + std::to_string(kPort)};
  BONGSU_TRY_OK(out->parts_->session.fill());
  return out;
}

}  // namespace bongsu::bench
