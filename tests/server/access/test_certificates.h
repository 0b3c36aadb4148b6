#ifndef ONELOOP_TESTS_SERVER_ACCESS_TEST_CERTIFICATES_H_
#define ONELOOP_TESTS_SERVER_ACCESS_TEST_CERTIFICATES_H_

#include <string>

namespace oneloop {

// A certificate and its private key, both as PEM.
struct TestCertificate {
  std::string cert;
  std::string key;
};

// An authority of this common name, good for a day.
TestCertificate MakeAuthority(const std::string& name);

// A certificate that the authority has signed. `names` as in OpenSSL: "DNS:localhost,IP:127.0.0.1"; "" for none.
// `days` may be negative: it has expired, then.
TestCertificate MakeCertificate(const TestCertificate& authority, const std::string& common_name,
                                const std::string& names, int days = 1);

// Writes the text into a file that only its owner may read.
void WriteFile(const std::string& path, const std::string& text);

}  // namespace oneloop

#endif  // ONELOOP_TESTS_SERVER_ACCESS_TEST_CERTIFICATES_H_
