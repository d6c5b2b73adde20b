// SPDX-License-Identifier: Apache-2.0
// Look-ups in a compiled image: BONGSU_MIB_IMAGE names one. What no loop measures, by hand:
//   time bongsu-mibc --quiet --image ALL --work DIR mibs FOLDER                    a compile of all; ls -l ALL is what is mapped
//   time bongsu-mibc --quiet --image NEW --work DIR --onto ALL mibs FOLDER FILE    one more file
//   mib_score ALL FOLDER                                                           how many files and names give an object
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "mib/tree.h"

namespace bongsu::mib {
namespace {

const char* image() {
  const char* named = std::getenv("BONGSU_MIB_IMAGE");
  return named == nullptr ? "" : named;
}

const Tree* tree() {
  static const auto opened = Tree::open(image());
  return opened ? opened->get() : nullptr;
}

// From all over the image, in an order that no cache likes.
std::vector<Object> sample() {
  std::vector<Object> out;
  const std::size_t size = tree()->size();
  for (std::size_t i = 0, at = 1; i < 4'096; ++i, at = (at + 7'919 * 31) % size) {
    const Object object = tree()->at(static_cast<std::uint32_t>(at));
    if (!object.name.empty()) out.push_back(object);
  }
  return out;
}

void open_image(benchmark::State& state) {
  if (tree() == nullptr) return state.SkipWithError("set BONGSU_MIB_IMAGE");
  for (auto _ : state) benchmark::DoNotOptimize(Tree::open(image()));
}
BENCHMARK(open_image)->Unit(benchmark::kMillisecond);

void find_name(benchmark::State& state) {
  if (tree() == nullptr) return state.SkipWithError("set BONGSU_MIB_IMAGE");
  std::vector<std::string> names;
  for (const Object& object : sample()) names.push_back(std::string(object.module).append("::").append(object.name));
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(tree()->find(names[i++ % names.size()]));
}
BENCHMARK(find_name);

void find_oid(benchmark::State& state) {
  if (tree() == nullptr) return state.SkipWithError("set BONGSU_MIB_IMAGE");
  std::vector<Oid> oids;
  for (const Object& object : sample()) oids.push_back(object.oid() + 7);
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(tree()->find(oids[i++ % oids.size()].arcs()));
}
BENCHMARK(find_oid);

void name_of(benchmark::State& state) {
  if (tree() == nullptr) return state.SkipWithError("set BONGSU_MIB_IMAGE");
  std::vector<Oid> oids;
  for (const Object& object : sample()) oids.push_back(object.oid() + 7);
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(tree()->name_of(oids[i++ % oids.size()]));
}
BENCHMARK(name_of);

}  // namespace
}  // namespace bongsu::mib
