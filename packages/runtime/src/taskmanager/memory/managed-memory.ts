import assert from 'node:assert/strict'
import { ManagedMemoryExceededError } from './managed-memory-exceeded-error.js'
import {
  type ManagedMemoryCounters,
  releaseInSlot,
  reserveInSlot,
  slotMemory,
} from './slot-managed-memory.js'

/** What one operator of a task may use of its slot's managed memory. Of the task's own thread. */
export interface ManagedMemory {
  /** The most that the operator may have, in bytes; 0 without a weight in the JobGraph. */
  readonly shareBytes: number
  readonly usedBytes: number
  /** @returns whether the operator has `bytes` more now */
  tryReserve(bytes: number): boolean
  /** @throws ManagedMemoryExceededError */
  reserve(bytes: number): void
  /** Gives back what was reserved; what is left goes back with the task. */
  release(bytes: number): void
}

/** Reserves in the counters of a slot. */
export class OperatorManagedMemory implements ManagedMemory {
  readonly shareBytes: number
  readonly #operatorName: string
  readonly #counters: ManagedMemoryCounters
  #usedBytes = 0

  constructor(options: {
    operatorName: string
    shareBytes: number
    counters: ManagedMemoryCounters
  }) {
    this.shareBytes = options.shareBytes
    this.#operatorName = options.operatorName
    this.#counters = options.counters
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  tryReserve(bytes: number): boolean {
    assert(Number.isSafeInteger(bytes) && bytes >= 0, 'memory is reserved in whole bytes')
    if (this.#usedBytes + bytes > this.shareBytes) return false
    if (!reserveInSlot(this.#counters, bytes)) return false
    this.#usedBytes += bytes
    return true
  }

  reserve(bytes: number): void {
    if (this.tryReserve(bytes)) return
    const { free, total } = slotMemory(this.#counters)
    throw new ManagedMemoryExceededError({
      operatorName: this.#operatorName,
      askedBytes: bytes,
      availableBytes: Math.min(free, this.shareBytes - this.#usedBytes),
      slotTotalBytes: total,
    })
  }

  release(bytes: number): void {
    assert(bytes <= this.#usedBytes, 'an operator gives back what it has reserved')
    this.#usedBytes -= bytes
    releaseInSlot(this.#counters, bytes)
  }
}
