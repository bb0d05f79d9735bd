import { NetworkBufferPool, type NetworkBufferPoolHandle } from '../buffer/network-buffer-pool.js'
import { type Defer, DoorbellBoard, type DoorbellBoardHandle } from '../wakeup/doorbell-board.js'

/** Cloneable form of a {@link NetworkContext}; the same for all tasks of a TaskManager. */
export interface NetworkContextHandle {
  readonly pool: NetworkBufferPoolHandle
  readonly doorbells: DoorbellBoardHandle
}

/** One thread's access to its TaskManager's network memory and doorbells. */
export class NetworkContext {
  readonly pool: NetworkBufferPool
  readonly doorbells: DoorbellBoard

  private constructor(pool: NetworkBufferPool, doorbells: DoorbellBoard) {
    this.pool = pool
    this.doorbells = doorbells
  }

  /** Made once per TaskManager, by its ShuffleEnvironment. `defer`: everything runs in this thread. */
  static create(options: {
    numberOfSegments: number
    segmentBytes: number
    doorbellCapacity: number
    defer?: Defer | undefined
  }): NetworkContext {
    const doorbells = DoorbellBoard.create({
      capacity: options.doorbellCapacity,
      defer: options.defer,
    })
    return new NetworkContext(NetworkBufferPool.create(options, doorbells), doorbells)
  }

  /** In another thread. */
  static attach(handle: NetworkContextHandle): NetworkContext {
    const doorbells = DoorbellBoard.attach(handle.doorbells)
    return new NetworkContext(NetworkBufferPool.attach(handle.pool, doorbells), doorbells)
  }

  handle(): NetworkContextHandle {
    return { pool: this.pool.handle(), doorbells: this.doorbells.handle() }
  }
}
