import type { ValueState } from '@flink-ts/core'
import type { LsmKeyContext } from './lsm-key-context.js'
import type { LsmStateSlot } from './lsm-state-table.js'
import { StateKey } from './state-key.js'

/** Value state in the store. Each access reads or writes it: what `value()` answers is a copy. */
export class LsmValueState<T> implements ValueState<T> {
  readonly #context: LsmKeyContext
  readonly #key: StateKey
  readonly #slot: LsmStateSlot
  readonly #default: T | undefined

  constructor(context: LsmKeyContext, slot: LsmStateSlot, defaultValue?: T) {
    this.#context = context
    const { description, number } = slot
    this.#key = new StateKey(context, { name: description.name, number, hasParts: false })
    this.#slot = slot
    this.#default = defaultValue
  }

  value(): T | undefined {
    const { hash, bytes, length } = this.#key.select()
    if (!this.#context.store.get(hash, bytes, length)) return this.#default
    return this.#slot.codec.decode(this.#context.found()) as T
  }

  /** `undefined` is the same as {@link clear}. */
  update(value: T): void {
    if (value === undefined) {
      this.clear()
      return
    }
    const { hash, bytes, length } = this.#key.select()
    const { codec } = this.#slot
    const encoded = codec.encode(value)
    this.#context.store.put(hash, 0, bytes, length, encoded, 0, codec.length)
  }

  clear(): void {
    const { hash, bytes, length } = this.#key.select()
    // Not for keys that have none: an entry that says so would have to be kept.
    if (!this.#context.store.get(hash, bytes, length)) return
    this.#context.store.remove(hash, 0, bytes, length)
  }
}
