#include <string>

#include "server/access/token.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"

namespace oneloop {

// What is read is written as it was.
TEXT_FUZZER(input) {
  std::string id;
  std::string secret;
  if (SplitToken(input, &id, &secret)) {
    Check("olt_" + id + "_" + secret == input, "a token is its parts");
    SecretMatches(TokenRecord{}, secret);
  }
  const auto tokens = ParseTokens(input);
  CheckAnswer(tokens.status());
  if (!tokens.ok()) return;
  const auto again = ParseTokens(FormatTokens(*tokens));
  Check(again.ok() && FormatTokens(*again) == FormatTokens(*tokens), "tokens survive their file");
}

}  // namespace oneloop
