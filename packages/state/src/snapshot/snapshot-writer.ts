import assert from 'node:assert/strict'
import { FLINK_TS_VERSION, FlinkError, type SerializerRegistry } from '@flink-ts/core'
import { BlockSet, type Part } from './block-set.js'
import { ByteWriter } from './byte-writer.js'
import { type FileDigest, FrameWriter } from './frame-writer.js'
import type { OpenBlock, SnapshotTimer } from './open-block.js'
import type { SnapshotDescription, StateDescription } from './snapshot-description.js'
import { StateValueError } from './snapshot-errors.js'
import { FrameType, SnapshotKind } from './snapshot-format.js'
import { StateCodec } from './state-codec.js'

export interface SnapshotWriterOptions {
  readonly description: Omit<SnapshotDescription, 'writer'>
  /** Of the program's own classes, for `dynamic` states. */
  readonly serializers?: SerializerRegistry
}

/** What was written. */
export interface SnapshotSummary extends FileDigest {
  /** Per state: elements of lists and maps, timers, else values. */
  readonly elements: readonly number[]
  /** Keyed snapshots: the groups that have entries, ascending. */
  readonly keyGroups: readonly number[]
}

/**
 * Writes the state of one operator subtask in the format of docs/state-format.md. Synchronous and without I/O: the owner
 * writes `takePending()` to a file as it sees fit.
 *
 * Entries may come in any order of keys, key groups and states, each key once per state. By ascending key groups they take less space and
 * time.
 */
export class SnapshotWriter {
  readonly #description: SnapshotDescription
  readonly #frames: FrameWriter
  readonly #codecs: readonly StateCodec[]
  readonly #blocks: BlockSet
  /** Whether the entries that are added come out of the order of the others. */
  areStray = false
  readonly #index: { part: number; position: number; length: number }[] = []
  readonly #elements: number[]
  readonly #keyGroups = new Set<number>()

