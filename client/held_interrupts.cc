#include "client/held_interrupts.h"

namespace oneloop {

Environment WithInterrupts(const Environment& env, InterruptSource& interrupts) {
  return {.in = env.in,
          .out = env.out,
          .err = env.err,
          .interrupts = interrupts,
          .out_is_terminal = env.out_is_terminal,
          .err_is_terminal = env.err_is_terminal,
          .output_error = env.output_error,
          .terminal_columns = env.terminal_columns,
          .variable = env.variable,
          .variables = env.variables,
          .now = env.now,
          .steady_now = env.steady_now,
          .sleep = env.sleep,
          .random_id = env.random_id};
}

}  // namespace oneloop
