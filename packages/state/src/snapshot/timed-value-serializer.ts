import type {
  InputView,
  OutputView,
  ValueDecoder,
  ValueEncoder,
  ValueSerializer,
} from '@flink-ts/core'
import { TimedValue } from './timed-value.js'

const TIMESTAMP_BYTES = 8

/** Writes {@link TimedValue}: f64 of the timestamp, then the value as the inner serializer does. */
export class TimedValueSerializer implements ValueSerializer {
  readonly #inner: ValueSerializer

  constructor(inner: ValueSerializer) {
    this.#inner = inner
  }

  createEncoder(): ValueEncoder {
    return new TimedValueEncoder(this.#inner.createEncoder())
  }

  createDecoder(): ValueDecoder {
    const inner = this.#inner.createDecoder()
    return {
      decode(source: InputView) {
        const lastAccessMs = source.data.getFloat64(source.position, true)
        source.position += TIMESTAMP_BYTES
        return new TimedValue(inner.decode(source), lastAccessMs)
      },
      reset: () => inner.reset(),
    }
  }
}

class TimedValueEncoder implements ValueEncoder {
  readonly #inner: ValueEncoder

  constructor(inner: ValueEncoder) {
    this.#inner = inner
  }

  tryEncode(value: unknown, target: OutputView): boolean {
    const timed = value as TimedValue
    const start = target.position
    if (start + TIMESTAMP_BYTES > target.limit) return false
    target.data.setFloat64(start, timed.lastAccessMs, true)
    target.position = start + TIMESTAMP_BYTES
    let isWritten = false
    try {
      isWritten = this.#inner.tryEncode(timed.value, target)
      return isWritten
    } finally {
      if (!isWritten) target.position = start
    }
  }

  reset(): void {
    this.#inner.reset()
  }
}
