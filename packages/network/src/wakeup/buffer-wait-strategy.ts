import { BufferWaitCancelledError } from '../errors/network-errors.js'
import type { Doorbell } from './doorbell.js'

/**
 * What a producer does when a record that it has begun needs a buffer and even the overdraft is used
 * up. A task that asks `isAvailable()` before each input gets here only by emitting a lot for one input.
 */
export interface BufferWaitStrategy {
  /**
   * @returns true when `ready()` holds; false when the producer cannot wait and takes memory
   *   outside of the pool (inline only)
   * @throws BufferWaitCancelledError
   */
  await(doorbell: Doorbell, ready: () => boolean): boolean
}

/**
 * For task threads: blocks the thread until there is a buffer.
 *
 * @param isCancelled looked at after each wake-up and at least every 100 ms; reads shared memory,
 *   because nothing else reaches a blocked thread
 */
export function blockingBufferWait(isCancelled: () => boolean): BufferWaitStrategy {
  return {
    await(doorbell, ready) {
      while (!ready()) {
        if (isCancelled()) throw new BufferWaitCancelledError()
        doorbell.waitBlocking(ready, 100)
      }
      return true
    },
  }
}

/**
 * For tasks that share one thread (MiniCluster, simulator): the consumer could never run while the
 * producer waits, so what one input emits beyond its quota lies on the heap until it was consumed.
 */
export const inlineBufferWait: BufferWaitStrategy = {
  await(_doorbell, ready) {
    return ready()
  },
}
