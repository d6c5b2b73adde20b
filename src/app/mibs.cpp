// SPDX-License-Identifier: Apache-2.0
#include "app/mibs.h"

#include "mib/compile.h"
#include "net/process.h"

namespace bongsu::app {

Result<std::shared_ptr<const mib::Tree>> load_mibs(const Share& share, std::span<const std::filesystem::path> folders,
                                                   const std::filesystem::path& images) {
  std::error_code ec;
  std::filesystem::create_directories(images, ec);
  if (ec)
    return Error{Code::Io,
                 "make " + images.string() + ": " + ec.message() + "; check the rights, or choose another place (key data)"};
  mib::CompileRequest request;
  request.folders.push_back(share.mibs);
  for (const std::filesystem::path& folder : folders) {
    // The folders of the default configuration need not be there; one that a user named is checked by the configuration.
    if (std::filesystem::exists(folder, ec)) request.folders.push_back(folder);
  }
  request.image = images / "modules.image";
  request.compiler = share.mib_compiler;
  net::LiveProcesses processes;
  auto report = mib::compile(processes, request);
  if (!report) return std::move(report).error().context("MIB modules");
  return report->tree;
}

}  // namespace bongsu::app
