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
import type { KeyedRestore } from '../keyed-restore.js'
import type { KeyedSnapshot } from '../keyed-snapshot.js'
import type { KeyedStateBackend, KeyedStateBackendOptions } from '../keyed-state-backend.js'
import { describeState } from '../schema/describe-state.js'
import type { KeyedStateKind, StateDescription } from '../snapshot/snapshot-description.js'
import { SnapshotWriter } from '../snapshot/snapshot-writer.js'
import type { TimedValue } from '../snapshot/timed-value.js'
import { StateNameTakenError } from '../state-name-taken-error.js'
import { ValueAggregatingState } from '../states/value-aggregating-state.js'
import { ValueReducingState } from '../states/value-reducing-state.js'
import type { TimerStateSource } from '../timer-state-source.js'
import { TtlListState } from '../ttl/ttl-list-state.js'
import { TtlMapState } from '../ttl/ttl-map-state.js'
import { TtlPolicy } from '../ttl/ttl-policy.js'
import { TtlValueState } from '../ttl/ttl-value-state.js'
import { HeapKeyContext } from './heap-key-context.js'
import { HeapListState } from './heap-list-state.js'
import { HeapMapState } from './heap-map-state.js'
import { HeapSnapshot } from './heap-snapshot.js'
import { type HeapStateSlot, HeapStateTable } from './heap-state-table.js'
import { HeapTimers } from './heap-timers.js'
import { HeapTtlCleanup } from './heap-ttl-cleanup.js'
import { HeapValueState } from './heap-value-state.js'
import { SpareArrays } from './kept-values.js'
import { restoreHeapState } from './restore-heap-state.js'
import { visibleValue } from './visible-value.js'

const UNKNOWN_OPERATOR = {
  operatorId: '0'.repeat(32),
  operatorName: 'unknown',
  subtaskIndex: 0,
}

/** Kinds whose state is one value per key. */
type ValueKind = 'value' | 'reducing' | 'aggregating'

/**
 * Keyed state as JavaScript objects on the heap of the task's thread. Reading and then writing the state
 * of a key costs one lookup. A snapshot writes each entry when its scan comes by or when the task first touches it, whichever is
 * first; nothing is copied.
 */
export class HeapKeyedStateBackend implements KeyedStateBackend {
  readonly maxParallelism: number
  readonly keyGroupRange: KeyGroupRange
  readonly #options: KeyedStateBackendOptions
  readonly #context: HeapKeyContext
  readonly #table: HeapStateTable
  readonly #timers: HeapTimers
  /** Of snapshots that are being written, and for the next ones. */
  readonly #spare = new SpareArrays()

