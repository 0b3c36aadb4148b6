#include "client/tls_probe.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <ctime>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace oneloop {
namespace {

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(char* text) const { OPENSSL_free(text); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

// The oldest error of this thread's queue, which it empties.
std::string TakeError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "the connection was closed" : reason;
}

Owned<BIO> Memory(const std::string& text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// False when there is no certificate in the text.
bool AddAuthorities(SSL_CTX* context, const std::string& pem) {
  const Owned<BIO> text = Memory(pem);
  int added = 0;
  while (const Owned<X509> certificate{PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)}) {
    added += X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get());
  }
  ERR_clear_error();
  return added > 0;
}

bool UseOwnCertificate(SSL_CTX* context, const TlsProbeOptions& options) {
  const Owned<X509> certificate(PEM_read_bio_X509(Memory(options.cert).get(), nullptr, nullptr, nullptr));
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(Memory(options.key).get(), nullptr, nullptr, nullptr));
  return certificate && key && SSL_CTX_use_certificate(context, certificate.get()) == 1 &&
         SSL_CTX_use_PrivateKey(context, key.get()) == 1 && SSL_CTX_check_private_key(context) == 1;
}

absl::Time ToTime(const ASN1_TIME* text) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(text, &parts) != 1) return absl::InfiniteFuture();
  return absl::FromTM(parts, absl::UTCTimeZone());
}

// "expired on 2026-03-01 12:00 UTC", or "" for a certificate that is good at the time.
std::string WhyNotValid(const std::string& pem, absl::Time now) {
  const Owned<X509> certificate(PEM_read_bio_X509(Memory(pem).get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (certificate == nullptr) return "";
  const absl::Time begin = ToTime(X509_get0_notBefore(certificate.get()));
  const absl::Time end = ToTime(X509_get0_notAfter(certificate.get()));
  const auto date = [](absl::Time time) { return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone()); };
  if (end < now) return absl::StrCat("expired on ", date(end));
  // One whose beginning cannot be read is left to the server.
  if (begin > now && begin != absl::InfiniteFuture()) return absl::StrCat("is not valid before ", date(begin));
  return "";
}

// "box.example.org, 10.0.0.5", or the common name when there is nothing else.
std::string NamesIn(X509* certificate) {
  if (certificate == nullptr) return "nobody";
  const Owned<GENERAL_NAMES> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  const Owned<BIO> text(BIO_new(BIO_s_mem()));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    if (i > 0) BIO_puts(text.get(), ", ");
    GENERAL_NAME_print(text.get(), sk_GENERAL_NAME_value(names.get(), i));
  }
  if (names == nullptr) X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_ONELINE);
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

void ExpectHost(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* const parameters = SSL_get0_param(ssl);
  // An address is compared with addresses, and only a name is sent for the server to choose by.
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1) return;
  ERR_clear_error();
  X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size());
  SSL_set_tlsext_host_name(ssl, host.c_str());
}

TlsProbe OfVerification(SSL* ssl, long problem) {
  const std::string words = X509_verify_cert_error_string(problem);
  switch (problem) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const Owned<X509> certificate(SSL_get1_peer_certificate(ssl));
      return {TlsProbe::Outcome::kWrongName, NamesIn(certificate.get())};
    }
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {TlsProbe::Outcome::kExpired, words};
    default:
      return {TlsProbe::Outcome::kUntrusted, words};
  }
}

// Sockets that wait, but not for long.
void SetTimeouts(int descriptor, absl::Duration timeout) {
  const timeval time = absl::ToTimeval(timeout);
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
}

TlsProbe Handshake(SSL* ssl, bool verifies) {
  if (SSL_connect(ssl) != 1) {
    // An alert is TLS; whatever else could not be read is not.
    const unsigned long code = ERR_peek_error();
    const bool is_alert = ERR_GET_REASON(code) > SSL_AD_REASON_OFFSET && ERR_GET_LIB(code) == ERR_LIB_SSL;
    return {is_alert ? TlsProbe::Outcome::kWantsClient : TlsProbe::Outcome::kNoTls, TakeError()};
  }
  const long problem = SSL_get_verify_result(ssl);
  if (verifies && problem != X509_V_OK) return OfVerification(ssl, problem);
  // In TLS 1.3 the server looks at the client's certificate when the client is done; then it speaks first.
  char byte = 0;
  if (SSL_read(ssl, &byte, 1) == 1) return {TlsProbe::Outcome::kGood, SSL_get_version(ssl)};
  return {TlsProbe::Outcome::kWantsClient, TakeError()};
}

}  // namespace

TlsProbe ProbeTls(const Connection& connection, const TlsProbeOptions& options) {
  SetTimeouts(connection.descriptor(), options.timeout);
  const Owned<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return {TlsProbe::Outcome::kOther, TakeError()};
  const bool verifies = !options.ca.empty();
  if (verifies && !AddAuthorities(context.get(), options.ca)) {
    return {TlsProbe::Outcome::kBadFiles, "--tls_ca holds no certificate in PEM form"};
  }
  if (!options.cert.empty() && !UseOwnCertificate(context.get(), options)) {
    return {TlsProbe::Outcome::kBadFiles, absl::StrCat("--tls_cert and --tls_key: ", TakeError())};
  }
  // The verdict is asked for afterwards: it is to be told, and no secret goes over this connection.
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  const Owned<SSL> ssl(SSL_new(context.get()));
  if (ssl == nullptr) return {TlsProbe::Outcome::kOther, TakeError()};
  if (verifies) ExpectHost(ssl.get(), options.host);
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl.get(), kHttp2, sizeof(kHttp2));
  SSL_set_fd(ssl.get(), connection.descriptor());
  TlsProbe probe = Handshake(ssl.get(), verifies);
  if (probe.outcome != TlsProbe::Outcome::kWantsClient || options.cert.empty()) return probe;
  // What the server's alert says about it depends on its library.
  std::string reason = WhyNotValid(options.cert, options.now);
  if (!reason.empty()) probe = {TlsProbe::Outcome::kOwnExpired, std::move(reason)};
  return probe;
}

}  // namespace oneloop
