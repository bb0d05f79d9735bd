import type { KeyBytes } from './key-bytes.js'

/** Some entries that go into a block together: their keys are numbers, or their bytes are at hand. */
export class EntryRun {
  /** As long as {@link length}, at least. */
  readonly values: unknown[]
  /** If there are no {@link keyBytes}. */
  readonly numberKeys: number[]
  /** Of the bytes of each key, with its length in front, in {@link keyBytes}. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  keyBytes: KeyBytes | undefined = undefined
  length = 0

  constructor(capacity: number) {
    this.values = new Array<unknown>(capacity).fill(undefined)
    this.numberKeys = new Array<number>(capacity).fill(0)
    this.starts = new Int32Array(capacity)
    this.ends = new Int32Array(capacity)
  }
}
