import assert from 'node:assert/strict'
import type { DoorbellBoard } from '../wakeup/doorbell-board.js'

/** Cloneable form of a {@link NetworkBufferPool}. */
export interface NetworkBufferPoolHandle {
  readonly memory: SharedArrayBuffer
  readonly control: SharedArrayBuffer
  readonly segmentBytes: number
  readonly numberOfSegments: number
}

export interface PoolUsage {
  readonly totalSegments: number
  readonly usedSegments: number
  readonly segmentBytes: number
  readonly totalBytes: number
  readonly usedBytes: number
  /** Inline only: buffers lent outside of the pool because a thread that must not block ran out. */
  readonly heapSegments: number
}

/**
 * Bytes before and after each segment that hold no elements: a frame's header is put before what is
 * sent, so that both are one piece of memory, and a socket reads the next frame's header behind what it
 * received, so that it needs one read per buffer. Part of no segment's size.
 */
export const FRAME_ROOM_BYTES = 32

/** No segment was free. */
export const NO_SEGMENT = -1

/**
 * The network memory of one TaskManager: a SharedArrayBuffer cut in segments, used from any thread.
 *
 * The ownership table is the truth: a segment is taken by a compare-and-swap of its owner from 0.
 * A bitmap in front of it tells where to look, lowest index first, so that few segments stay hot
 * and memory that was never needed is never touched. It may be wrong for a moment (a thread
 * can be terminated between any two instructions), which costs a look and loses nothing: there is
 * no list whose links such a thread could leave broken.
 *
 * Owner ids are those of queues (a segment always belongs to one channel), so whatever a
 * terminated thread held is found by {@link reclaimAll}.
 */
export class NetworkBufferPool {
  readonly segmentBytes: number
  readonly numberOfSegments: number
  readonly #handle: NetworkBufferPoolHandle
  readonly #doorbells: DoorbellBoard
  readonly #words: number
  readonly #free: Int32Array
  readonly #owners: Int32Array
  readonly #otherHolders: Int32Array
  readonly #stride: number
  readonly #buffers: (Buffer | undefined)[] = []
  readonly #receiveBuffers: (Buffer | undefined)[] = []
  readonly #frames: (Buffer | undefined)[] = []
  readonly #dataViews: (DataView | undefined)[] = []
  readonly #heap = new Map<number, { owner: number; holders: number; bytes: Buffer }>()
  #nextHeapIndex: number

