import assert from 'node:assert/strict'
import type {
  AggregatingState,
  AggregatingStateDescriptor,
  KeyGroupRange,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ReducingState,
  ReducingStateDescriptor,
  StateTtlConfig,
  ValueState,
  ValueStateDescriptor,
} from '@flink-ts/core'
import {
  describeState,
  type KeyedRestore,
  type KeyedSnapshot,
  type KeyedStateBackend,
  type KeyedStateBackendOptions,
  type KeyedStateKind,
  type SnapshotDescription,
  type SnapshotOptions,
  SnapshotWriter,
  StateNameTakenError,
  type TimedValue,
  type TimerStateSource,
  TtlListState,
  TtlMapState,
  TtlPolicy,
  TtlValueState,
  ValueAggregatingState,
  ValueReducingState,
} from '@flink-ts/state'
import { HeapTimers } from '@flink-ts/state/backend'
import { LsmStore } from '../store/lsm-store.js'
import type { MemoryPlan } from '../store/memory-plan.js'
import type { TableFiles } from '../store/table-files.js'
import { CanonicalSnapshot } from './canonical-snapshot.js'
import { IncrementalSnapshot } from './incremental-snapshot.js'
import { countKeys, visitEntries } from './inspect-store.js'
import { LsmKeyContext } from './lsm-key-context.js'
import { LsmListState } from './lsm-list-state.js'
import { LsmMapState } from './lsm-map-state.js'
import { type LsmStateSlot, LsmStateTable } from './lsm-state-table.js'
import { LsmValueState } from './lsm-value-state.js'
import { restoreLsmState } from './restore-lsm-state.js'
import { SharedTables } from './shared-tables.js'
import { storedEntries } from './stored-entries.js'
import { BACKEND_NAME } from './table-list.js'

const UNKNOWN_OPERATOR = {
  operatorId: '0'.repeat(32),
  operatorName: 'unknown',
  subtaskIndex: 0,
}

export interface LsmKeyedStateBackendOptions extends KeyedStateBackendOptions {
  /** Belong to the backend from here on. */
  readonly files: TableFiles
  /** For all memory that grows with the state. */
  readonly memoryBytes: number
  /** Unique among all runs of all subtasks: makes names of shared files so. */
  readonly runId: string
  /** Whether checkpoints consist of the store's files, of which only new ones are stored; savepoints never do. */
  readonly isIncremental: boolean
  /** See `LsmStoreOptions`. @internal */
  readonly plan?: MemoryPlan
}

/** Keyed state in a sorted store on local disk. Timers are on the heap. */
export class LsmKeyedStateBackend implements KeyedStateBackend {
  readonly maxParallelism: number
  readonly keyGroupRange: KeyGroupRange
  readonly #options: LsmKeyedStateBackendOptions
  readonly #store: LsmStore
  readonly #context: LsmKeyContext
  readonly #table: LsmStateTable
  readonly #timers: HeapTimers
  readonly #shared: SharedTables
  #isClosed = false

