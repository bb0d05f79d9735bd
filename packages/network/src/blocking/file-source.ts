import {
  CONSUMED,
  QueueErrorKind,
  type QueueErrorKindValue,
  SlotFlags,
} from '../buffer/buffer-queue.js'
import { FRAME_ROOM_BYTES } from '../buffer/network-buffer-pool.js'
import type { SegmentView } from '../buffer/segment-view.js'
import type { ChannelSource, ChannelSourceState } from '../gate/channel-source.js'
import type { Block } from './block-index.js'
import { SubpartitionFileReader } from './partition-files.js'

/** Why a file cannot be read, and what was read of it. */
class FileSourceState implements ChannelSourceState {
  readonly counters: Float64Array
  #kind: QueueErrorKindValue = QueueErrorKind.none
  #text = ''

  constructor(counters: Float64Array) {
    this.counters = counters
  }

  fail(text: string): void {
    this.#kind = QueueErrorKind.partitionNotFound
    this.#text = text
  }

  errorKind(): QueueErrorKindValue {
    return this.#kind
  }

  errorText(): string {
    return this.#text
  }
}

/**
 * A subpartition of a finished blocking partition, from its beginning; each reader has its own. Files
 * that are gone or damaged break the channel as an unknown partition does: its producer has to run again.
 */
export class FileSource implements ChannelSource {
  readonly memory: FileSourceState
  readonly isRingDue = false
  readonly start = 0
  flags = 0
  end = 0
  readonly #reader: SubpartitionFileReader
  readonly #reusesMemory: boolean
  #next = 0
  #loaded: Buffer | undefined
  #isEnded = false

  /** @param reusesMemory whether a block is done with when the next is asked for; not so if it is on its way */
  constructor(
    file: { folder: string; subpartition: number },
    options: { reusesMemory: boolean; counters?: Float64Array },
  ) {
    this.#reader = new SubpartitionFileReader(file.folder, file.subpartition)
    this.#reusesMemory = options.reusesMemory
    this.memory = new FileSourceState(options.counters ?? new Float64Array(CONSUMED + 3))
  }

  hasData(): boolean {
    return !this.#isEnded
  }

  /** Nothing overtakes what lies in a file. */
  hasPriority(): boolean {
    return false
  }

  takePriority(): undefined {}

  backlog(): number {
    return this.#isEnded ? 0 : this.#reader.blocks().length - this.#next
  }

  /** What lies in a file is not on its way. */
  buffersInUse(): number {
    return 0
  }

  /** It is written already. */
  announceBufferSize(): void {}

  peek(): boolean {
    if (this.#isEnded) return false
    if (this.#hasBlock) return true
    try {
      const block = this.#reader.blocks()[this.#next]
      if (block === undefined) throw new Error('the files end before the end of the data')
      this.#load(block)
      return true
    } catch (error) {
      this.memory.fail(`its files cannot be read: ${(error as Error).message}`)
      this.detach()
      return false
    }
  }

  #hasBlock = false

  #load(block: Block): void {
    const size = FRAME_ROOM_BYTES + block.storedBytes
    if (this.#loaded === undefined || !this.#reusesMemory || this.#loaded.length < size) {
      this.#loaded = Buffer.allocUnsafeSlow(size)
    }
    this.#reader.read(block, this.#loaded.subarray(FRAME_ROOM_BYTES))
    this.flags = block.flags
    this.end = block.storedBytes
    this.#hasBlock = true
  }

  openView(view: SegmentView): void {
    const bytes = this.bytes()
    view.set(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length)
  }

  bytes(): Buffer {
    return this.#loaded!.subarray(FRAME_ROOM_BYTES, FRAME_ROOM_BYTES + this.end)
  }

  frame(room: number): Buffer {
    return this.#loaded!.subarray(FRAME_ROOM_BYTES - room, FRAME_ROOM_BYTES + this.end)
  }

  consume(): boolean {
    this.#hasBlock = false
    this.#next++
    this.memory.counters[CONSUMED + 1]! += this.end
    this.memory.counters[CONSUMED + 2]! += 1
    if ((this.flags & SlotFlags.endOfPartition) !== 0) this.detach()
    return true
  }

  release(): void {}

  ringProducer(): void {}

  detach(): void {
    this.#isEnded = true
    this.#reader.close()
  }
}
