/**
 * A window of memory that elements are written into, usually one network buffer.
 * `bytes` may lie on a SharedArrayBuffer.
 */
export interface OutputView {
  readonly bytes: Buffer
  readonly data: DataView
  /** Next byte to write, relative to `bytes`. */
  position: number
  /** First byte that must not be written. */
  readonly limit: number
}

/** A window of memory that elements are read from; whole elements only. */
export interface InputView {
  readonly bytes: Buffer
  readonly data: DataView
  position: number
  readonly limit: number
}
