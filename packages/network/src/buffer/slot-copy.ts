import type { QueueMemory } from './buffer-queue.js'
import { inlineBytesAt, SLOT_FLAGS, SLOT_SEGMENT, SLOT_STATE, slotAt } from './buffer-queue.js'
import type { NetworkBufferPool } from './network-buffer-pool.js'

/** A slot of a channel as it was written. Both ends of a channel give a slot the same number where slots travel whole. */
export interface CopiedSlot {
  readonly number: number
  /** `SlotFlags` */
  readonly flags: number
  /** Empty for events. */
  readonly bytes: Buffer
}

/** Slots of a queue by their number, for the one who reads it. */
export interface SlotSequence {
  /** Of the slot that is read next, or is being read. */
  readonly cursorNumber: number
  /** Of the first that is not there. */
  readonly tailNumber: number
  /** Whether all of a slot before the tail is there: the last may be written still. */
  isWhole(number: number): boolean
  /** @param number at or behind the cursor, before the tail */
  copySlot(number: number): CopiedSlot
}

/** What a slot holds now. Whoever does not own the slot must find out afterwards whether it was there still. */
export function copySlot(memory: QueueMemory, pool: NetworkBufferPool, number: number): CopiedSlot {
  const slot = slotAt(number)
  const flags = memory.ints[slot + SLOT_FLAGS]!
  const segment = memory.ints[slot + SLOT_SEGMENT]!
  const length = Atomics.load(memory.ints, slot + SLOT_STATE) >> 1
  const at = inlineBytesAt(slot)
  const source =
    segment >= 0 ? pool.buffer(segment).subarray(0, length) : memory.bytes.subarray(at, at + length)
  return { number, flags, bytes: Buffer.from(source) }
}
