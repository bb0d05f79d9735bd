import assert from 'node:assert/strict'

/** Counters of the managed memory of one slot and of one task in it; what threads share. */
export interface ManagedMemoryCounters {
  /** [total, used] of the slot, in bytes. */
  readonly slot: BigInt64Array
  /** [used] of the task. */
  readonly task: BigInt64Array
}

const TOTAL = 0
const USED = 1

/**
 * The managed memory of the slots of a TaskManager, by allocation. Tasks reserve in their own threads, without asking
 * anybody; what a task had is given back when it has ended, also if its thread was ended by force.
 */
export class SlotManagedMemory {
  readonly #slots = new Map<string, { counters: BigInt64Array; tasks: number }>()

  /** Bytes that are reserved in all slots. */
  get usedBytes(): number {
    let used = 0
    for (const { counters } of this.#slots.values()) used += Number(Atomics.load(counters, USED))
    return used
  }

  /** @returns the counters for a new task, and what gives back all that the task still has; to be called once */
  register(
    allocationId: string,
    totalBytes: number,
  ): { counters: ManagedMemoryCounters; release: () => void } {
    let slot = this.#slots.get(allocationId)
    if (slot === undefined) {
      const counters = new BigInt64Array(new SharedArrayBuffer(16))
      counters[TOTAL] = BigInt(totalBytes)
      slot = { counters, tasks: 0 }
      this.#slots.set(allocationId, slot)
    }
    slot.tasks++
    const registered = slot
    const task = new BigInt64Array(new SharedArrayBuffer(8))
    let isReleased = false
    const release = () => {
      assert(!isReleased, 'the memory of a task is given back once')
      isReleased = true
      Atomics.sub(registered.counters, USED, Atomics.exchange(task, 0, 0n))
      registered.tasks--
      if (registered.tasks === 0) this.#slots.delete(allocationId)
    }
    return { counters: { slot: registered.counters, task }, release }
  }
}

/** Takes `bytes` from the slot for the task, all or nothing. Safe in any thread. */
export function reserveInSlot({ slot, task }: ManagedMemoryCounters, bytes: number): boolean {
  const wanted = BigInt(bytes)
  for (;;) {
    const used = Atomics.load(slot, USED)
    if (used + wanted > Atomics.load(slot, TOTAL)) return false
    if (Atomics.compareExchange(slot, USED, used, used + wanted) !== used) continue
    Atomics.add(task, 0, wanted)
    return true
  }
}

/** Gives `bytes` back that the task has. */
export function releaseInSlot({ slot, task }: ManagedMemoryCounters, bytes: number): void {
  const given = BigInt(bytes)
  assert(Atomics.load(task, 0) >= given, 'a task gives back what it has reserved')
  Atomics.sub(task, 0, given)
  Atomics.sub(slot, USED, given)
}

/** Bytes of the slot that nobody has, and all that it has. */
export function slotMemory({ slot }: ManagedMemoryCounters): { free: number; total: number } {
  const total = Atomics.load(slot, TOTAL)
  return { free: Number(total - Atomics.load(slot, USED)), total: Number(total) }
}
