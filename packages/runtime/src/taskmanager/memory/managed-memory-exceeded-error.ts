import { FlinkError, formatMemorySizeForHumans, TaskManagerMemoryOptions } from '@flink-ts/core'

/** An operator asked for more managed memory than it may have. */
export class ManagedMemoryExceededError extends FlinkError {
  readonly operatorName: string
  readonly askedBytes: number
  /** What it could have had. */
  readonly availableBytes: number
  readonly slotTotalBytes: number

  constructor(facts: {
    operatorName: string
    askedBytes: number
    availableBytes: number
    slotTotalBytes: number
  }) {
    const size = formatMemorySizeForHumans
    super(
      `Operator "${facts.operatorName}" asked for ${size(facts.askedBytes)} of managed memory; ` +
        `${size(facts.availableBytes)} of its share are left in a slot with ${size(facts.slotTotalBytes)}; ` +
        `raise ${TaskManagerMemoryOptions.MANAGED_MEMORY_SIZE.key}, or ` +
        `${TaskManagerMemoryOptions.TOTAL_PROCESS_MEMORY.key}, or lower taskmanager.numberOfTaskSlots`,
      { code: 'FLINK_MANAGED_MEMORY_EXCEEDED' },
    )
    this.operatorName = facts.operatorName
    this.askedBytes = facts.askedBytes
    this.availableBytes = facts.availableBytes
    this.slotTotalBytes = facts.slotTotalBytes
  }
}
