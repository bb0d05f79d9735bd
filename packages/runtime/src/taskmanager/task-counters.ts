import type { ChannelMetrics as NetworkChannelMetrics } from '@flink-ts/network'
import type { OperatorDescriptor } from '../jobgraph/job-graph.js'
import type { ChannelMetrics, TaskMetrics } from '../messages/messages.generated.js'
import type { StreamTask } from './stream-task.js'

const RECORDS_IN = 0
const RECORDS_OUT = 1
const BUSY = 2
const IDLE = 3
const BACK_PRESSURED = 4
const OPERATORS = 5

/**
 * A task's counters in memory that its TaskExecutor's thread can read while the task runs. A number
 * is an aligned double: on 64-bit machines it is never seen half written.
 */
export class TaskCounters {
  readonly #values: Float64Array
  readonly #operators: readonly OperatorDescriptor[]

  /** @param memory of {@link TaskCounters.memoryBytes} bytes */
  constructor(memory: ArrayBufferLike, operators: readonly OperatorDescriptor[]) {
    this.#values = new Float64Array(memory)
    this.#operators = operators
  }

  static memoryBytes(operators: readonly OperatorDescriptor[]): number {
    return (OPERATORS + operators.length * 2) * 8
  }

  /** Written by the task's thread. */
  publish(task: StreamTask): void {
    const values = this.#values
    values[RECORDS_IN] = task.recordsIn
    values[RECORDS_OUT] = task.recordsOut
    values[BUSY] = task.time.accumulatedMs('busy')
    values[IDLE] = task.time.accumulatedMs('idle')
    values[BACK_PRESSURED] = task.time.accumulatedMs('backPressured')
    const counts = task.chain?.counts(task.recordsIn) ?? []
    for (const [i, { numRecordsIn, numRecordsOut }] of counts.entries()) {
      values[OPERATORS + i * 2] = numRecordsIn
      values[OPERATORS + i * 2 + 1] = numRecordsOut
    }
  }

  /** @param gates, partitions what the network counted, in the task's order */
  toMetrics(
    executionAttemptId: string,
    gates: readonly (readonly NetworkChannelMetrics[])[],
    partitions: readonly (readonly NetworkChannelMetrics[])[],
  ): TaskMetrics {
    const value = (index: number) => this.#values[index] ?? 0
    const inputs = gates.flatMap((channels, gate) => channelMetrics('in', gate, channels))
    const outputs = partitions.flatMap((channels, gate) => channelMetrics('out', gate, channels))
    const values: Record<string, number> = {}
    for (const [i, { name }] of this.#operators.entries()) {
      values[`${name}.numRecordsIn`] = value(OPERATORS + i * 2)
      values[`${name}.numRecordsOut`] = value(OPERATORS + i * 2 + 1)
    }
    return {
      executionAttemptId,
      io: {
        numRecordsIn: value(RECORDS_IN),
        numRecordsOut: value(RECORDS_OUT),
        numBytesIn: sum(inputs, 'numBytes'),
        numBytesOut: sum(outputs, 'numBytes'),
        numBuffersOut: sum(outputs, 'numBuffers'),
        accumulatedBusyMs: value(BUSY),
        accumulatedIdleMs: value(IDLE),
        accumulatedBackPressuredMs: value(BACK_PRESSURED),
      },
      channels: [...inputs, ...outputs],
      values,
      accumulators: [],
    }
  }
}

function channelMetrics(
  direction: 'in' | 'out',
  gate: number,
  channels: readonly NetworkChannelMetrics[],
): ChannelMetrics[] {
  return channels.map(({ isLocal, numBytes, numBuffers }, channel) => ({
    direction,
    gate,
    channel,
    remote: !isLocal,
    numBytes,
    numBuffers,
  }))
}

function sum(channels: readonly ChannelMetrics[], field: 'numBytes' | 'numBuffers'): number {
  return channels.reduce((total, channel) => total + channel[field], 0)
}