  constructor({ description, serializers }: SnapshotWriterOptions) {
    this.#description = { writer: `flink-ts ${FLINK_TS_VERSION}`, ...description }
    const { operatorName, states, keyed } = this.#description
    this.#codecs = states.map(
      (state) => new StateCodec(state, { operatorName, ...(serializers && { serializers }) }),
    )
    this.#elements = states.map(() => 0)
    this.#blocks = new BlockSet(
      (state) => this.#codecs[state]!.createEncoders(),
      (part) => this.#end(part),
    )
    this.#frames = new FrameWriter(keyed === undefined ? SnapshotKind.operator : SnapshotKind.keyed)
    this.#frames.frame(FrameType.Description, Buffer.from(JSON.stringify(this.#description)))
  }

  /** Bytes that wait in `takePending`; what is in open blocks or no whole piece does not count. */
  get pendingBytes(): number {
    return this.#frames.pendingBytes
  }

  /** The bytes of the file since the last call, in order: whole pieces, and after {@link finish} all. */
  takePending(): Buffer[] {
    return this.#frames.takePending()
  }

  /** One value of `value`, `reducing` or `aggregating` state. @throws StateValueError (FLINK_STATE_VALUE) */
  addValue(state: number, keyGroup: number, key: unknown, value: unknown): void {
    this.#add(state, keyGroup, (block) => {
      block.addValue(key, value)
      return 1
    })
  }

  /**
   * Many values of `value`, `reducing` or `aggregating` state of one key group, for whoever has time for nothing else: `write` puts them
   * into the block and answers how many they were.
   *
   * @throws StateValueError; what was written is lost then
   */
  addValues(state: number, keyGroup: number, write: (block: OpenBlock) => number): void {
    this.#add(state, keyGroup, write)
  }

  /** The elements of a key of `list` state. @throws StateValueError */
  addList(state: number, keyGroup: number, key: unknown, elements: Iterable<unknown>): void {
    const iterator = elements[Symbol.iterator]()
    while (this.#add(state, keyGroup, (block) => block.addElements(key, iterator)) > 0);
  }

  /** The entries of a key of `map` state. @throws StateValueError */
  addMap(
    state: number,
    keyGroup: number,
    key: unknown,
    entries: Iterable<readonly [unknown, unknown]>,
  ): void {
    const iterator = entries[Symbol.iterator]()
    while (this.#add(state, keyGroup, (block) => block.addMapEntries(key, iterator)) > 0);
  }

  /** The timers of a key of one timer service. @throws StateValueError */
  addTimers(state: number, keyGroup: number, key: unknown, timers: Iterable<SnapshotTimer>): void {
    const iterator = timers[Symbol.iterator]()
    while (this.#add(state, keyGroup, (block) => block.addTimers(key, iterator)) > 0);
  }

  /** Elements of `splitList` or `unionList` state, after those before. @throws StateValueError */
  addElements(state: number, elements: Iterable<unknown>): void {
    const iterator = elements[Symbol.iterator]()
    while (this.#add(state, undefined, (block) => block.addElements(undefined, iterator)) > 0);
  }

  /** Entries of `broadcast` state. @throws StateValueError */
  addBroadcast(state: number, entries: Iterable<readonly [unknown, unknown]>): void {
    const iterator = entries[Symbol.iterator]()
    while (this.#add(state, undefined, (block) => block.addMapEntries(undefined, iterator)) > 0);
  }

  /** No further entries come in their order for the key groups so far: what they were written with is used for the next ones. */
  endKeyGroups(): void {
    this.#blocks.endOwn()
  }

  /** Further entries come by ascending key groups from the first one on again. */
  restartOrder(): void {
    this.#blocks.restartOrder()
  }

  /** Ends the file; its last bytes are in `takePending`. Once. */
  finish(): SnapshotSummary {
    this.#blocks.endAll()
    const index = this.#index.sort((a, b) => a.part - b.part || a.position - b.position)
    const body = new ByteWriter(64 + 16 * index.length)
    body.varint(index.length)
    for (const { part, position, length } of index) {
      body.varint(part)
      body.varint(position)
      body.varint(length)
    }
    this.#frames.frame(FrameType.Index, body.written())
    const keyGroups = [...this.#keyGroups].sort((a, b) => a - b)
    return { ...this.#frames.end(), elements: this.#elements, keyGroups }
  }

  #add(state: number, keyGroup: number | undefined, write: (block: OpenBlock) => number): number {
    const id = this.#idOf(state, keyGroup)
    const part = this.#blocks.partFor(id, { state, keyGroup }, this.areStray)
    let added: number
    try {
      added = write(part.block)
    } catch (error) {
      throw this.#valueError(this.#codecs[state]!.state, error)
    }
    if (added === 0) return 0
    this.#elements[state]! += added
    if (keyGroup !== undefined) this.#keyGroups.add(keyGroup)
    this.#blocks.added(part)
    return added
  }

  #idOf(state: number, keyGroup: number | undefined): number {
    const { states, keyed } = this.#description
    assert(state >= 0 && state < states.length, `there are states 0 to ${states.length - 1}`)
    if (keyed === undefined || keyGroup === undefined) {
      assert(
        keyed === undefined && keyGroup === undefined,
        'keyed state has key groups, other none',
      )
      return state
    }
    const { firstKeyGroup, lastKeyGroup } = keyed
    const isOwn = keyGroup >= firstKeyGroup && keyGroup <= lastKeyGroup
    assert(isOwn, `key group ${keyGroup} lies in ${firstKeyGroup} to ${lastKeyGroup}`)
    return keyGroup * states.length + state
  }

  #end({ state, keyGroup, block }: Part): void {
    const frame = this.#frames.frame(FrameType.Block, ...block.take(state, keyGroup))
    this.#index.push({ part: keyGroup ?? state, ...frame })
  }

  #valueError({ name }: StateDescription, cause: unknown): unknown {
    if (!FlinkError.is(cause)) return cause
    const { operatorName } = this.#description
    return new StateValueError({ operatorName, stateName: name, cause })
  }
}
