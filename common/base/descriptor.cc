#include "common/base/descriptor.h"

#include <unistd.h>

namespace oneloop {

void Descriptor::Reset(int number) {
  if (number_ >= 0) close(number_);
  number_ = number;
}

}  // namespace oneloop
