import type { StateTtlCleanup } from '@flink-ts/core'
import { convertState } from '../schema/convert-state.js'
import type { StateDefaults } from '../schema/migration.js'
import type { KeyedStateKind, StateDescription } from '../snapshot/snapshot-description.js'
import { StateNameTakenError } from '../state-name-taken-error.js'
import type { TtlPolicy } from '../ttl/ttl-policy.js'
import { convertHeapValue } from './convert-heap-value.js'
import type { HeapKeyContext } from './heap-key-context.js'

/** One state of a heap backend. */
export interface HeapStateSlot {
  /** Of its values among those of a key, and of the state in snapshots. */
  readonly index: number
  /** What its values are at the moment. */
  description: StateDescription<KeyedStateKind>
  /** What the program uses; undefined: it was restored and nobody asked for it. */
  state: unknown
  ttl: { readonly policy: TtlPolicy; readonly cleanup: StateTtlCleanup } | undefined
}

/** The states of a heap backend, declared or restored. */
export class HeapStateTable {
  readonly #operatorName: string
  readonly #context: HeapKeyContext
  readonly #now: () => number
  readonly #slots = new Map<string, HeapStateSlot>()

  constructor(facts: { operatorName: string; context: HeapKeyContext; now: () => number }) {
    this.#operatorName = facts.operatorName
    this.#context = facts.context
    this.#now = facts.now
  }

  /** By index. */
  get slots(): HeapStateSlot[] {
    return [...this.#slots.values()]
  }

  find(name: string): HeapStateSlot | undefined {
    return this.#slots.get(name)
  }

  /**
   * The slot of a state that the program asks for; values that were restored are converted.
   *
   * @throws StateNameTakenError, StateIncompatibleError
   */
  declare(description: StateDescription<KeyedStateKind>, defaults?: StateDefaults): HeapStateSlot {
    const { name, kind } = description
    const found = this.#slots.get(name)
    if (found === undefined) return this.#add(description)
    if (found.state === undefined) {
      this.#convert(found, description, defaults)
      return found
    }
    if (found.description.kind === kind) return found
    throw new StateNameTakenError(name, { asked: kind, taken: found.description.kind })
  }

  /**
   * The slot of a state that is restored. Values of the slot and of the file become one type: that of the slot if it
   * can be, else that of the file.
   *
   * @returns how values of the file are converted
   * @throws StateIncompatibleError
   */
  restore(stored: StateDescription<KeyedStateKind>): {
    readonly slot: HeapStateSlot
    readonly convert: ReturnType<typeof convertState>
  } {
    const slot = this.#slots.get(stored.name) ?? this.#add(stored)
    const options = { now: this.#now }
    try {
      return { slot, convert: convertState(this.#operatorName, stored, slot.description, options) }
    } catch (error) {
      // Subtasks that never asked for the state kept it as an older version of the program wrote it.
      if (slot.state !== undefined) throw error
      this.#convert(slot, stored)
      return { slot, convert: undefined }
    }
  }

  #add(description: StateDescription<KeyedStateKind>): HeapStateSlot {
    const slot = { index: this.#slots.size, description, state: undefined, ttl: undefined }
    this.#slots.set(description.name, slot)
    return slot
  }

  #convert(
    slot: HeapStateSlot,
    description: StateDescription<KeyedStateKind>,
    defaults?: StateDefaults,
  ): void {
    const { index } = slot
    const conversion = convertState(this.#operatorName, slot.description, description, {
      now: this.#now,
      ...(defaults !== undefined && { defaults }),
    })
    if (conversion !== undefined) {
      this.#context.forEach((entry) => {
        const held = entry.get(index)
        if (held !== undefined) {
          entry.set(index, convertHeapValue(description.kind, held, conversion))
        }
      })
    }
    slot.description = description
  }
}
