import assert from 'node:assert/strict'
import type { Clock, KeyGroupRange } from '@flink-ts/core'
import type { KeyedSnapshot } from '../keyed-snapshot.js'
import type { KeyedStateKind, StateDescription } from '../snapshot/snapshot-description.js'
import type { SnapshotSummary, SnapshotWriter } from '../snapshot/snapshot-writer.js'
import type { TimedValue } from '../snapshot/timed-value.js'
import type { KeyedTimer } from '../timer-state-source.js'
import type { ChunkedList } from './chunked-list.js'
import type { EntryWriter, HeapKeyContext } from './heap-key-context.js'
import type { HeapMap } from './heap-map.js'
import { DROPPED, type KeyEntry } from './key-entry.js'
import { PendingListWrite } from './pending-list-write.js'
import { PendingMapWrite } from './pending-map-write.js'

/** Lists and maps of more elements are not written within one access. */
const LARGE = 1024
/** Steps between two looks at the clock. */
const STEPS = 16
/**
 * Entries that are sorted by key group at a time. Few enough to stay in the processor's caches between sorting and writing: entries lie in memory as
 * they were made, and to go through all of them by key group took twice the time.
 */
const ROUND = 1 << 16
/** Timers that are written in one step. */
const TIMERS = 64

/** One state that the snapshot holds; its place in the list is its number among a key's values and in the file. */
export interface SnapshotState {
  readonly description: StateDescription<KeyedStateKind>
  /** Values that were accessed last at this time or before have expired and are left out. */
  readonly expiredAtMs?: number
}

/** The timers of one timer service, by key group from the first one on. */
export interface SnapshotTimers {
  /** In the file. */
  readonly state: number
  readonly byKeyGroup: readonly (readonly KeyedTimer[])[]
}

/** A snapshot of a heap backend: see "an entry is written before it is touched" in docs/checkpoints-design.md. */
export class HeapSnapshot implements KeyedSnapshot, EntryWriter {
  readonly checkpointId: bigint
  readonly keyGroups: KeyGroupRange
  readonly version: number
  readonly #context: HeapKeyContext
  readonly #states: readonly SnapshotState[]
  readonly #writer: SnapshotWriter
  readonly #clock: Clock | undefined
  readonly #entries: Iterator<KeyEntry>
  /** What is to be written next, by key group from the first one on. */
  readonly #byKeyGroup: (KeyEntry | KeptValue)[][]
  /** Values that were replaced or dropped before they were written, with their entries and the numbers of their states. */
  readonly #keptValues: unknown[] = []
  readonly #keptEntries: KeyEntry[] = []
  readonly #keptStates: number[] = []
  #sorted = 0
  #areAllSorted = false
  #keyGroup = 0
  #next = 0
  readonly #pending: (PendingListWrite | PendingMapWrite)[] = []
  #timers: Iterator<void> | undefined
  #phase: 'SORTING' | 'ENTRIES' | 'LARGE' | 'TIMERS' | 'WRITTEN' | 'RELEASED' = 'SORTING'
  #failure: { readonly error: unknown } | undefined = undefined

  constructor(options: {
    checkpointId: bigint
    version: number
    keyGroups: KeyGroupRange
    context: HeapKeyContext
    states: readonly SnapshotState[]
    timers: readonly SnapshotTimers[]
    writer: SnapshotWriter
    clock: Clock | undefined
  }) {
    this.checkpointId = options.checkpointId
    this.version = options.version
    this.keyGroups = options.keyGroups
    this.#context = options.context
    this.#states = options.states
    this.#writer = options.writer
    this.#clock = options.clock
    this.#entries = options.context.entries()
    const { start, end } = options.keyGroups
    this.#byKeyGroup = Array.from({ length: end - start + 1 }, () => [])
    this.#timers = this.#writeTimers(options.timers)
    this.#writer.areStray = true
  }