  constructor(options: KeyedStateBackendOptions) {
    this.maxParallelism = options.maxParallelism
    this.keyGroupRange = options.keyGroupRange
    this.#options = options
    this.#context = new HeapKeyContext(options)
    this.#table = new HeapStateTable({
      operatorName: this.#operator.operatorName,
      context: this.#context,
      now: () => options.clock?.now() ?? 0,
    })
    this.#timers = new HeapTimers(options.keyGroupRange)
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
    return this.#state('value', descriptor, (slot) => this.#valueState(slot, descriptor))
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.#state('list', descriptor, ({ index, ttl }): ListState<T> => {
      if (ttl === undefined) return new HeapListState<T>(this.#context, descriptor, index)
      const timed = new HeapListState<TimedValue<T>>(this.#context, descriptor, index)
      return new TtlListState(timed, ttl.policy)
    })
  }

  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    return this.#state('map', descriptor, ({ index, ttl }): MapState<K, V> => {
      if (ttl === undefined) return new HeapMapState<K, V>(this.#context, descriptor, index)
      const timed = new HeapMapState<K, TimedValue<V>>(this.#context, descriptor, index)
      return new TtlMapState(timed, ttl.policy)
    })
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    return this.#state(
      'reducing',
      descriptor,
      (slot) => new ValueReducingState(this.#valueState<T>(slot, descriptor), descriptor),
    )
  }

  getAggregatingState<IN, ACC, OUT>(
    descriptor: AggregatingStateDescriptor<IN, ACC, OUT>,
  ): AggregatingState<IN, OUT> {
    return this.#state('aggregating', descriptor, (slot) => {
      const accumulators = this.#valueState<ACC>(slot, descriptor)
      return new ValueAggregatingState(accumulators, descriptor.aggregateFunction)
    })
  }

  forEachEntry(
    name: string,
    visit: (key: unknown, value: unknown, keyGroup: number) => void,
  ): void {
    const slot = this.#table.find(name)
    if (slot === undefined) return
    this.#context.forEach((entry) => {
      const held = entry.get(slot.index)
      const value = held === undefined ? undefined : visibleValue(held, slot.ttl?.policy)
      if (value !== undefined) visit(entry.key, value, entry.keyGroup)
    })
  }

  get numberOfKeys(): number {
    return this.#context.numberOfKeys
  }

  registerTimers(name: string, source: TimerStateSource): void {
    const taken = this.#table.find(name)
    if (taken !== undefined) {
      throw new StateNameTakenError(name, { asked: 'timer', taken: taken.description.kind })
    }
    this.#timers.register(name, source)
  }

  snapshot(checkpointId: bigint): KeyedSnapshot {
    const { maxParallelism, keyGroupRange: keyGroups } = this
    const { keyType = 'dynamic', serializers, clock } = this.#options
    const slots = this.#table.slots
    const writer = new SnapshotWriter({
      description: {
        ...this.#operator,
        states: [...slots.map(({ description }) => description), ...this.#timers.descriptions],
        keyed: {
          maxParallelism,
          firstKeyGroup: keyGroups.start,
          lastKeyGroup: keyGroups.end,
          keyType,
        },
      },
      ...(serializers !== undefined && { serializers }),
    })
    const states = slots.map(({ description, ttl }) => ({
      description,
      ...(ttl?.cleanup.onFullSnapshot === true && { expiredAtMs: ttl.policy.expiredAtMs }),
    }))
    const timers = this.#timers.capture(slots.length)
    const context = this.#context
    return context.addWriter(
      (version) =>
        new HeapSnapshot({
          checkpointId,
          version,
          keyGroups,
          context,
          states,
          timers,
          writer,
          clock,
          serializers,
          spare: this.#spare,
        }),
    )
  }

  restore(source: KeyedRestore): Promise<void> {
    return restoreHeapState(source, {
      context: this.#context,
      table: this.#table,
      timers: this.#timers,
      maxParallelism: this.maxParallelism,
      serializers: this.#options.serializers,
    })
  }

  get #operator(): NonNullable<KeyedStateBackendOptions['operator']> {
    return this.#options.operator ?? UNKNOWN_OPERATOR
  }

  #valueState<T>(
    { index, ttl }: HeapStateSlot,
    descriptor: { readonly name: string; readonly defaultValue?: T },
  ): ValueState<T> {
    if (ttl === undefined) return new HeapValueState<T>(this.#context, descriptor, index)
    const { name, defaultValue } = descriptor
    const timed = new HeapValueState<TimedValue<T>>(this.#context, { name }, index)
    return new TtlValueState(timed, ttl.policy, defaultValue)
  }

  #state<S>(
    kind: ValueKind | 'list' | 'map',
    descriptor: Parameters<typeof describeState>[1] & {
      readonly defaults?: Readonly<Record<string, unknown>>
    },
    make: (slot: HeapStateSlot) => S,
  ): S {
    const { name, ttl, defaults } = descriptor
    if (this.#timers.has(name)) throw new StateNameTakenError(name, { asked: kind, taken: 'timer' })
    const description: StateDescription<KeyedStateKind> = describeState(kind, descriptor)
    const slot = this.#table.declare(description, defaults)
    // The caller's types for this name; nothing at run time tells them apart.
    if (slot.state !== undefined) return slot.state as S
    const policy = TtlPolicy.of(ttl, this.#options.clock)
    if (policy !== undefined && ttl !== undefined) this.#expire(slot, policy, ttl)
    const state = make(slot)
    slot.state = state
    return state
  }

  #expire(slot: HeapStateSlot, policy: TtlPolicy, { cleanup = {} }: StateTtlConfig): void {
    slot.ttl = { policy, cleanup }
    if (cleanup.incremental === false) return
    const { cleanupSize = 5, runForEveryRecord = false } = cleanup.incremental ?? {}
    const incremental = new HeapTtlCleanup(this.#context, slot.index, { policy, size: cleanupSize })
    policy.onAccess = () => incremental.step()
    if (!runForEveryRecord) return
    // A method of its own for this backend alone: others need not ask with each record whether there is something to do.
    const setCurrentKey = this.setCurrentKey.bind(this)
    this.setCurrentKey = (key) => {
      setCurrentKey(key)
      incremental.step()
    }
  }
}
