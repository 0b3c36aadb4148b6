#include "client/retry.h"

#include "common/base/random.h"

namespace oneloop {

absl::Duration Retrier::Pause(int attempt) {
  Random random(MixSeed(options_.seed, pauses_++));
  return options_.first_pause * (1 << (attempt - 1)) * (1 - random.Uniform() / 2);
}

}  // namespace oneloop
