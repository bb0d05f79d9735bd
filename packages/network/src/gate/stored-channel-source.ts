import { CONSUMED, SlotFlags } from '../buffer/buffer-queue.js'
import type { SegmentView } from '../buffer/segment-view.js'
import type { CopiedSlot } from '../buffer/slot-copy.js'
import type { Doorbell } from '../wakeup/doorbell.js'
import type { ChannelSource, ChannelSourceState } from './channel-source.js'
import { InputGate } from './input-gate.js'

/** Slots of a channel that a checkpoint has stored. Never ends: nothing is left is all that it says. */
export class StoredChannelSource implements ChannelSource {
  readonly memory: ChannelSourceState = {
    counters: new Float64Array(CONSUMED + 3),
    errorKind: () => 0,
    errorText: () => '',
  }
  readonly isRingDue = false
  readonly start = 0
  flags = 0
  end = 0
  readonly #slots: readonly CopiedSlot[]
  #next = 0

  /** @param slots in the order of the channel; those without bytes are left out */
  constructor(slots: readonly CopiedSlot[]) {
    this.#slots = slots.filter(({ bytes }) => bytes.length > 0)
  }

  hasData(): boolean {
    return this.#next < this.#slots.length
  }

  hasPriority(): boolean {
    return false
  }

  takePriority(): undefined {
    return undefined
  }

  backlog(): number {
    return this.#slots.length - this.#next
  }

  buffersInUse(): number {
    return 0
  }

  announceBufferSize(): void {}

  peek(): boolean {
    const slot = this.#slots[this.#next]
    if (slot === undefined) return false
    // Its place in a segment that several queues had does not matter any more.
    this.flags = slot.flags & ~SlotFlags.shared
    this.end = slot.bytes.length
    return true
  }

  openView(view: SegmentView): void {
    const bytes = this.bytes()
    const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    view.set(bytes, data, 0, bytes.length)
  }

  bytes(): Buffer {
    return this.#slots[this.#next]!.bytes
  }

  frame(): undefined {
    return undefined
  }

  consume(): boolean {
    this.#next++
    return true
  }

  release(): void {}

  ringProducer(): void {}

  detach(): void {}
}

const SILENT: Doorbell = {
  arm() {},
  disarm() {},
  ringSelf() {},
  callSoon() {},
  waitBriefly: (ready) => ready(),
  waitBlocking() {},
}

/** A gate of stored channels, for a reader that asks and never waits. */
export function storedInputGate(channels: readonly (readonly CopiedSlot[])[]): InputGate {
  return InputGate.over({
    gateId: 'stored',
    doorbell: SILENT,
    channels: channels.map((slots, subpartition) => [
      { partitionId: '(stored)', subpartition, peer: 'a checkpoint' },
      new StoredChannelSource(slots),
    ]),
  })
}