  constructor(options: LsmKeyedStateBackendOptions) {
    const { maxParallelism, keyGroupRange, files, memoryBytes, runId, clock, serializers } = options
    this.maxParallelism = maxParallelism
    this.keyGroupRange = keyGroupRange
    this.#options = options
    this.#store = new LsmStore({
      files,
      firstKeyGroup: keyGroupRange.start,
      lastKeyGroup: keyGroupRange.end,
      memoryBytes,
      isExpired: (cursor) => this.#table.isExpired(cursor),
      ...(options.plan !== undefined && { plan: options.plan }),
    })
    this.#context = new LsmKeyContext(this.#store, maxParallelism, keyGroupRange)
    this.#table = new LsmStateTable({
      context: this.#context,
      operatorName: this.#operator.operatorName,
      serializers,
      now: () => clock?.now() ?? 0,
    })
    this.#timers = new HeapTimers(keyGroupRange)
    const { operatorId, subtaskIndex } = this.#operator
    this.#shared = new SharedTables(`${operatorId}-${subtaskIndex}-${runId}`)
  }

  /** For measurements and tests. @internal */
  get store(): LsmStore {
    return this.#store
  }

  setCurrentKey(key: unknown): void {
    this.#context.setKey(key)
  }

  get currentKey(): unknown {
    return this.#context.key
  }

  clearCurrentKey(): void {
    this.#context.setKey(undefined)
  }

  getValueState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return this.#state('value', descriptor, (slot) =>
      this.#valueState(slot, descriptor.defaultValue),
    )
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#state('list', descriptor, (slot): ListState<T> => {
      if (slot.ttl === undefined) return new LsmListState<T>(this.#context, slot)
      return new TtlListState(new LsmListState<TimedValue<T>>(this.#context, slot), slot.ttl.policy)
    })
  }

  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    return this.#state('map', descriptor, (slot): MapState<K, V> => {
      if (slot.ttl === undefined) return new LsmMapState<K, V>(this.#context, slot)
      const timed = new LsmMapState<K, TimedValue<V>>(this.#context, slot)
      return new TtlMapState(timed, slot.ttl.policy)
    })
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    return this.#state(
      'reducing',
      descriptor,
      (slot) => new ValueReducingState(this.#valueState<T>(slot), descriptor),
    )
  }

  getAggregatingState<IN, ACC, OUT>(
    descriptor: AggregatingStateDescriptor<IN, ACC, OUT>,
  ): AggregatingState<IN, OUT> {
    return this.#state('aggregating', descriptor, (slot) => {
      const accumulators = this.#valueState<ACC>(slot)
      return new ValueAggregatingState(accumulators, descriptor.aggregateFunction)
    })
  }

  forEachEntry(
    name: string,
    visit: (key: unknown, value: unknown, keyGroup: number) => void,
  ): void {
    const slot = this.#table.find(name)
    if (slot === undefined) return
    visitEntries(this.#context, this.#table, slot, visit)
  }

  /** Reads all keys: for tests and people. */
  get numberOfKeys(): number {
    return countKeys(this.#store, this.#table)
  }

  registerTimers(name: string, source: TimerStateSource): void {
    const taken = this.#table.find(name)
    if (taken !== undefined) {
      throw new StateNameTakenError(name, { asked: 'timer', taken: taken.description.kind })
    }
    this.#timers.register(name, source)
  }

  snapshot(checkpointId: bigint, { full = false }: SnapshotOptions = {}): KeyedSnapshot {
    assert(!this.#isClosed, 'the backend is open')
    const { keyGroupRange: keyGroups } = this
    const slots = this.#table.slots
    const states = [
      ...slots.map(({ description }) => description),
      ...this.#timers.descriptions,
    ] as SnapshotDescription['states']
    const timers = this.#timers.capture(slots.length)
    const view = this.#store.view()
    const store = this.#store
    const common = { checkpointId, keyGroups, timers, store, view, clock: this.#options.clock }
    if (full) this.#shared.forgetRestored()
    if (this.#options.isIncremental && !full) {
      return new IncrementalSnapshot({
        ...common,
        shared: this.#shared,
        pathOf: (name) => this.#options.files.pathOf?.(name),
        createWriter: (tables) => this.#writer(states, { name: BACKEND_NAME, data: { tables } }),
      })
    }
    const formats = slots.map(({ description, codec }) => ({ kind: description.kind, codec }))
    return new CanonicalSnapshot({
      ...common,
      writer: this.#writer(states),
      entries: () =>
        storedEntries(
          view.cursor(),
          this.#context,
          (state) => formats[state],
          this.#table.hasParts,
        ),
      kinds: slots.map(({ description }) => description.kind),
      expiredAtMs: slots.map(({ ttl }) =>
        ttl?.cleanup.onFullSnapshot === true ? ttl.policy.expiredAtMs : undefined,
      ),
    })
  }

  restore(source: KeyedRestore): Promise<void> {
    return restoreLsmState(source, {
      context: this.#context,
      table: this.#table,
      timers: this.#timers,
      shared: this.#shared,
      files: this.#options.files,
      maxParallelism: this.maxParallelism,
      serializers: this.#options.serializers,
    })
  }

  notifyCheckpointComplete(checkpointId: bigint): void {
    this.#shared.completed(checkpointId)
  }

  notifyCheckpointAborted(checkpointId: bigint): void {
    this.#shared.aborted(checkpointId)
  }

  close(): void {
    this.#isClosed = true
    this.#store.close()
  }

  get #operator(): NonNullable<KeyedStateBackendOptions['operator']> {
    return this.#options.operator ?? UNKNOWN_OPERATOR
  }

  #writer(
    states: SnapshotDescription['states'],
    backend?: SnapshotDescription['backend'],
  ): SnapshotWriter {
    const { maxParallelism, keyGroupRange } = this
    const { keyType = 'dynamic', serializers } = this.#options
    return new SnapshotWriter({
      description: {
        ...this.#operator,
        states,
        keyed: {
          maxParallelism,
          firstKeyGroup: keyGroupRange.start,
          lastKeyGroup: keyGroupRange.end,
          keyType,
        },
        ...(backend !== undefined && { backend }),
      },
      ...(serializers !== undefined && { serializers }),
    })
  }

  #valueState<T>(slot: LsmStateSlot, defaultValue?: T): ValueState<T> {
    if (slot.ttl === undefined) return new LsmValueState<T>(this.#context, slot, defaultValue)
    const timed = new LsmValueState<TimedValue<T>>(this.#context, slot)
    return new TtlValueState(timed, slot.ttl.policy, defaultValue)
  }

  #state<S>(
    kind: Exclude<KeyedStateKind, 'timer'>,
    descriptor: Parameters<typeof describeState>[1] & {
      readonly ttl?: StateTtlConfig
      readonly defaults?: Readonly<Record<string, unknown>>
    },
    make: (slot: LsmStateSlot) => S,
  ): S {
    const { name, ttl, defaults } = descriptor
    if (this.#timers.has(name)) throw new StateNameTakenError(name, { asked: kind, taken: 'timer' })
    const slot = this.#table.declare(describeState(kind, descriptor), defaults)
    // The caller's types for this name; nothing at run time tells them apart.
    if (slot.state !== undefined) return slot.state as S
    const policy = TtlPolicy.of(ttl, this.#options.clock)
    if (policy !== undefined) slot.ttl = { policy, cleanup: ttl?.cleanup ?? {} }
    const state = make(slot)
    slot.state = state
    return state
  }
}