  private constructor(handle: NetworkBufferPoolHandle, doorbells: DoorbellBoard) {
    this.#handle = handle
    this.#doorbells = doorbells
    this.segmentBytes = handle.segmentBytes
    this.numberOfSegments = handle.numberOfSegments
    this.#nextHeapIndex = handle.numberOfSegments
    this.#stride = handle.segmentBytes + 2 * FRAME_ROOM_BYTES
    this.#words = Math.ceil(handle.numberOfSegments / 32)
    this.#free = new Int32Array(handle.control, 0, this.#words)
    const { control, numberOfSegments } = handle
    this.#owners = new Int32Array(control, this.#words * 4, numberOfSegments)
    const holdersAt = (this.#words + numberOfSegments) * 4
    this.#otherHolders = new Int32Array(control, holdersAt, numberOfSegments)
  }

  static create(
    options: { numberOfSegments: number; segmentBytes: number },
    doorbells: DoorbellBoard,
  ): NetworkBufferPool {
    const { numberOfSegments, segmentBytes } = options
    assert(numberOfSegments > 0, 'a network buffer pool has at least one segment')
    assert(
      segmentBytes >= 256 && segmentBytes <= 1 << 29 && segmentBytes % 8 === 0,
      `segment size ${segmentBytes} must be a multiple of 8 from 256 B to 512 MiB`,
    )
    const words = Math.ceil(numberOfSegments / 32)
    const control = new SharedArrayBuffer((words + 2 * numberOfSegments) * 4)
    const free = new Int32Array(control, 0, words)
    for (let i = 0; i < numberOfSegments; i++) free[i >> 5]! |= 1 << (i & 31)
    const memory = new SharedArrayBuffer(numberOfSegments * (segmentBytes + 2 * FRAME_ROOM_BYTES))
    return new NetworkBufferPool({ memory, control, segmentBytes, numberOfSegments }, doorbells)
  }

  static attach(handle: NetworkBufferPoolHandle, doorbells: DoorbellBoard): NetworkBufferPool {
    return new NetworkBufferPool(handle, doorbells)
  }

  handle(): NetworkBufferPoolHandle {
    return this.#handle
  }

  /** Takes a segment for `owner` (not 0), or answers {@link NO_SEGMENT}: a normal condition. */
  request(owner: number): number {
    for (let word = 0; word < this.#words; word++) {
      let bits = Atomics.load(this.#free, word)
      while (bits !== 0) {
        const bit = bits & -bits
        const index = (word << 5) + (31 - Math.clz32(bit))
        // Clearing the bit first keeps others from trying the same one; the owner decides.
        const before = Atomics.and(this.#free, word, ~bit)
        if ((before & bit) !== 0 && Atomics.compareExchange(this.#owners, index, 0, owner) === 0) {
          return index
        }
        bits = Atomics.load(this.#free, word)
      }
    }
    return NO_SEGMENT
  }

  /** Whether a request would probably succeed. */
  hasFree(): boolean {
    for (let word = 0; word < this.#words; word++) {
      if (Atomics.load(this.#free, word) !== 0) return true
    }
    return false
  }

  /** `holders` will give the segment back, each once. Before any of them has it. */
  share(index: number, holders: number): void {
    const heap = this.#heap.get(index)
    if (heap !== undefined) heap.holders = holders
    else Atomics.store(this.#otherHolders, index, holders - 1)
  }

  /** Gives a segment back and wakes who waits for one. The caller must not touch it any more. */
  recycle(index: number): void {
    if (index >= this.numberOfSegments) {
      const heap = this.#heap.get(index)
      assert(heap !== undefined, `heap segment ${index} was recycled twice`)
      if (--heap.holders === 0) this.#heap.delete(index)
      return
    }
    // Whoever finds other holders only takes itself off; the last one gives it back.
    if (Atomics.load(this.#otherHolders, index) > 0) {
      if (Atomics.sub(this.#otherHolders, index, 1) > 0) return
      Atomics.store(this.#otherHolders, index, 0)
    }
    const owner = Atomics.exchange(this.#owners, index, 0)
    assert(owner !== 0, `segment ${index} was recycled twice`)
    Atomics.or(this.#free, index >> 5, 1 << (index & 31))
    this.#doorbells.ringPoolWaiters()
  }

  /**
   * Frees every segment of the given owners, and what a terminated thread left between two steps.
   * No thread may still work for them. Scans the whole table.
   *
   * @returns how many segments the owners held
   */
  reclaimAll(owners: ReadonlySet<number>): number {
    let reclaimed = 0
    for (let index = 0; index < this.numberOfSegments; index++) {
      const owner = Atomics.load(this.#owners, index)
      if (owner !== 0) {
        if (!owners.has(owner)) continue
        Atomics.store(this.#otherHolders, index, 0)
        Atomics.store(this.#owners, index, 0)
        reclaimed++
      }
      Atomics.or(this.#free, index >> 5, 1 << (index & 31))
    }
    for (const [index, { owner }] of this.#heap) if (owners.has(owner)) this.#heap.delete(index)
    this.#doorbells.ringPoolWaiters()
    return reclaimed
  }

  /**
   * A buffer outside of the pool, for a producer that can neither block nor get a segment. Known to
   * this object alone, hence only where all ends share one thread.
   */
  requestHeap(owner: number): number {
    assert(this.#doorbells.isInline, 'heap buffers cannot be seen from another thread')
    const index = this.#nextHeapIndex++
    this.#heap.set(index, { owner, holders: 1, bytes: Buffer.alloc(this.#stride) })
    return index
  }

  /** The bytes of a segment; the same object each time. */
  buffer(index: number): Buffer {
    let buffer = this.#buffers[index]
    if (buffer === undefined) {
      buffer = this.frame(index).subarray(FRAME_ROOM_BYTES, FRAME_ROOM_BYTES + this.segmentBytes)
      if (index < this.numberOfSegments) this.#buffers[index] = buffer
    }
    return buffer
  }

  /** A segment with the {@link FRAME_ROOM_BYTES} behind it; the same object each time. */
  receiveBuffer(index: number): Buffer {
    let buffer = this.#receiveBuffers[index]
    if (buffer === undefined) {
      buffer = this.frame(index).subarray(FRAME_ROOM_BYTES)
      if (index < this.numberOfSegments) this.#receiveBuffers[index] = buffer
    }
    return buffer
  }

  /** A segment with its {@link FRAME_ROOM_BYTES} before and after; the same object each time. */
  frame(index: number): Buffer {
    if (index >= this.numberOfSegments) {
      const heap = this.#heap.get(index)
      assert(heap !== undefined, `heap segment ${index} is not lent`)
      return heap.bytes
    }
    let frame = this.#frames[index]
    if (frame === undefined) {
      frame = Buffer.from(this.#handle.memory, index * this.#stride, this.#stride)
      this.#frames[index] = frame
    }
    return frame
  }

  dataView(index: number): DataView {
    if (index >= this.numberOfSegments) {
      const heap = this.buffer(index)
      return new DataView(heap.buffer, heap.byteOffset, heap.byteLength)
    }
    let view = this.#dataViews[index]
    if (view === undefined) {
      const at = index * this.#stride + FRAME_ROOM_BYTES
      view = new DataView(this.#handle.memory, at, this.segmentBytes)
      this.#dataViews[index] = view
    }
    return view
  }

  /** Counts the table; for metrics. */
  usage(): PoolUsage {
    let used = 0
    for (let i = 0; i < this.numberOfSegments; i++) {
      if (Atomics.load(this.#owners, i) !== 0) used++
    }
    return {
      totalSegments: this.numberOfSegments,
      usedSegments: used,
      segmentBytes: this.segmentBytes,
      totalBytes: this.numberOfSegments * this.segmentBytes,
      usedBytes: used * this.segmentBytes,
      heapSegments: this.#heap.size,
    }
  }
}
