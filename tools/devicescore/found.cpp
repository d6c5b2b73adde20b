// SPDX-License-Identifier: Apache-2.0
#include "found.h"

#include <array>
#include <string_view>

#include "base/json.h"

namespace bongsu::devicescore {
namespace {

const Oid kHcInOctets{1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6};

struct Renamed {
  std::string_view ours, theirs, unit;
};
constexpr std::array kRenamed{
    Renamed{"cpu_usage_percent", "cpu.usage", "percent"},
    Renamed{"memory_used_percent", "memory.used_percent", "percent"},
    Renamed{"memory_used_bytes", "memory.used", "byte"},
    Renamed{"memory_size_bytes", "memory.total", "byte"},
    Renamed{"storage_used_percent", "storage.used_percent", "percent"},
    Renamed{"storage_used_bytes", "storage.used", "byte"},
    Renamed{"storage_size_bytes", "storage.total", "byte"},
    Renamed{"interface_speed_bits", "port.speed", "bit_per_second"},
};
// Classes that are told of radios: a list of their own there, some of them under a name that sensors have as well.
constexpr std::array<std::pair<std::string_view, std::string_view>, 21> kWireless{{{"capacity", "capacity"},
                                                                                   {"ccq", "ccq"},
                                                                                   {"cell", "cell"},
                                                                                   {"channel", "channel"},
                                                                                   {"clients", "clients"},
                                                                                   {"ap_count", "ap-count"},
                                                                                   {"distance", "distance"},
                                                                                   {"error_rate", "error-rate"},
                                                                                   {"radio_errors", "errors"},
                                                                                   {"mse", "mse"},
                                                                                   {"noise_floor", "noise-floor"},
                                                                                   {"quality", "quality"},
                                                                                   {"radio_frequency", "frequency"},
                                                                                   {"radio_power", "power"},
                                                                                   {"rate", "rate"},
                                                                                   {"rsrp", "rsrp"},
                                                                                   {"rsrq", "rsrq"},
                                                                                   {"rssi", "rssi"},
                                                                                   {"sinr", "sinr"},
                                                                                   {"radio_snr", "snr"},
                                                                                   {"utilization", "utilization"}}};

class Writer {
 public:
  Writer(JsonWriter& json, const poll::CollectedMetric& metric) : json_(json), metric_(metric) {}

  void metric(std::string_view name, double value, std::string_view unit, std::string_view state = {}) {
    json_.begin_object().member("name", name).key("labels").begin_object();
    json_.member("oid", metric_.oid.to_string());
    for (const auto& [key, text] : metric_.labels) {
      if (key == "interface") json_.member("ifName", text);
      else if (key == "cpu" || key == "pool" || key == "storage" || key == "sensor") json_.member("descr", text);
      else if (key == "ifIndex" || key == "index" || key == "within") json_.member(key, text);
    }
    if (!state.empty()) json_.member("state", state);
    json_.end_object().member("value", value);
    if (!unit.empty()) json_.member("unit", unit);
    json_.end_object();
  }

  void write() {
    for (const Renamed& each : kRenamed) {
      if (metric_.name == each.ours) return metric(each.theirs, metric_.value, each.unit);
    }
    const double raw = metric_.raw.to_double().value_or(metric_.value);
    if (metric_.name == "interface_oper_up") return metric("port.oper_status", raw, {}, metric_.word);
    if (metric_.name == "interface_type") return metric("port.type", metric_.value, {});
    if (metric_.name == "interface_admin_up") return metric("port.admin_status", raw, {}, metric_.word);
    if (metric_.name == "interface_receive_bytes_total")
      return metric("port.counter64", metric_.oid.starts_with(kHcInOctets) ? 1 : 0, {});
    const std::string kind(metric_.labels.get("class"));
    if (metric_.name == "sensor_state") return metric("sensor.state", raw, "state", metric_.word);
    if (metric_.name != "sensor_value") return;
    if (kind == "supply") return metric("supply.level", metric_.value, "percent");
    for (const auto& [ours, theirs] : kWireless) {
      if (kind == ours) return metric("wireless." + std::string(theirs), metric_.value, metric_.unit);
    }
    metric("sensor." + kind, metric_.value, metric_.unit);
  }

 private:
  JsonWriter& json_;
  const poll::CollectedMetric& metric_;
};

// The limits that the device gives for its sensors, each with what its sensor reads.
void write_limits(JsonWriter& json, const poll::Collection& found) {
  json.key("limits").begin_array();
  for (const poll::CollectedMetric& limit : found.metrics) {
    if (limit.name != "sensor_limit") continue;
    const Labels sensor = limit.labels.without("limit");
    json.begin_object().key("labels").begin_object();
    for (const auto& [name, text] : limit.labels) json.member(name, text);
    json.end_object().member("limit", limit.value).member("oid", limit.oid.to_string());
    for (const poll::CollectedMetric& value : found.metrics) {
      if (value.name == "sensor_value" && value.labels == sensor) json.member("value", value.value);
    }
    json.end_object();
  }
  json.end_array();
}

}  // namespace

std::string found_json(const std::string& device, const poll::Collection& found) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("device", device);
  for (const char* key : {"os", "vendor", "kind", "model", "version"}) {
    if (const auto at = found.info.find(key); at != found.info.end()) json.member(key, at->second);
  }
  json.key("metrics").begin_array();
  for (const poll::CollectedMetric& metric : found.metrics) Writer(json, metric).write();
  json.end_array();
  write_limits(json, found);
  json.end_object();
  out += '\n';
  return out;
}

}  // namespace bongsu::devicescore
