/** First byte of an element in a buffer. The first five numbers are those of Flink's StreamElementSerializer. */
export const ElementTag = {
  /** f64 timestamp, value. */
  recordWithTimestamp: 0,
  /** Value. */
  record: 1,
  /** f64 timestamp. */
  watermark: 2,
  /** u8: 0 active, 1 idle. */
  watermarkStatus: 4,
  /**
   * Beginning of an element that is cut into chunks: u32 length of the whole, u32 length of this
   * chunk, bytes. The bytes of all chunks together are one of the elements above.
   */
  spanningStart: 16,
  /** u32 length of this chunk, bytes. Always the first element of its buffer. */
  spanningContinuation: 17,
} as const

/** Tag and timestamp. */
export const RECORD_HEADER_BYTES = 9
export const SPANNING_START_BYTES = 9
export const SPANNING_CONTINUATION_BYTES = 5

/** The largest element that may travel; what must be larger belongs into a file. */
export const MAX_ELEMENT_BYTES = 256 * 1024 * 1024
