// SPDX-License-Identifier: Apache-2.0
#include "notify/graph.h"

#include <png.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace bongsu::notify {
namespace {

enum Colour : std::uint8_t { White, Frame, Course, Limit };
constexpr png_color kPalette[] = {{255, 255, 255}, {200, 200, 200}, {31, 95, 163}, {200, 40, 40}};
constexpr int kMargin = 6;

struct Canvas {
  std::vector<std::uint8_t> dots = std::vector<std::uint8_t>(static_cast<std::size_t>(kGraphWidth) * kGraphHeight, White);
  void dot(int x, int y, Colour colour) {
    if (x < 0 || y < 0 || x >= kGraphWidth || y >= kGraphHeight) return;
    dots[static_cast<std::size_t>(y) * kGraphWidth + static_cast<std::size_t>(x)] = colour;
  }
  void line(int x0, int y0, int x1, int y1, Colour colour) {
    const int steps = std::max({std::abs(x1 - x0), std::abs(y1 - y0), 1});
    for (int i = 0; i <= steps; ++i) {
      const int x = x0 + (x1 - x0) * i / steps;
      const int y = y0 + (y1 - y0) * i / steps;
      dot(x, y, colour);
      if (colour == Course) dot(x, y + 1, colour);
    }
  }
};

std::string encode(const Canvas& canvas) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = kGraphWidth;
  image.height = kGraphHeight;
  image.format = PNG_FORMAT_RGB_COLORMAP;
  image.colormap_entries = std::size(kPalette);
  std::vector<png_byte> colours;
  for (const png_color& one : kPalette) colours.insert(colours.end(), {one.red, one.green, one.blue});
  png_alloc_size_t size = 0;
  if (png_image_write_to_memory(&image, nullptr, &size, 0, canvas.dots.data(), 0, colours.data()) == 0) return {};
  std::string out(size, '\0');
  if (png_image_write_to_memory(&image, out.data(), &size, 0, canvas.dots.data(), 0, colours.data()) == 0) return {};
  out.resize(size);
  return out;
}

}  // namespace

std::string png_of(std::span<const Sample> samples, double limit) {
  std::vector<Sample> known;
  for (const Sample& sample : samples) {
    if (std::isfinite(sample.value)) known.push_back(sample);
  }
  if (known.size() < 2 || known.back().at <= known.front().at) return {};
  double low = known[0].value, high = known[0].value;
  for (const Sample& one : known) low = std::min(low, one.value), high = std::max(high, one.value);
  if (std::isfinite(limit)) low = std::min(low, limit), high = std::max(high, limit);
  if (!(high > low)) high = low + std::max(std::abs(low), 1.0), low -= std::max(std::abs(low), 1.0);
  const auto x_of = [&](Time at) {
    const double share =
        static_cast<double>((at - known.front().at).count()) / static_cast<double>((known.back().at - known.front().at).count());
    return kMargin + static_cast<int>(std::lround(share * (kGraphWidth - 2 * kMargin - 1)));
  };
  const auto y_of = [&](double value) {
    const double share = value / 2 - low / 2 == 0 ? 0 : (value / 2 - low / 2) / (high / 2 - low / 2);  // halves: no overflow
    return kGraphHeight - kMargin - 1 - static_cast<int>(std::lround(share * (kGraphHeight - 2 * kMargin - 1)));
  };
  Canvas canvas;
  canvas.line(0, 0, kGraphWidth - 1, 0, Frame);
  canvas.line(0, kGraphHeight - 1, kGraphWidth - 1, kGraphHeight - 1, Frame);
  canvas.line(0, 0, 0, kGraphHeight - 1, Frame);
  canvas.line(kGraphWidth - 1, 0, kGraphWidth - 1, kGraphHeight - 1, Frame);
  if (std::isfinite(limit)) canvas.line(1, y_of(limit), kGraphWidth - 2, y_of(limit), Limit);
  // A step much longer than the usual one is a gap.
  std::vector<Millis> steps;
  for (std::size_t i = 1; i < known.size(); ++i) steps.push_back(known[i].at - known[i - 1].at);
  std::nth_element(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2), steps.end());
  const Millis usual = steps[steps.size() / 2];
  for (std::size_t i = 1; i < known.size(); ++i) {
    const bool gap = known[i].at - known[i - 1].at > 3 * usual;
    const Sample& from = gap ? known[i] : known[i - 1];
    canvas.line(x_of(from.at), y_of(from.value), x_of(known[i].at), y_of(known[i].value), Course);
  }
  return encode(canvas);
}

}  // namespace bongsu::notify
