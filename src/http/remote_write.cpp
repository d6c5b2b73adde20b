// SPDX-License-Identifier: Apache-2.0
#include "http/remote_write.h"

#include <fmt/format.h>
#include <snappy.h>

#include <algorithm>
#include <bit>

#include "base/text.h"

namespace bongsu::http {
namespace {

// Protobuf's encoding: fields of a tag (number and wire type) and a value.
class Fields {
 public:
  explicit Fields(std::string_view in) : in_(in) {}
  bool done() const { return in_.empty(); }

  // Reads the next field: of one with a length `text` is the content, of another `number`.
  Status next() {
    BONGSU_TRY(const std::uint64_t tag, varint());
    field_ = tag >> 3;
    wire_ = static_cast<unsigned>(tag & 7);
    if (field_ == 0 || field_ > (1U << 29) - 1) return Error{Code::Invalid, "a field number is out of range"};
    switch (wire_) {
      case 0: {
        BONGSU_TRY(number_, varint());
        return {};
      }
      case 1:
        return fixed(8);
      case 2: {
        BONGSU_TRY(const std::uint64_t length, varint());
        if (length > in_.size()) return Error{Code::Truncated, "a field is longer than its message"};
        text_ = in_.substr(0, static_cast<std::size_t>(length));
        in_.remove_prefix(static_cast<std::size_t>(length));
        return {};
      }
      case 5:
        return fixed(4);
      default:
        return Error{Code::Invalid, fmt::format("wire type {} is not taken", wire_)};
    }
  }
  bool is(unsigned field, unsigned wire) const { return field_ == field && wire_ == wire; }
  std::string_view text() const { return text_; }
  std::uint64_t number() const { return number_; }

 private:
  Result<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (in_.empty()) return Error{Code::Truncated, "a number is cut short"};
      const auto octet = static_cast<std::uint8_t>(in_[0]);
      in_.remove_prefix(1);
      if (shift == 63 && octet > 1) break;
      value |= static_cast<std::uint64_t>(octet & 0x7f) << shift;
      if ((octet & 0x80) == 0) return value;
    }
    return Error{Code::Invalid, "a number is longer than 64 bits"};
  }
  Status fixed(unsigned octets) {
    if (in_.size() < octets) return Error{Code::Truncated, "a number is cut short"};
    number_ = 0;
    for (unsigned i = 0; i < octets; ++i) number_ |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(in_[i])) << (8 * i);
    in_.remove_prefix(octets);
    return {};
  }
  std::string_view in_;
  std::uint64_t field_ = 0;
  unsigned wire_ = 0;
  std::string_view text_;
  std::uint64_t number_ = 0;
};

// Label { string name = 1; string value = 2; }
Result<std::pair<std::string_view, std::string_view>> read_label(std::string_view message) {
  std::pair<std::string_view, std::string_view> out;
  for (Fields fields(message); !fields.done();) {
    BONGSU_TRY_OK(fields.next());
    if (fields.is(1, 2)) out.first = fields.text();
    if (fields.is(2, 2)) out.second = fields.text();
  }
  return out;
}

// Sample { double value = 1; int64 timestamp = 2; }
Result<Sample> read_sample(std::string_view message) {
  Sample out{time_from_ms(0), 0};
  for (Fields fields(message); !fields.done();) {
    BONGSU_TRY_OK(fields.next());
    if (fields.is(1, 1)) out.value = std::bit_cast<double>(fields.number());
    if (fields.is(2, 0)) out.at = time_from_ms(static_cast<std::int64_t>(fields.number()));
  }
  return out;
}

// TimeSeries { Label labels = 1; Sample samples = 2; Exemplar exemplars = 3; Histogram histograms = 4; }
Status read_series(std::string_view message, const WriteBounds& bounds, std::size_t& samples, RemoteSeries& out) {
  for (Fields fields(message); !fields.done();) {
    BONGSU_TRY_OK(fields.next());
    if (fields.is(1, 2)) {
      if (out.labels.size() == bounds.labels) {
        out.too_many_labels = true;
        continue;
      }
      BONGSU_TRY(const auto label, read_label(fields.text()));
      out.labels.push_back(label);
    } else if (fields.is(2, 2)) {
      if (++samples > bounds.samples) return Error{Code::Limit, fmt::format("more than {} samples at once", bounds.samples)};
      BONGSU_TRY(const Sample sample, read_sample(fields.text()));
      out.samples.push_back(sample);
    } else if (fields.is(3, 2)) {
      ++out.exemplars;
    } else if (fields.is(4, 2)) {
      ++out.histograms;
    }
  }
  return {};
}

}  // namespace

Result<std::string> unpack_snappy(std::string_view packed, std::size_t most) {
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(packed.data(), packed.size(), &size))
    return Error{Code::Invalid, "the body is no snappy block"};
  if (size > most) return Error{Code::Limit, fmt::format("the body unpacks to more than {} octets; send less at once", most)};
  // A copy of 64 octets takes three at least, so a block that says more than that lies.
  if (size / 32 > packed.size()) return Error{Code::Invalid, "the snappy block says more than it can hold"};
  std::string out(size, '\0');
  if (!snappy::RawUncompress(packed.data(), packed.size(), out.data())) return Error{Code::Invalid, "the snappy block is broken"};
  return out;
}

Status read_write_request(std::string_view message, const WriteBounds& bounds,
                          const std::function<Status(const RemoteSeries&)>& visit) {
  std::size_t series = 0;
  std::size_t samples = 0;
  RemoteSeries one;
  for (Fields fields(message); !fields.done();) {
    BONGSU_TRY_OK(fields.next());
    if (!fields.is(1, 2)) continue;  // metadata and what later versions add
    if (++series > bounds.series) return Error{Code::Limit, fmt::format("more than {} series at once", bounds.series)};
    one.labels.clear();
    one.samples.clear();
    one.histograms = one.exemplars = 0;
    one.too_many_labels = false;
    BONGSU_TRY_OK(read_series(fields.text(), bounds, samples, one));
    BONGSU_TRY_OK(visit(one));
  }
  return {};
}

Result<Labels> labels_of(const RemoteSeries& series, const WriteBounds& bounds) {
  if (series.too_many_labels) return Error{Code::Invalid, fmt::format("more than {} labels", bounds.labels)};
  std::vector<Labels::Pair> pairs;
  pairs.reserve(series.labels.size());
  for (const auto& [name, value] : series.labels) {
    if (name.empty()) return Error{Code::Invalid, "a label has no name"};
    if (name.size() + value.size() > bounds.label_octets)
      return Error{Code::Invalid, fmt::format("a label is longer than {} octets", bounds.label_octets)};
    if (!is_valid_utf8(name) || !is_valid_utf8(value)) return Error{Code::Invalid, "a label is not UTF-8"};
    pairs.emplace_back(name, value);
  }
  std::sort(pairs.begin(), pairs.end());
  const auto twice = std::adjacent_find(pairs.begin(), pairs.end(),
                                        [](const Labels::Pair& a, const Labels::Pair& b) { return a.first == b.first; });
  if (twice != pairs.end()) return Error{Code::Invalid, "label \"" + twice->first + "\" stands twice"};
  Labels labels(std::move(pairs));
  if (labels.metric().empty()) return Error{Code::Invalid, "a series has no metric name"};
  return labels;
}

}  // namespace bongsu::http