  write(entry: KeyEntry): void {
    if (this.#failure !== undefined) return
    const isTouched = this.#writer.areStray
    try {
      for (let index = 0; index < this.#states.length; index++) {
        const value = entry.get(index)
        if (value === undefined) continue
        // Nobody can change it in place: its reference is the copy.
        if (isTouched && typeof value !== 'object') this.#keep(entry, index, value)
        else this.#writeState(entry, index, value)
      }
    } catch (error) {
      this.#failure = { error }
    }
  }

  writeSlice(budgetMs: number): boolean {
    assert(this.#phase !== 'RELEASED', 'a snapshot is written before it is released')
    const clock = this.#clock
    const end = clock === undefined ? 0 : clock.monotonicNow() + budgetMs
    do {
      for (let i = 0; i < STEPS; i++) {
        const isWritten = this.#step()
        if (this.#failure !== undefined) throw this.#failure.error
        if (isWritten) return true
      }
    } while (clock === undefined || clock.monotonicNow() < end)
    return false
  }

  get pendingBytes(): number {
    return this.#writer.pendingBytes
  }

  takePending(): Buffer[] {
    return this.#writer.takePending()
  }

  finish(): SnapshotSummary {
    assert(this.#phase === 'WRITTEN', 'a file is ended when all is written')
    return this.#writer.finish()
  }

  release(): void {
    if (this.#phase === 'RELEASED') return
    this.#phase = 'RELEASED'
    this.#context.removeWriter(this)
    for (const write of this.#pending) write.close()
    this.#pending.length = 0
    this.#keptValues.length = 0
    this.#keptEntries.length = 0
    this.#keptStates.length = 0
    this.#timers = undefined
    this.#byKeyGroup.length = 0
  }

  /** @returns whether all is written */
  #step(): boolean {
    switch (this.#phase) {
      case 'SORTING': {
        if (this.#sortKept()) return false
        const next = this.#entries.next()
        if (next.done === true) this.#areAllSorted = true
        else if (this.#lacks(next.value)) {
          this.#byKeyGroup[next.value.keyGroup - this.keyGroups.start]!.push(next.value)
          this.#sorted++
        }
        if (this.#areAllSorted || this.#sorted >= ROUND) this.#phase = 'ENTRIES'
        return false
      }
      case 'ENTRIES':
        this.#stepEntries()
        return false
      case 'LARGE':
        this.#stepLarge()
        return false
      case 'TIMERS':
        if (this.#timers?.next().done !== true) return false
        this.#phase = 'WRITTEN'
        this.#context.removeWriter(this)
        return true
      default:
        return true
    }
  }

  #keep(entry: KeyEntry, state: number, value: unknown): void {
    this.#keptEntries.push(entry)
    this.#keptStates.push(state)
    this.#keptValues.push(value)
  }

  /** Puts one of the kept values into this round. @returns whether there was one */
  #sortKept(): boolean {
    const entry = this.#keptEntries.pop()
    if (entry === undefined) return false
    const kept = new KeptValue(entry, this.#keptStates.pop()!, this.#keptValues.pop())
    this.#byKeyGroup[entry.keyGroup - this.keyGroups.start]!.push(kept)
    if (++this.#sorted >= ROUND) this.#phase = 'ENTRIES'
    return true
  }

  #lacks({ version }: KeyEntry): boolean {
    return version !== DROPPED && version < this.version
  }

  #stepEntries(): void {
    const group = this.#byKeyGroup[this.#keyGroup]
    if (group === undefined) {
      const isAll = this.#areAllSorted && this.#keptEntries.length === 0
      this.#phase = isAll ? 'LARGE' : 'SORTING'
      this.#sorted = 0
      this.#keyGroup = 0
      this.#writer.restartOrder()
      return
    }
    const entry = group[this.#next++]
    if (entry === undefined) {
      this.#byKeyGroup[this.#keyGroup++] = []
      this.#next = 0
    } else if (entry instanceof KeptValue) {
      this.#writer.areStray = false
      this.#attempt(() => this.#writeState(entry.entry, entry.state, entry.value))
      this.#writer.areStray = true
    } else if (this.#lacks(entry)) {
      // All others that are written in between are written because the task touches them.
      this.#writer.areStray = false
      this.#context.touch(entry)
      this.#writer.areStray = true
    }
  }

  #stepLarge(): void {
    const write = this.#pending.at(-1)
    if (write === undefined) {
      this.#phase = 'TIMERS'
      return
    }
    if (this.#attempt(() => write.step())) this.#pending.pop()
  }

  #writeState({ key, keyGroup }: KeyEntry, index: number, value: unknown): void {
    const { description, expiredAtMs } = this.#states[index]!
    const writer = this.#writer
    switch (description.kind) {
      case 'list': {
        const list = value as ChunkedList<unknown>
        const write = (elements: Iterable<unknown>) =>
          writer.addList(index, keyGroup, key, living(elements, expiredAtMs))
        if (list.size <= LARGE) write(list)
        else
          this.#pending.push(new PendingListWrite(list, (part) => this.#attempt(() => write(part))))
        return
      }
      case 'map': {
        const map = value as HeapMap
        const write = (entries: Iterable<readonly [unknown, unknown]>) =>
          writer.addMap(index, keyGroup, key, livingEntries(entries, expiredAtMs))
        if (map.size <= LARGE) write(map.rawEntries())
        else
          this.#pending.push(new PendingMapWrite(map, (part) => this.#attempt(() => write(part))))
        return
      }
      default:
        if (isExpired(value, expiredAtMs)) return
        writer.addValue(index, keyGroup, key, value)
    }
  }

  /** Parts are also written while the task accesses state, which must not fail for it. */
  #attempt<R>(write: () => R): R | undefined {
    if (this.#failure !== undefined) return undefined
    try {
      return write()
    } catch (error) {
      this.#failure = { error }
      return undefined
    }
  }

  *#writeTimers(services: readonly SnapshotTimers[]): Generator<void, void> {
    for (const { state, byKeyGroup } of services) {
      for (const [i, timers] of byKeyGroup.entries()) {
        for (const [n, { key, timestamp, namespace }] of timers.entries()) {
          const timer = { timestamp, namespace }
          this.#attempt(() => this.#writer.addTimers(state, this.keyGroups.start + i, key, [timer]))
          if (n % TIMERS === TIMERS - 1) yield
        }
      }
    }
  }
}

/** A value as it was when the snapshot was taken. */
class KeptValue {
  readonly entry: KeyEntry
  readonly state: number
  readonly value: unknown

  constructor(entry: KeyEntry, state: number, value: unknown) {
    this.entry = entry
    this.state = state
    this.value = value
  }
}

function isExpired(value: unknown, expiredAtMs: number | undefined): boolean {
  return expiredAtMs !== undefined && (value as TimedValue).lastAccessMs <= expiredAtMs
}

function living(elements: Iterable<unknown>, expiredAtMs: number | undefined): Iterable<unknown> {
  if (expiredAtMs === undefined) return elements
  return [...elements].filter((element) => !isExpired(element, expiredAtMs))
}

function livingEntries(
  entries: Iterable<readonly [unknown, unknown]>,
  expiredAtMs: number | undefined,
): Iterable<readonly [unknown, unknown]> {
  if (expiredAtMs === undefined) return entries
  return [...entries].filter(([, value]) => !isExpired(value, expiredAtMs))
}
