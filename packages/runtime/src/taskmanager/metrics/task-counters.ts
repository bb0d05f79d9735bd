import type { Clock } from '@flink-ts/core'
import type { ChannelMetrics as NetworkChannelMetrics } from '@flink-ts/network'
import type { OperatorDescriptor } from '../../jobgraph/job-graph.js'
import type { ChannelMetrics, TaskMetrics } from '../../messages/messages.generated.js'
import type { StreamTask } from '../stream-task.js'
import { readTaskTimes, TASK_TIME_BYTES, TaskTime, type TaskTimes } from './task-time.js'
import { TaskTimeMeter } from './task-time-rates.js'

const RECORDS_IN = 0
const RECORDS_OUT = 1
const OPERATORS = 2

const NO_TIMES: TaskTimes = {
  busy: 0,
  idle: 0,
  softBackPressured: 0,
  hardBackPressured: 0,
  current: undefined,
}

/**
 * A task's counters in memory that its TaskExecutor's thread can read while the task runs. A number
 * is an aligned double: on 64-bit machines it is never seen half written.
 */
export class TaskCounters {
  /** What the task does with its time; written by the task's thread. */
  readonly #memory: ArrayBufferLike
  readonly #values: Float64Array
  readonly #operators: readonly OperatorDescriptor[]
  readonly #clock: Clock
  readonly #meter = new TaskTimeMeter()
  #times = NO_TIMES

  /** @param memory of {@link TaskCounters.memoryBytes} bytes */
  constructor(memory: ArrayBufferLike, operators: readonly OperatorDescriptor[], clock: Clock) {
    this.#memory = memory
    this.#values = new Float64Array(memory, TASK_TIME_BYTES)
    this.#operators = operators
    this.#clock = clock
  }

  static memoryBytes(operators: readonly OperatorDescriptor[]): number {
    return TASK_TIME_BYTES + (OPERATORS + operators.length * 2) * 8
  }

  /** Where the task's thread counts its time. Once per task. */
  createTime(): TaskTime {
    return new TaskTime(this.#clock, this.#memory)
  }

  /** Written by the task's thread. */
  publish(task: StreamTask): void {
    const values = this.#values
    values[RECORDS_IN] = task.recordsIn
    values[RECORDS_OUT] = task.recordsOut
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
    this.#times = readTaskTimes(this.#clock, this.#memory, 0) ?? this.#times
    const { busy, idle, softBackPressured, hardBackPressured, current } = this.#times
    const isBackPressured = current === 'softBackPressured' || current === 'hardBackPressured'
    const values: Record<string, number> = {
      ...this.#meter.update(this.#clock.monotonicNow(), this.#times),
      accumulatedSoftBackPressuredTimeMs: softBackPressured,
      accumulatedHardBackPressuredTimeMs: hardBackPressured,
      isBackPressured: isBackPressured ? 1 : 0,
    }
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
        accumulatedBusyMs: busy,
        accumulatedIdleMs: idle,
        accumulatedBackPressuredMs: softBackPressured + hardBackPressured,
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
