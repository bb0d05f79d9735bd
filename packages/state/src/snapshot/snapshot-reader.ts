import type { KeyGroupRange, SerializerRegistry } from '@flink-ts/core'
import { ByteReader } from './byte-reader.js'
import { type Frame, FrameReader } from './frame-reader.js'
import type { SnapshotTimer } from './open-block.js'
import {
  parseSnapshotDescription,
  type SnapshotDescription,
  type StateDescription,
} from './snapshot-description.js'
import { FrameType, HEADER_BYTES, SnapshotKind } from './snapshot-format.js'
import type { SnapshotSource } from './snapshot-source.js'
import { StateCodec } from './state-codec.js'

/** What one key has, or a part of it: lists, maps and timers of a key may come in several entries. */
export type SnapshotEntry =
  | { readonly key: unknown; readonly value: unknown }
  | { readonly key: unknown; readonly elements: readonly unknown[] }
  | { readonly key: unknown; readonly mapEntries: readonly (readonly [unknown, unknown])[] }
  | { readonly key: unknown; readonly timers: readonly SnapshotTimer[] }

/** Entries of one state; in keyed snapshots of one key group. */
export interface SnapshotBlock {
  readonly state: StateDescription
  /** Its place in the description. */
  readonly stateNumber: number
  readonly keyGroup: number | undefined
  /** `key` is undefined in operator state. */
  readonly entries: readonly SnapshotEntry[]
}

/** Reads the state of one operator subtask; one block is in memory at a time. */
export class SnapshotReader {
  readonly description: SnapshotDescription
  readonly #frames: FrameReader
  readonly #codecs: readonly StateCodec[]
  readonly #index: readonly { part: number; position: number }[]

  private constructor(
    frames: FrameReader,
    description: SnapshotDescription,
    index: readonly { part: number; position: number }[],
    serializers: SerializerRegistry | undefined,
  ) {
    this.#frames = frames
    this.description = description
    this.#index = index
    const { operatorName, states } = description
    this.#codecs = states.map(
      (state) => new StateCodec(state, { operatorName, ...(serializers && { serializers }) }),
    )
  }

  /**
   * Reads description and index.
   *
   * @throws SnapshotCorruptError (FLINK_SNAPSHOT_CORRUPT), SnapshotVersionError (FLINK_SNAPSHOT_VERSION)
   */
  static async open(
    source: SnapshotSource,
    kind: 'keyed' | 'operator',
    options: { readonly serializers?: SerializerRegistry } = {},
  ): Promise<SnapshotReader> {
    const frames = await FrameReader.open(source, SnapshotKind[kind])
    const first = await frames.at(HEADER_BYTES)
    const description = parseDescription(first, source.path)
    const index = readIndex(await frames.at(frames.indexPosition), source.path)
    return new SnapshotReader(frames, description, index, options.serializers)
  }

  /**
   * All blocks, in the order of the file. When it has ended, every bit of the file has been checked.
   *
   * @throws SnapshotCorruptError
   */
  async *blocks(): AsyncGenerator<SnapshotBlock, void> {
    for await (const frame of this.#frames.all()) {
      if (frame.type === FrameType.Block) yield this.#decode(frame)
    }
  }

  /** Only the blocks of these key groups, in ascending order; nothing else is read. @throws SnapshotCorruptError */
  async *blocksOfKeyGroups(range: KeyGroupRange): AsyncGenerator<SnapshotBlock, void> {
    for (const { part, position } of this.#index) {
      if (part < range.start || part > range.end) continue
      const frame = await this.#frames.at(position)
      const reader = this.#reader(frame)
      if (frame.type !== FrameType.Block) throw reader.corrupt('the index names it as a block')
      const block = this.#decode(frame)
      if (block.keyGroup !== part) throw reader.corrupt(`it is not of key group ${part}`)
      yield block
    }
  }

  #reader(frame: Frame): ByteReader {
    return new ByteReader(frame.body, this.#frames.source.path, frame.position)
  }

  #decode(frame: Frame): SnapshotBlock {
    const reader = this.#reader(frame)
    const { keyed } = this.description
    const stateNumber = reader.varint()
    const codec = this.#codecs[stateNumber]
    if (codec === undefined) throw reader.corrupt(`there is no state ${stateNumber}`)
    const keyGroup = keyed === undefined ? undefined : reader.varint()
    const decoders = codec.createDecoders()
    const readEntry = entryReader(reader, codec.state, decoders)
    const entries: SnapshotEntry[] = []
    for (let left = reader.count(); left > 0; left--) {
      entries.push(readEntry(keyed === undefined ? undefined : reader.key()))
    }
    reader.expectEnd()
    return { state: codec.state, stateNumber, keyGroup, entries }
  }
}

/** @returns what reads the entry behind its key */
function entryReader(
  reader: ByteReader,
  { kind }: StateDescription,
  { values, mapKeys }: ReturnType<StateCodec['createDecoders']>,
): (key: unknown) => SnapshotEntry {
  const many = <E>(read: () => E): E[] => {
    const elements: E[] = []
    for (let left = reader.count(); left > 0; left--) elements.push(read())
    return elements
  }
  const value = () => reader.value(values)
  switch (kind) {
    case 'value':
    case 'reducing':
    case 'aggregating':
      return (key) => ({ key, value: reader.value(values) })
    case 'list':
    case 'splitList':
    case 'unionList':
      return (key) => ({ key, elements: many(value) })
    case 'map':
    case 'broadcast': {
      if (mapKeys === undefined) throw reader.corrupt('its description lacks the type of map keys')
      const entry = (): [unknown, unknown] => [reader.value(mapKeys), reader.value(values)]
      return (key) => ({ key, mapEntries: many(entry) })
    }
    case 'timer': {
      const timer = () => ({ timestamp: reader.f64(), namespace: reader.value(values) })
      return (key) => ({ key, timers: many(timer) })
    }
  }
}

function parseDescription(frame: Frame, path: string): SnapshotDescription {
  const reader = new ByteReader(frame.body, path, frame.position)
  if (frame.type !== FrameType.Description) throw reader.corrupt('its description is missing')
  try {
    return parseSnapshotDescription(frame.body.toString())
  } catch (cause) {
    throw reader.corrupt(`its description cannot be read: ${(cause as Error).message}`, cause)
  }
}

function readIndex(frame: Frame, path: string): { part: number; position: number }[] {
  const reader = new ByteReader(frame.body, path, frame.position)
  if (frame.type !== FrameType.Index) throw reader.corrupt('its index is missing')
  const index: { part: number; position: number }[] = []
  for (let left = reader.count(); left > 0; left--) {
    const part = reader.varint()
    const position = reader.varint()
    // The length is for readers that fetch ranges of bytes.
    reader.varint()
    index.push({ part, position })
  }
  reader.expectEnd()
  return index
}
