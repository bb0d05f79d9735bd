import type {
  ListState,
  MapState,
  SerializerRegistry,
  StateTtlCleanup,
  ValueState,
} from '@flink-ts/core'
import {
  convertState,
  type KeyedStateKind,
  type StateDefaults,
  type StateDescription,
  type StateMigration,
  StateNameTakenError,
  type TtlPolicy,
} from '@flink-ts/state'
import type { Cursor } from '../store/cursor.js'
import type { LsmKeyContext } from './lsm-key-context.js'
import { LsmListState } from './lsm-list-state.js'
import { LsmMapState } from './lsm-map-state.js'
import { LsmValueState } from './lsm-value-state.js'
import { type EntryFormat, storedEntries } from './stored-entries.js'
import { ValueCodec } from './value-codec.js'

/** One state of a backend. */
export interface LsmStateSlot {
  /** In the keys of the store, and of the state in snapshots. */
  readonly number: number
  /** What its values are at the moment. */
  description: StateDescription<KeyedStateKind>
  codec: ValueCodec
  /** What the program uses; undefined: it was restored and nobody asked for it. */
  state: unknown
  ttl: { readonly policy: TtlPolicy; readonly cleanup: StateTtlCleanup } | undefined
}

/** State as it lies in the store: values of state with a time to live are `TimedValue`. */
export type RawState =
  | { readonly kind: 'value'; readonly state: ValueState<unknown> }
  | { readonly kind: 'list'; readonly state: ListState<unknown> }
  | { readonly kind: 'map'; readonly state: MapState<unknown, unknown> }

/** The states of a backend, declared or restored. */
export class LsmStateTable {
  readonly #context: LsmKeyContext
  readonly #operatorName: string
  readonly #serializers: SerializerRegistry | undefined
  readonly #now: () => number
  readonly #slots: LsmStateSlot[] = []
  readonly #byName = new Map<string, LsmStateSlot>()

  constructor(options: {
    readonly context: LsmKeyContext
    readonly operatorName: string
    readonly serializers: SerializerRegistry | undefined
    readonly now: () => number
  }) {
    this.#context = options.context
    this.#operatorName = options.operatorName
    this.#serializers = options.serializers
    this.#now = options.now
  }

  /** By number. */
  get slots(): readonly LsmStateSlot[] {
    return this.#slots
  }

  find(name: string): LsmStateSlot | undefined {
    return this.#byName.get(name)
  }

  readonly hasParts = (number: number): boolean => hasParts(this.#slots[number]?.description)

  /**
   * The slot of a state that the program asks for; values that were restored are converted.
   *
   * @throws StateNameTakenError, StateIncompatibleError
   */
  declare(description: StateDescription<KeyedStateKind>, defaults?: StateDefaults): LsmStateSlot {
    const { name, kind } = description
    const found = this.#byName.get(name)
    if (found === undefined) return this.add(description)
    if (found.state === undefined) {
      this.#convert(found, description, defaults)
      return found
    }
    if (found.description.kind === kind) return found
    throw new StateNameTakenError(name, { asked: kind, taken: found.description.kind })
  }

  /**
   * The slot of a state that is restored entry by entry. Values of the slot and of the file become one type: that of the slot if it
   * can be, else that of the file.
   *
   * @returns how values of the file are converted
   * @throws StateIncompatibleError
   */
  restore(stored: StateDescription<KeyedStateKind>): {
    readonly slot: LsmStateSlot
    readonly convert: StateMigration | undefined
  } {
    const slot = this.#byName.get(stored.name) ?? this.add(stored)
    try {
      return { slot, convert: this.conversion(stored, slot.description) }
    } catch (error) {
      // Subtasks that never asked for the state kept it as an older version of the program wrote it.
      if (slot.state !== undefined) throw error
      this.#convert(slot, stored)
      return { slot, convert: undefined }
    }
  }

  /** @returns undefined: values stay as they are. @throws StateIncompatibleError */
  conversion(
    stored: StateDescription,
    declared: StateDescription,
    defaults?: StateDefaults,
  ): StateMigration | undefined {
    return convertState(this.#operatorName, stored, declared, {
      now: this.#now,
      ...(defaults !== undefined && { defaults }),
    })
  }

  add(description: StateDescription<KeyedStateKind>): LsmStateSlot {
    const slot: LsmStateSlot = {
      number: this.#slots.length,
      description,
      codec: this.codecOf(description),
      state: undefined,
      ttl: undefined,
    }
    this.#slots.push(slot)
    this.#byName.set(description.name, slot)
    return slot
  }

  codecOf(description: StateDescription): ValueCodec {
    return new ValueCodec(description, {
      operatorName: this.#operatorName,
      serializers: this.#serializers,
    })
  }

  /** Access to the values of a slot as they are stored. */
  raw(slot: LsmStateSlot): RawState {
    const { kind } = slot.description
    if (kind === 'list') return { kind, state: new LsmListState(this.#context, slot) }
    if (kind === 'map') return { kind, state: new LsmMapState(this.#context, slot) }
    return { kind: 'value', state: new LsmValueState(this.#context, slot) }
  }

  /** Whether an entry of the store has expired. Those of lists are not looked at: several values lie in one. */
  isExpired(cursor: Cursor): boolean {
    const { keyBytes, keyStart, valueBytes, valueStart } = cursor
    const number = keyBytes[keyStart + 2]!
    if (number >= 0x80) return false
    const slot = this.#slots[number]
    if (slot?.ttl === undefined || slot.description.kind === 'list') return false
    return valueBytes.readDoubleLE(valueStart) <= slot.ttl.policy.expiredAtMs
  }

  #convert(
    slot: LsmStateSlot,
    description: StateDescription<KeyedStateKind>,
    defaults?: StateDefaults,
  ): void {
    const conversion = this.conversion(slot.description, description, defaults)
    const before = slot.codec
    const stored = slot.description
    slot.description = description
    slot.codec = this.codecOf(description)
    if (conversion === undefined) return
    this.#rewrite(slot, { kind: stored.kind, codec: before, conversion })
  }

  /** Writes all entries of a state anew. */
  #rewrite(slot: LsmStateSlot, from: EntryFormat & { readonly conversion: StateMigration }): void {
    const context = this.#context
    const raw = this.raw(slot)
    const view = context.store.view()
    const format = (state: number) => (state === slot.number ? from : undefined)
    const last = context.key
    try {
      const entries = storedEntries(view.cursor(), context, format, this.hasParts)
      for (const { key, values, mapKey, isFirst } of entries) {
        context.setKey(key)
        if (isFirst) raw.state.clear()
        addConverted(raw, values, mapKey, from.conversion)
      }
    } finally {
      view.release()
      context.setKey(last)
    }
  }
}

export function hasParts(description: StateDescription | undefined): boolean {
  return description?.kind === 'list' || description?.kind === 'map'
}

/** Adds to the state of the current key. */
export function addConverted(
  raw: RawState,
  values: readonly unknown[],
  mapKey: unknown,
  conversion: StateMigration | undefined,
): void {
  const convert = conversion?.convertValue
  for (const value of values) {
    const converted = convert === undefined ? value : convert(value)
    if (raw.kind === 'value') raw.state.update(converted)
    else if (raw.kind === 'list') raw.state.add(converted)
    else raw.state.put(conversion?.convertMapKey?.(mapKey) ?? mapKey, converted)
  }
}
