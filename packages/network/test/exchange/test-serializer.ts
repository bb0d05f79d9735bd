import type { InputView, OutputView, ValueSerializer } from '@flink-ts/core'

/** What the checking tests send: who, which one, and bytes that both sides can compute. */
export interface TestRecord {
  readonly sender: number
  readonly sequence: number
  readonly payload: Uint8Array
}

const HEADER_BYTES = 12

/** Writes {@link TestRecord}s; keeps a count per table generation, to notice a reset on one side only. */
export const testSerializer: ValueSerializer = {
  createEncoder() {
    let count = 0
    return {
      tryEncode(value: unknown, target: OutputView): boolean {
        const { sender, sequence, payload } = value as TestRecord
        const start = target.position
        if (target.limit - start < HEADER_BYTES + 4 + payload.length) return false
        target.data.setUint32(start, sender, true)
        target.data.setUint32(start + 4, sequence, true)
        target.data.setUint32(start + 8, payload.length, true)
        target.data.setUint32(start + 12, count++, true)
        target.bytes.set(payload, start + 16)
        target.position = start + 16 + payload.length
        return true
      },
      reset() {
        count = 0
      },
    }
  },
  createDecoder() {
    let count = 0
    return {
      decode(source: InputView): TestRecord {
        const start = source.position
        const sender = source.data.getUint32(start, true)
        const sequence = source.data.getUint32(start + 4, true)
        const length = source.data.getUint32(start + 8, true)
        if (start + 16 + length > source.limit) throw new Error('record passes its window')
        const generation = source.data.getUint32(start + 12, true)
        if (generation !== count) throw new Error(`table entry ${generation}, not ${count}`)
        count++
        const payload = Uint8Array.from(source.bytes.subarray(start + 16, start + 16 + length))
        source.position = start + 16 + length
        return { sender, sequence, payload }
      },
      reset() {
        count = 0
      },
    }
  },
}

/** The record that `sender` writes as its `sequence`-th; its bytes depend on both. */
export function testRecord(sender: number, sequence: number, size: number): TestRecord {
  const payload = new Uint8Array(size)
  for (let i = 0; i < Math.min(size, 64); i++) payload[i] = sender * 31 + sequence * 7 + i
  if (size > 64) payload.fill(sequence & 0xff, 64, size)
  if (size > 0) payload[size - 1] = sequence & 0xff
  return { sender, sequence, payload }
}

/** @throws if the bytes are not those of {@link testRecord} */
export function checkRecord(record: TestRecord): void {
  const { sender, sequence, payload } = record
  const expected = testRecord(sender, sequence, payload.length).payload
  if (Buffer.compare(expected, payload) !== 0) {
    throw new Error(`record ${sender}/${sequence} of ${payload.length} bytes was changed`)
  }
}
