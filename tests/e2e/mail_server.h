// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "e2e/daemon.h"

namespace bongsu::e2e {

// A real SMTP server, Debian's python3-aiosmtpd, that keeps what it takes. With a certificate (a PEM file, its key in it) it
// takes mail after STARTTLS alone, and of "bongsu" with the password "s3cret" alone.
class MailServer {
 public:
  static bool installed() { return std::filesystem::exists("/usr/lib/python3/dist-packages/aiosmtpd"); }

  // Several in one folder need names; `refused` is a mechanism of AUTH that is not offered.
  explicit MailServer(const Folder& folder, const std::string& name = {}, const std::string& certificate = {},
                      const std::string& refused = {})
      : mails_(folder.path() / ("mails" + name)),
        port_file_(folder.path() / ("port" + name)),
        server_(words(folder, certificate, refused)) {
    up_ = eventually([&] { return std::filesystem::exists(port_file_); });
  }
  bool up() const { return up_; }
  std::string port() const { return read(port_file_); }
  std::string printed() const { return server_.printed(); }
  // "sender [receivers]", a line, and the mail; in the order they came.
  std::vector<std::string> mails() const {
    std::vector<std::string> out;
    while (std::filesystem::exists(mails_ / std::to_string(out.size() + 1)))
      out.push_back(read(mails_ / std::to_string(out.size() + 1)));
    return out;
  }

 private:
  static std::string read(const std::filesystem::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::vector<std::string> words(const Folder& folder, const std::string& certificate, const std::string& refused) const {
    std::filesystem::create_directories(mails_);
    const auto script =
        folder.write("smtp.py",
                     "import asyncio, os, ssl, sys\n"
                     "from aiosmtpd.controller import UnthreadedController\n"
                     "from aiosmtpd.smtp import AuthResult\n"
                     "class Keep:\n"
                     "    n = 0\n"
                     "    async def handle_DATA(self, server, session, envelope):\n"
                     "        Keep.n += 1\n"
                     "        body = '%s %s\\n' % (envelope.mail_from, envelope.rcpt_tos)\n"
                     "        if session.ssl: body += 'over TLS as %s\\n' % session.auth_data.login.decode()\n"
                     "        body += envelope.content.decode()\n"
                     "        open('%s/%d.part' % (sys.argv[1], Keep.n), 'w').write(body)\n"
                     "        os.rename('%s/%d.part' % (sys.argv[1], Keep.n), '%s/%d' % (sys.argv[1], Keep.n))\n"
                     "        return '250 kept'\n"
                     "def judge(server, session, envelope, mechanism, said):\n"
                     "    return AuthResult(success=(said.login, said.password) == (b'bongsu', b's3cret'), handled=False,\n"
                     "                      auth_data=said)\n"
                     "more = {}\n"
                     "if sys.argv[3]:\n"
                     "    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
                     "    tls.load_cert_chain(sys.argv[3])\n"
                     "    more = {'tls_context': tls, 'require_starttls': True, 'authenticator': judge, 'auth_required': True,\n"
                     "            'auth_exclude_mechanism': [sys.argv[4]]}\n"
                     "loop = asyncio.new_event_loop()\n"
                     "c = UnthreadedController(Keep(), hostname='127.0.0.1', port=0, loop=loop, **more)\n"
                     "c.begin()\n"
                     "open(sys.argv[2] + '.part', 'w').write(str(c.server.sockets[0].getsockname()[1]))\n"
                     "os.rename(sys.argv[2] + '.part', sys.argv[2])\n"
                     "loop.run_forever()\n");
    return {"/usr/bin/python3", script.string(), mails_.string(), port_file_.string(), certificate, refused};
  }
  const std::filesystem::path mails_, port_file_;
  Daemon server_;
  bool up_ = false;
};

}  // namespace bongsu::e2e
