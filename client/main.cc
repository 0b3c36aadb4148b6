#include <unistd.h>

#include <ostream>
#include <string>
#include <vector>

#include "client/descriptor_stream.h"
#include "client/process_environment.h"
#include "client/run_client.h"
#include "client/signal_interrupts.h"

int main(int argc, char** argv) {
  oneloop::PrepareProcess();
  oneloop::SignalInterrupts interrupts;
  oneloop::DescriptorStreambuf out_buffer(STDOUT_FILENO);
  std::ostream out(&out_buffer);
  oneloop::Environment env = oneloop::ProcessEnvironment(out, interrupts, [&out_buffer] { return out_buffer.error(); });
  return static_cast<int>(oneloop::RunClient(std::vector<std::string>(argv + 1, argv + argc), env));
}
