import type { ManualClock } from '@flink-ts/core/testing'
import type { StateSnapshotContext } from '@flink-ts/runtime'
import type { OutputRecord } from './collecting-output.js'
import { type OperatorTestState, restoreFor, storeSnapshots } from './operator-test-state.js'
import type { OperatorUnderTest } from './operator-under-test.js'

/**
 * Runs one operator alone, as its task would: what it emits is kept, and time moves and checkpoints are taken only when
 * the test says so. Must be closed.
 */
export abstract class OperatorTestHarness<OUT> {
  readonly #under: OperatorUnderTest

  /** @internal */
  constructor(under: OperatorUnderTest) {
    this.#under = under
  }

  /** Processing time of the operator. */
  get clock(): ManualClock {
    return this.#under.clock
  }

  /** @internal */
  async begin(restore: readonly OperatorTestState[] | undefined): Promise<void> {
    const { operator, services, subtask } = this.#under
    const source = restore === undefined ? undefined : restoreFor(restore, subtask)
    await operator.initializeState?.(await services.restore(source?.checkpointId, source))
    await operator.open()
  }

  /** Moves processing time forward and runs what becomes due, timers and whatever else the operator put into its mailbox. */
  async advanceProcessingTime(byMs: number): Promise<void> {
    this.#under.clock.advance(byMs)
    await this.runMails()
  }

  /** Runs what the operator has put into its mailbox, such as timers that were due when they were registered. */
  async runMails(): Promise<void> {
    const { mails, clock } = this.#under
    // What is due at once goes through the clock.
    clock.advance(0)
    for (let mail = mails.shift(); mail !== undefined; mail = mails.shift()) {
      await mail()
      clock.advance(0)
    }
  }

  /**
   * Takes part in a checkpoint. What the operator emits before its barrier is in the output afterwards.
   *
   * @returns what a harness can be opened with by `restore`
   */
  async snapshot(
    checkpointId: bigint,
    { isSavepoint = false }: { readonly isSavepoint?: boolean } = {},
  ): Promise<OperatorTestState> {
    const { operator, services, subtask, clock } = this.#under
    const context: StateSnapshotContext = {
      ...{ checkpointId, isSavepoint, isFull: isSavepoint },
      timestampMs: clock.now(),
    }
    await operator.prepareSnapshotPreBarrier?.(checkpointId)
    await operator.snapshotState?.(context)
    const state = await storeSnapshots(services.snapshot(context))
    return { checkpointId, subtaskIndex: subtask.subtaskIndex, state }
  }

  async notifyCheckpointComplete(checkpointId: bigint): Promise<void> {
    await this.#under.operator.notifyCheckpointComplete?.(checkpointId)
  }

  async notifyCheckpointAborted(checkpointId: bigint): Promise<void> {
    await this.#under.operator.notifyCheckpointAborted?.(checkpointId)
  }

  /** All input has been processed: the operator emits what is left. Timers of the clock do not fire any more. */
  async finish(): Promise<void> {
    this.#under.services.stopTimers()
    await this.#under.operator.finish()
  }

  /** What was emitted since the last call, in order; without timestamps. */
  extractOutput(): OUT[] {
    return this.extractRecords().map(({ value }) => value)
  }

  /** Like {@link extractOutput}, with event time. */
  extractRecords(): OutputRecord<OUT>[] {
    return this.#under.output.records.splice(0) as OutputRecord<OUT>[]
  }

  /** Watermarks emitted since the last call. */
  extractWatermarks(): number[] {
    return this.#under.output.watermarks.splice(0)
  }

  /** Changes between having data and being idle that were emitted since the last call. */
  extractStatuses(): ('ACTIVE' | 'IDLE')[] {
    return this.#under.output.statuses.splice(0)
  }

  /** The value that the operator keeps for `key` in its value state `name`, or that state's default. */
  keyedState(key: unknown, name: string): unknown {
    const { backend } = this.#under
    const before = backend.currentKey
    backend.setCurrentKey(key)
    try {
      return backend.getValueState({ name }).value()
    } finally {
      if (before === undefined) backend.clearCurrentKey()
      else backend.setCurrentKey(before)
    }
  }

  /** Keys that have any state; timers do not count. */
  get numberOfKeys(): number {
    return this.#under.backend.numberOfKeys
  }

  async close(): Promise<void> {
    const { operator, services } = this.#under
    services.stopTimers()
    try {
      await operator.close()
    } finally {
      await services.close()
    }
  }
}
