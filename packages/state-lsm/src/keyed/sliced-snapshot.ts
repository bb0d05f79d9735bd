import assert from 'node:assert/strict'
import type { Clock, KeyGroupRange } from '@flink-ts/core'
import type { KeyedSnapshot, SnapshotSummary, SnapshotWriter } from '@flink-ts/state'
import type { SnapshotTimers } from '@flink-ts/state/backend'

/** Of what is in memory, bytes that are written to a table in one step. */
export const FLUSH_BYTES = 4 * 1024
/** Steps between two looks at the clock. */
const STEPS = 16
/** Timers that are written in one step. */
const TIMERS = 64

/** What all snapshots of this backend do: they write by small steps until a budget is used up. */
export abstract class SlicedSnapshot implements KeyedSnapshot {
  readonly checkpointId: bigint
  readonly keyGroups: KeyGroupRange
  readonly #clock: Clock | undefined
  readonly #timers: readonly SnapshotTimers[]
  #steps: Iterator<void> | undefined
  #isWritten = false
  #isReleased = false

  constructor(options: {
    readonly checkpointId: bigint
    readonly keyGroups: KeyGroupRange
    readonly clock: Clock | undefined
    readonly timers: readonly SnapshotTimers[]
  }) {
    this.checkpointId = options.checkpointId
    this.keyGroups = options.keyGroups
    this.#clock = options.clock
    this.#timers = options.timers
  }

  /** Undefined: nothing can be written so far. */
  protected abstract get writer(): SnapshotWriter | undefined
  protected abstract write(): Iterator<void>
  protected abstract giveBack(): void

  writeSlice(budgetMs: number): boolean {
    assert(!this.#isReleased, 'a snapshot is written before it is released')
    if (this.#isWritten) return true
    this.#steps ??= this.write()
    const clock = this.#clock
    const end = clock === undefined ? 0 : clock.monotonicNow() + budgetMs
    do {
      for (let i = 0; i < STEPS; i++) {
        if (this.#steps.next().done === true) {
          this.#isWritten = true
          return true
        }
      }
    } while (clock === undefined || clock.monotonicNow() < end)
    return false
  }

  get pendingBytes(): number {
    return this.writer?.pendingBytes ?? 0
  }

  takePending(): Buffer[] {
    return this.writer?.takePending() ?? []
  }

  finish(): SnapshotSummary {
    assert(this.#isWritten && this.writer !== undefined, 'a file is ended when all is written')
    return this.writer.finish()
  }

  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#steps?.return?.()
    this.giveBack()
  }

  protected *writeTimers(writer: SnapshotWriter): Generator<void, void> {
    for (const { state, byKeyGroup } of this.#timers) {
      for (const [i, timers] of byKeyGroup.entries()) {
        for (const [n, { key, timestamp, namespace }] of timers.entries()) {
          writer.addTimers(state, this.keyGroups.start + i, key, [{ timestamp, namespace }])
          if (n % TIMERS === TIMERS - 1) yield
        }
      }
    }
  }
}
