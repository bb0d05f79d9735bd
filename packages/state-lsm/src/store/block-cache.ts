import { BLOCK_BYTES } from './table-format.js'

/** Whose block lies in a frame. */
export interface FrameOwner {
  /** The frame of a block was given to another one. */
  evicted(block: number): void
}

/** What may be dropped to make room for blocks: the index and filter of a table. */
export interface Evictable {
  readonly memoryBytes: number
  isUsed: boolean
  evict(): void
}

/**
 * Blocks of tables in one piece of memory of a fixed size, and the indexes and filters of tables, which share it: what they take is taken from
 * the frames. Whatever was not used for a turn of the clock's hand goes first.
 */
export class BlockCache {
  readonly memory: Buffer
  readonly #owners: (FrameOwner | undefined)[]
  readonly #blocks: Int32Array
  readonly #isUsed: Uint8Array
  readonly #frames: number
  /** Frames that may be used; the rest of the memory is given to {@link Evictable}s and was never touched, or is not any more. */
  #usable: number
  #hand = 0
  readonly #others = new Set<Evictable>()
  #otherBytes = 0

  constructor(memoryBytes: number) {
    this.#frames = Math.max(8, Math.floor(memoryBytes / BLOCK_BYTES))
    this.#usable = this.#frames
    this.memory = Buffer.allocUnsafeSlow(this.#frames * BLOCK_BYTES)
    this.#owners = new Array<FrameOwner | undefined>(this.#frames).fill(undefined)
    this.#blocks = new Int32Array(this.#frames)
    this.#isUsed = new Uint8Array(this.#frames)
  }

  /** A frame for this block, taken from another one if need be. */
  allocate(owner: FrameOwner, block: number): number {
    for (;;) {
      if (this.#hand >= this.#usable) this.#hand = 0
      const frame = this.#hand++
      if (this.#isUsed[frame] === 1) {
        this.#isUsed[frame] = 0
        continue
      }
      this.#owners[frame]?.evicted(this.#blocks[frame]!)
      this.#owners[frame] = owner
      this.#blocks[frame] = block
      return frame
    }
  }

  /** The block in this frame was used. */
  touch(frame: number): void {
    this.#isUsed[frame] = 1
  }

  /** The owner needs its frame no more. */
  free(frame: number): void {
    this.#owners[frame] = undefined
    this.#isUsed[frame] = 0
  }

  /** Takes memory from the frames; others like it go when they would take more than half. */
  add(evictable: Evictable): void {
    this.#others.add(evictable)
    this.#otherBytes += evictable.memoryBytes
    const most = (this.#frames * BLOCK_BYTES) / 2
    while (this.#otherBytes > most && this.#others.size > 1) {
      const [oldest] = this.#others
      this.#others.delete(oldest!)
      if (oldest!.isUsed || oldest === evictable) {
        oldest!.isUsed = false
        this.#others.add(oldest!)
      } else {
        this.#otherBytes -= oldest!.memoryBytes
        oldest!.evict()
      }
    }
    this.#resize()
  }

  remove(evictable: Evictable): void {
    if (!this.#others.delete(evictable)) return
    this.#otherBytes -= evictable.memoryBytes
    this.#resize()
  }

  #resize(): void {
    const taken = Math.ceil(this.#otherBytes / BLOCK_BYTES)
    const usable = Math.max(8, this.#frames - taken)
    for (let frame = usable; frame < this.#usable; frame++) {
      this.#owners[frame]?.evicted(this.#blocks[frame]!)
      this.free(frame)
    }
    this.#usable = usable
  }
}
