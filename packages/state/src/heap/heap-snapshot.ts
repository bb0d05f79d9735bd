import assert from 'node:assert/strict'
import type { Clock, KeyGroupRange, SerializerRegistry } from '@flink-ts/core'
import type { KeyedSnapshot } from '../keyed-snapshot.js'
import type { KeyedStateKind, StateDescription } from '../snapshot/snapshot-description.js'
import type { SnapshotSummary, SnapshotWriter } from '../snapshot/snapshot-writer.js'
import type { TimedValue } from '../snapshot/timed-value.js'
import type { KeyedTimer } from '../timer-state-source.js'
import type { ChunkedList } from './chunked-list.js'
import type { EntryWriter, HeapKeyContext } from './heap-key-context.js'
import type { HeapMap } from './heap-map.js'
import { KeptValues, type SpareArrays, ValueKeeper } from './kept-values.js'
import type { KeyEntry } from './key-entry.js'
import { PendingListWrite } from './pending-list-write.js'
import { PendingMapWrite } from './pending-map-write.js'
import { SegmentScan } from './segment-scan.js'

/** Lists and maps of more elements are not written within one access. */
const LARGE = 1024
/** Steps between two looks at the clock. */
const STEPS = 4
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
  readonly #kept: KeptValues
  /** By state. */
  readonly #keepers: readonly ValueKeeper[]
  readonly #scan: SegmentScan
  readonly #pending: (PendingListWrite | PendingMapWrite)[] = []
  #timers: Iterator<void> | undefined
  #phase: 'ENTRIES' | 'LARGE' | 'TIMERS' | 'WRITTEN' | 'RELEASED' = 'ENTRIES'
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
    serializers: SerializerRegistry | undefined
    spare: SpareArrays
  }) {
    this.checkpointId = options.checkpointId
    this.version = options.version
    this.keyGroups = options.keyGroups
    this.#context = options.context
    this.#states = options.states
    this.#writer = options.writer
    this.#clock = options.clock
    const { context, keyGroups, writer, serializers } = options
    this.#kept = new KeptValues(context.segments, this.#states.length, options.spare)
    this.#keepers = this.#states.map(
      ({ description }) => new ValueKeeper(description.type, serializers),
    )
    this.#scan = new SegmentScan({
      ...{ context, keyGroups, writer, owner: this, kept: this.#kept },
      states: this.#states.map(({ description, expiredAtMs }) => ({
        isSingle: description.kind !== 'list' && description.kind !== 'map',
        expiredAtMs,
        numbers: numbersOf(description),
      })),
      writeOther: (entry, state) => this.#writeCollection(entry, state, entry.get(state)),
    })
    this.#timers = this.#writeTimers(options.timers)
    this.#writer.areStray = true
  }

  write(entry: KeyEntry): void {
    if (this.#failure !== undefined) return
    try {
      for (let index = 0; index < this.#states.length; index++) {
        const value = entry.get(index)
        if (value === undefined) continue
        const { kind } = this.#states[index]!.description
        if (kind === 'list' || kind === 'map') this.#writeCollection(entry, index, value)
        else this.#kept.keep(entry, index, this.#keepers[index]!.keep(value))
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
    this.#kept.clear()
    this.#timers = undefined
  }

  /** @returns whether all is written */
  #step(): boolean {
    switch (this.#phase) {
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

  #stepEntries(): void {
    // All others that are written in between are written because the task touches them.
    this.#writer.areStray = false
    const isDone = this.#attempt(() => this.#scan.step())
    this.#writer.areStray = true
    if (isDone !== true) return
    this.#phase = 'LARGE'
    this.#writer.restartOrder()
  }

  #stepLarge(): void {
    const write = this.#pending.at(-1)
    if (write === undefined) {
      this.#phase = 'TIMERS'
      return
    }
    if (this.#attempt(() => write.step())) this.#pending.pop()
  }

  #writeCollection({ key, keyGroup }: KeyEntry, index: number, value: unknown): void {
    if (value === undefined) return
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
        assert.fail(`${description.kind} state has one value per key`)
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

function numbersOf({ kind, type, ttl }: StateDescription): 'int' | 'double' | undefined {
  if (kind === 'list' || kind === 'map' || ttl === true || type === 'dynamic') return undefined
  return type.kind === 'int' || type.kind === 'double' ? type.kind : undefined
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
