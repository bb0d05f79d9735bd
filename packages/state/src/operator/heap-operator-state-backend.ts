import type {
  BroadcastState,
  MapStateDescriptor,
  OperatorListState,
  OperatorListStateDescriptor,
  SerializerRegistry,
} from '@flink-ts/core'
import { convertState } from '../schema/convert-state.js'
import { describeState } from '../schema/describe-state.js'
import type { OperatorStateKind, StateDescription } from '../snapshot/snapshot-description.js'
import { SnapshotReader } from '../snapshot/snapshot-reader.js'
import { SnapshotWriter } from '../snapshot/snapshot-writer.js'
import { StateNameTakenError } from '../state-name-taken-error.js'
import { HeapBroadcastState } from './heap-broadcast-state.js'
import { HeapOperatorListState } from './heap-operator-list-state.js'
import type {
  OperatorRestore,
  OperatorSnapshot,
  OperatorStateBackend,
} from './operator-state-backend.js'
import { readRanges } from './read-ranges.js'

export interface HeapOperatorStateBackendOptions {
  /** Whose state it is; stands in snapshots and messages. */
  readonly operator: {
    readonly operatorId: string
    readonly operatorName: string
    readonly subtaskIndex: number
  }
  /** Of the program's own classes, for states without a declared type. */
  readonly serializers?: SerializerRegistry
}

type Held = HeapOperatorListState<unknown> | HeapBroadcastState<unknown, unknown>

interface Slot {
  description: StateDescription<OperatorStateKind>
  readonly state: Held
  /** Whether the program asked for it; else it was restored. */
  isDeclared: boolean
}

/** Operator state as JavaScript objects on the heap of the task's thread. */
export class HeapOperatorStateBackend implements OperatorStateBackend {
  readonly #options: HeapOperatorStateBackendOptions
  readonly #slots = new Map<string, Slot>()

  constructor(options: HeapOperatorStateBackendOptions) {
    this.#options = options
  }

  getListState<T>(descriptor: OperatorListStateDescriptor<T>): OperatorListState<T> {
    // The caller's types for this name, here and below; nothing at run time tells them apart.
    return this.#state('splitList', descriptor) as HeapOperatorListState<T>
  }

  getUnionListState<T>(descriptor: OperatorListStateDescriptor<T>): OperatorListState<T> {
    return this.#state('unionList', descriptor) as HeapOperatorListState<T>
  }

  getBroadcastState<K, V>({
    ttl: _,
    ...descriptor
  }: MapStateDescriptor<K, V>): BroadcastState<K, V> {
    return this.#state('broadcast', descriptor) as unknown as HeapBroadcastState<K, V>
  }

  snapshot(checkpointId: bigint): OperatorSnapshot {
    const { operator, serializers } = this.#options
    const slots = [...this.#slots.values()]
    const writer = new SnapshotWriter({
      description: { ...operator, states: slots.map(({ description }) => description) },
      ...(serializers !== undefined && { serializers }),
    })
    for (const [number, { state }] of slots.entries()) {
      if (state instanceof HeapBroadcastState) writer.addBroadcast(number, state.entries())
      else writer.addElements(number, state.get())
    }
    const { elements } = writer.finish()
    if (elements.every((count) => count === 0)) return { checkpointId, states: [], bytes: [] }
    const states = slots.map(({ description: { name, kind } }, number) => ({
      name,
      kind,
      elements: elements[number]!,
    }))
    return { checkpointId, states, bytes: writer.takePending() }
  }

  async restore({ parts, open }: OperatorRestore): Promise<void> {
    const { serializers } = this.#options
    for (const { handle, ranges } of parts) {
      const source = await open(handle.snapshot)
      try {
        const reader = await SnapshotReader.open(source, 'operator', serializers && { serializers })
        const takers = reader.description.states.map((state) =>
          this.#restored(state as StateDescription<OperatorStateKind>),
        )
        for await (const { stateNumber, held } of readRanges(reader, ranges)) {
          takers[stateNumber]!(held)
        }
      } finally {
        await source.close()
      }
    }
  }

  #state(
    kind: OperatorStateKind,
    descriptor: Parameters<typeof describeState>[1] & {
      readonly defaults?: Readonly<Record<string, unknown>>
    },
  ): Held {
    const { name, defaults } = descriptor
    const declared = describeState(kind, descriptor)
    const slot = this.#slots.get(name) ?? this.#add(declared)
    if (slot.isDeclared && slot.description.kind !== kind) {
      throw new StateNameTakenError(name, { asked: kind, taken: slot.description.kind })
    }
    if (!slot.isDeclared) this.#convert(slot, declared, defaults)
    slot.isDeclared = true
    return slot.state
  }

  #add(description: StateDescription<OperatorStateKind>): Slot {
    const state =
      description.kind === 'broadcast' ? new HeapBroadcastState() : new HeapOperatorListState()
    const slot: Slot = { description, state, isDeclared: false }
    this.#slots.set(description.name, slot)
    return slot
  }

  /** @returns what takes elements of the file */
  #restored(stored: StateDescription<OperatorStateKind>): (held: readonly unknown[]) => void {
    const slot = this.#slots.get(stored.name) ?? this.#add(stored)
    const conversion = this.#conversionInto(slot, stored)
    const { convertValue, convertMapKey } = conversion ?? {}
    const { state } = slot
    const value = convertValue ?? ((same: unknown) => same)
    if (state instanceof HeapOperatorListState) return (held) => state.addAll(held.map(value))
    const key = convertMapKey ?? ((same: unknown) => same)
    return (held) => {
      for (const [k, v] of held as readonly [unknown, unknown][]) state.put(key(k), value(v))
    }
  }

  #conversionInto(slot: Slot, stored: StateDescription<OperatorStateKind>) {
    const { operatorName } = this.#options.operator
    try {
      return convertState(operatorName, stored, slot.description, { now: () => 0 })
    } catch (error) {
      // Subtasks that never asked for the state kept it as an older version of the program wrote it.
      if (slot.isDeclared) throw error
      this.#convert(slot, stored, undefined)
      return undefined
    }
  }

  #convert(
    slot: Slot,
    declared: StateDescription<OperatorStateKind>,
    defaults: Readonly<Record<string, unknown>> | undefined,
  ): void {
    const conversion = convertState(
      this.#options.operator.operatorName,
      slot.description,
      declared,
      { now: () => 0, ...(defaults !== undefined && { defaults }) },
    )
    slot.description = declared
    if (conversion === undefined) return
    const { convertValue, convertMapKey } = conversion
    const value = convertValue ?? ((same: unknown) => same)
    const { state } = slot
    if (state instanceof HeapOperatorListState) {
      state.update(Array.from(state.get(), value))
      return
    }
    const entries = [...state.entries()]
    state.clear()
    for (const [k, v] of entries) {
      state.put(convertMapKey === undefined ? k : convertMapKey(k), value(v))
    }
  }
}
