import type { InputView, OutputView } from './views.js'

/**
 * Encodes the values of one channel. Stateful: shapes (schemas) and repeated strings
 * (dictionary) that were written once are referred to by number later, in the order of writing.
 */
export interface ValueEncoder {
  /**
   * Writes `value` at `target.position` and moves the position.
   *
   * @returns false if it might not fit: then neither the view nor the tables have changed
   * @throws UnserializableValueError naming the path inside the record when a part of it cannot travel
   */
  tryEncode(value: unknown, target: OutputView): boolean
  /** Forgets all tables: what is written next can be decoded alone, by a decoder that was reset too. */
  reset(): void
}

/** Decodes what one {@link ValueEncoder} wrote, in the same order. */
export interface ValueDecoder {
  /** @throws MalformedDataError on bytes that no encoder writes; never runs what they say */
  decode(source: InputView): unknown
  reset(): void
}

/** Makes the two ends of a channel for one type. */
export interface ValueSerializer {
  createEncoder(): ValueEncoder
  createDecoder(): ValueDecoder
}
