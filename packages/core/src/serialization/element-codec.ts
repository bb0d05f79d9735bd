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
  /**
   * Forgets all tables: what is written from here on can be decoded alone, by any decoder of this serializer
   * whatever it read before. The next value starts with a mark that makes the decoder forget its tables too, so
   * nothing has to be told it beside the bytes. A value that does not fit leaves the mark to the next try.
   *
   * Call it before the first value of a buffer that is stored, read more than once, or sent to several readers.
   */
  reset(): void
}

/** Decodes what one {@link ValueEncoder} wrote, in the same order. */
export interface ValueDecoder {
  /** @throws MalformedDataError on bytes that no encoder writes; never runs what they say */
  decode(source: InputView): unknown
  /**
   * Forgets all tables, as for a new channel. Not needed where the encoder was reset: its mark is in the bytes.
   */
  reset(): void
}

/** Makes the two ends of a channel for one type. */
export interface ValueSerializer {
  createEncoder(): ValueEncoder
  createDecoder(): ValueDecoder
}
