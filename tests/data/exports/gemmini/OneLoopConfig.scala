// Made by oneloop 1.2.3 from projects/default/jobs/4/designs/56.
package gemmini

import chisel3._

object OneLoopConfig {
  // For src/main/scala/gemmini, beside Configs.scala, which has defaultConfig.
  val config = GemminiConfigs.defaultConfig.copy(
    dataflow = Dataflow.WS,
    inputType = SInt(8.W),
    accType = SInt(32.W),
    tileRows = 1,
    tileColumns = 1,
    meshRows = 16,
    meshColumns = 16,
    sp_banks = 4,
    sp_capacity = CapacityInKilobytes(256),
    acc_capacity = CapacityInKilobytes(64))
}
