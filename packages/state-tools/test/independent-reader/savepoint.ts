import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { Bytes } from './bytes.js'
import { keyGroupOf, readKey } from './keys.js'
import { type Type, ValueReader } from './values.js'

/** What one key has in one state, or one element or entry of operator state. */
export interface Found {
  readonly operatorUid: string
  readonly subtask: number
  readonly state: string
  readonly kind: string
  /** Undefined in operator state. */
  readonly key: unknown
  /** An entry of the file: its value, elements, pairs or timers. */
  readonly entry: unknown
}

interface Frame {
  readonly type: number
  readonly body: Buffer
}

interface Description {
  readonly states: { name: string; kind: string; type: Type; mapKeyType?: Type; ttl?: boolean }[]
  readonly keyed?: { maxParallelism: number; firstKeyGroup: number; lastKeyGroup: number }
}

interface HandleJson {
  readonly inlined?: number
  readonly relativePath?: string
  readonly path?: string
  readonly sizeBytes: number
  readonly checksum: number
}

/** Reads a savepoint on this machine by "docs/state-format.md"; nothing of flink-ts is used. */
export function readSavepoint(folder: string): Found[] {
  const frames = readFrames(readFileSync(join(folder, '_metadata')), 3)
  const inlined = frames.filter(({ type }) => type === 5).map(({ body }) => body)
  const found: Found[] = []
  for (const { body } of frames.filter(({ type }) => type === 4)) {
    const operator = JSON.parse(body.toString())
    for (const { subtask, keyed, operator: own } of operator.subtasks) {
      const from = { operatorUid: operator.operatorUid as string, subtask: subtask as number }
      for (const [part, kind] of [
        [keyed, 1],
        [own, 2],
      ] as const) {
        if (part === undefined) continue
        const file = readHandle(part.snapshot, folder, inlined)
        for (const entry of readState(file, kind)) found.push({ ...from, ...entry })
      }
    }
  }
  return found
}

function readHandle(handle: HandleJson, folder: string, inlined: readonly Buffer[]): Buffer {
  const { inlined: number, relativePath, path, sizeBytes, checksum } = handle
  const bytes =
    number !== undefined
      ? inlined[number]!
      : readFileSync(relativePath === undefined ? path! : join(folder, relativePath))
  if (bytes.length !== sizeBytes || crc32(bytes) !== checksum) throw new Error('another file')
  return bytes
}

/** The frames of a file without the last, all checked. */
export function readFrames(file: Buffer, kind: number): Frame[] {
  const bytes = new Bytes(file)
  if (bytes.take(8).toString('latin1') !== 'FLTSSNAP') throw new Error('no header')
  if (bytes.u16() !== 1) throw new Error('another version')
  if (bytes.u16() !== kind) throw new Error('another kind')
  if (bytes.u32() !== crc32(file.subarray(0, 12))) throw new Error('a header is damaged')
  const frames: Frame[] = []
  for (;;) {
    const start = bytes.at
    const type = bytes.u8()
    if (bytes.u8() !== 0) throw new Error('a head has another second byte')
    if (bytes.u32() !== frames.length) throw new Error('a frame is out of order')
    const length = bytes.u32()
    if (bytes.u32() !== crc32(file.subarray(start, start + 10)))
      throw new Error('a head is damaged')
    const body = bytes.take(length)
    if (bytes.u32() !== crc32(body)) throw new Error('a body is damaged')
    if (type === 255) {
      const end = new Bytes(body)
      end.u64()
      if (end.u32() !== frames.length + 1) throw new Error('frames are missing')
      if (end.u32() !== crc32(file.subarray(0, start))) throw new Error('the file is damaged')
      if (!bytes.isAtEnd) throw new Error('something follows the end')
      return frames
    }
    frames.push({ type, body })
  }
}

function* readState(file: Buffer, kind: 1 | 2): Generator<Omit<Found, 'operatorUid' | 'subtask'>> {
  const frames = readFrames(file, kind)
  const { states, keyed }: Description = JSON.parse(frames[0]!.body.toString())
  for (const { body } of frames.filter(({ type }) => type === 2)) {
    const bytes = new Bytes(body)
    const state = states[bytes.varint()]!
    const keyGroup = keyed === undefined ? undefined : bytes.varint()
    const values = new ValueReader(bytes, state.type)
    const mapKeys = new ValueReader(bytes, state.mapKeyType ?? 'dynamic')
    const value = () => {
      if (state.ttl !== true) return values.read()
      const lastAccess = bytes.f64()
      return { lastAccess, value: values.read() }
    }
    for (let left = bytes.varint(); left > 0; left--) {
      const canonical = keyed === undefined ? undefined : bytes.take(bytes.varint())
      if (canonical !== undefined && keyGroupOf(canonical, keyed!.maxParallelism) !== keyGroup) {
        throw new Error('a key is in the wrong key group')
      }
      yield {
        state: state.name,
        kind: state.kind,
        key: canonical && readKey(new Bytes(canonical)),
        entry: readEntry(state.kind, { bytes, value, mapKey: () => mapKeys.read() }),
      }
    }
    if (!bytes.isAtEnd) throw new Error('a block has more than its entries')
  }
}

function readEntry(
  kind: string,
  { bytes, value, mapKey }: { bytes: Bytes; value: () => unknown; mapKey: () => unknown },
): unknown {
  switch (kind) {
    case 'value':
    case 'reducing':
    case 'aggregating':
      return value()
    case 'list':
    case 'splitList':
    case 'unionList':
      return bytes.times(value)
    case 'map':
    case 'broadcast':
      return bytes.times(() => {
        const key = mapKey()
        return [key, value()]
      })
    case 'timer':
      return bytes.times(() => ({ timestamp: bytes.f64(), namespace: value() }))
    default:
      throw new Error(`there is no kind ${kind}`)
  }
}
