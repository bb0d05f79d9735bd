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
  ValueState,
  ValueStateDescriptor,
} from '@flink-ts/core'
import type { KeyedRestore } from '../keyed-restore.js'
import type { KeyedSnapshot } from '../keyed-snapshot.js'
import type { KeyedStateBackend, KeyedStateBackendOptions } from '../keyed-state-backend.js'
import { StateNameTakenError } from '../state-name-taken-error.js'
import type { TimerStateSource } from '../timer-state-source.js'
import { HeapKeyContext } from './heap-key-context.js'
import { HeapListState } from './heap-list-state.js'
import { HeapValueState } from './heap-value-state.js'

type StateKind = 'value' | 'list'

interface RegisteredState {
  readonly kind: StateKind
  /** Of its values among those of a key. */
  readonly index: number
  readonly state: unknown
}

/**
 * Keyed state as JavaScript objects on the heap of the task's thread. Reading and then writing the state
 * of a key costs one lookup.
 *
 * It takes no snapshots yet. The layout is made for them: an entry knows its key group and holds all values
 * of its key, and all writes pass through {@link HeapValueState} and {@link HeapListState}, where copy-on-write by snapshot version can be added.
 */
export class HeapKeyedStateBackend implements KeyedStateBackend {
  readonly maxParallelism: number
  readonly keyGroupRange: KeyGroupRange
  readonly #context: HeapKeyContext
  readonly #states = new Map<string, RegisteredState>()

  constructor(options: KeyedStateBackendOptions) {
    this.maxParallelism = options.maxParallelism
    this.keyGroupRange = options.keyGroupRange
    this.#context = new HeapKeyContext(options)
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
    const make = (index: number) => new HeapValueState<T>(this.#context, descriptor, index)
    // The caller's type for this name; nothing at run time tells it apart.
    return this.#state(descriptor.name, 'value', make) as HeapValueState<T>
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    const make = (index: number) => new HeapListState<T>(this.#context, descriptor, index)
    return this.#state(descriptor.name, 'list', make) as HeapListState<T>
  }

  #state(name: string, kind: StateKind, make: (index: number) => unknown): unknown {
    const found = this.#states.get(name)
    if (found !== undefined) {
      if (found.kind === kind) return found.state
      throw new StateNameTakenError(name, { asked: kind, taken: found.kind })
    }
    const index = this.#states.size
    const state = make(index)
    this.#states.set(name, { kind, index, state })
    return state
  }

  forEachEntry(
    name: string,
    visit: (key: unknown, value: unknown, keyGroup: number) => void,
  ): void {
    const found = this.#states.get(name)
    if (found === undefined) return
    this.#context.forEach((entry) => {
      const value = entry.get(found.index)
      if (value !== undefined) visit(entry.key, value, entry.keyGroup)
    })
  }

  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V> {
    throw notBuilt(descriptor.name)
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    throw notBuilt(descriptor.name)
  }

  getAggregatingState<IN, ACC, OUT>(
    descriptor: AggregatingStateDescriptor<IN, ACC, OUT>,
  ): AggregatingState<IN, OUT> {
    throw notBuilt(descriptor.name)
  }

  registerTimers(name: string, _source: TimerStateSource): void {
    throw notBuilt(name)
  }

  snapshot(checkpointId: bigint): KeyedSnapshot {
    throw notBuilt(`of checkpoint ${checkpointId}`)
  }

  async restore(_source: KeyedRestore): Promise<void> {
    throw notBuilt('of a restore')
  }

  get numberOfKeys(): number {
    return this.#context.numberOfKeys
  }
}

function notBuilt(name: string): Error {
  return new Error(`state ${name} is being built`)
}
