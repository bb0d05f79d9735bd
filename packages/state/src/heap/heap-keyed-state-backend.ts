import type { KeyGroupRange, ValueState, ValueStateDescriptor } from '@flink-ts/core'
import type { KeyedStateBackend, KeyedStateBackendOptions } from '../keyed-state-backend.js'
import { HeapKeyContext } from './heap-key-context.js'
import { HeapValueState } from './heap-value-state.js'

/**
 * Keyed state as JavaScript objects on the heap of the task's thread. Reading and then writing the state
 * of a key costs one lookup.
 *
 * It takes no snapshots yet. The layout is made for them: an entry knows its key group and holds all values
 * of its key, and all writes pass through {@link HeapValueState}, where copy-on-write by snapshot version can be added.
 */
export class HeapKeyedStateBackend implements KeyedStateBackend {
  readonly maxParallelism: number
  readonly keyGroupRange: KeyGroupRange
  readonly #context: HeapKeyContext
  readonly #states = new Map<string, { index: number; state: HeapValueState<unknown> }>()

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
    let found = this.#states.get(descriptor.name)
    if (found === undefined) {
      const index = this.#states.size
      const state = new HeapValueState<unknown>(this.#context, descriptor, index)
      found = { index, state }
      this.#states.set(descriptor.name, found)
    }
    // The caller's type for this name; nothing at run time tells it apart.
    return found.state as HeapValueState<T>
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

  get numberOfKeys(): number {
    return this.#context.numberOfKeys
  }
}
