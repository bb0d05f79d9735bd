import type { KeyGroupRange } from '@flink-ts/core'
import type { StateDescription } from '../snapshot/snapshot-description.js'
import { StateNameTakenError } from '../state-name-taken-error.js'
import type { KeyedTimer, TimerStateSource } from '../timer-state-source.js'
import type { SnapshotTimers } from './heap-snapshot.js'

/** The timer services whose timers are part of a backend's snapshots, registered or restored. */
export class HeapTimers {
  readonly #range: KeyGroupRange
  readonly #services = new Map<string, TimerStateSource>()

  constructor(range: KeyGroupRange) {
    this.#range = range
  }

  has(name: string): boolean {
    return this.#services.has(name)
  }

  /** @throws StateNameTakenError */
  register(name: string, source: TimerStateSource): void {
    const known = this.#services.get(name)
    if (known !== undefined && !(known instanceof RestoredTimers)) {
      throw new StateNameTakenError(name, { asked: 'timer', taken: 'timer' })
    }
    this.#services.set(name, source)
    known?.handOver(source)
  }

  restore({ name, type }: StateDescription, keyGroup: number, timers: readonly KeyedTimer[]): void {
    let source = this.#services.get(name)
    if (source === undefined) {
      source = new RestoredTimers(type)
      this.#services.set(name, source)
    }
    source.restoreTimers(keyGroup, timers)
  }

  get descriptions(): StateDescription<'timer'>[] {
    return [...this.#services].map(([name, { namespaceType = 'dynamic' }]) => ({
      name,
      kind: 'timer',
      type: namespaceType,
    }))
  }

  /** All timers of now. @param firstState number of the first service in the snapshot */
  capture(firstState: number): SnapshotTimers[] {
    const { start, end } = this.#range
    return [...this.#services.values()].map((source, i) => ({
      state: firstState + i,
      byKeyGroup: Array.from({ length: end - start + 1 }, (_, g) => source.timersOf(start + g)),
    }))
  }
}

/** Timers that were restored and that no timer service asked for. They do not fire and are not lost. */
class RestoredTimers implements TimerStateSource {
  readonly namespaceType: NonNullable<TimerStateSource['namespaceType']>
  readonly #byKeyGroup = new Map<number, KeyedTimer[]>()

  constructor(namespaceType: NonNullable<TimerStateSource['namespaceType']>) {
    this.namespaceType = namespaceType
  }

  timersOf(keyGroup: number): readonly KeyedTimer[] {
    return this.#byKeyGroup.get(keyGroup) ?? []
  }

  restoreTimers(keyGroup: number, timers: readonly KeyedTimer[]): void {
    this.#byKeyGroup.set(keyGroup, [...this.timersOf(keyGroup), ...timers])
  }

  handOver(source: TimerStateSource): void {
    for (const [keyGroup, timers] of this.#byKeyGroup) source.restoreTimers(keyGroup, timers)
  }
}
