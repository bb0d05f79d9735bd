/** How a gate works out how large the buffers that are sent to it should be. */
export interface BufferDebloating {
  /** Between two calculations, in ms. */
  readonly periodMs: number
  /** In what time the gate should consume what is on its way to it, in ms. */
  readonly targetMs: number
  /** Sizes that the moving average is over. */
  readonly samples: number
  /** A size that differs by less from the one announced is not announced. */
  readonly thresholdPercentages: number
  readonly minBytes: number
  /** Before anything was measured. */
  readonly startingBytes: number
}

/**
 * Buffer size by throughput: what is on its way should be consumed in the target time, so a slow consumer
 * gets small buffers. The number of buffers stays, so that no sender has to wait for credit.
 *
 * The size follows what was measured by an exponential moving average, and at most doubles the size that
 * it had, so that a burst after a pause does not fill everything at once.
 */
export class BufferDebloater {
  readonly #settings: BufferDebloating
  readonly #minBytes: number
  readonly #maxBytes: number
  #average: number
  #announced: number
  #estimatedMs = 0

  /** @param maxBytes of a buffer */
  constructor(settings: BufferDebloating, maxBytes: number) {
    this.#settings = settings
    this.#maxBytes = maxBytes
    this.#minBytes = Math.min(settings.minBytes, maxBytes)
    this.#average = startingBufferBytes(settings, maxBytes)
    this.#announced = this.#average
  }

  /** The size that senders are told. */
  get bufferBytes(): number {
    return this.#announced
  }

  /** How long what is on its way will take, by the last measurement, in ms. */
  get estimatedTimeToConsumeMs(): number {
    return this.#estimatedMs
  }

  /**
   * Takes a measurement into account.
   *
   * @param bytesPerSecond consumed while there was something to consume
   * @param buffersInUse on their way to the gate or waiting in it
   * @returns whether `bufferBytes` has changed and is to be announced
   */
  measured(bytesPerSecond: number, buffersInUse: number): boolean {
    const { targetMs, samples } = this.#settings
    const onTheWay = (bytesPerSecond * targetMs) / 1000
    const wanted = Math.min(onTheWay / Math.max(1, buffersInUse), 2 * this.#average)
    const average = this.#average + ((wanted - this.#average) * 2) / (samples + 1)
    this.#average = Math.min(this.#maxBytes, Math.max(this.#minBytes, average))
    const isChanged = this.#isWorthAnnouncing(Math.round(this.#average))
    if (isChanged) this.#announced = Math.round(this.#average)
    this.#estimatedMs = (this.#announced * buffersInUse * 1000) / Math.max(1, bytesPerSecond)
    return isChanged
  }

  #isWorthAnnouncing(bytes: number): boolean {
    if (bytes === this.#announced) return false
    // The ends of the range are always reached.
    if (bytes === this.#minBytes || bytes === this.#maxBytes) return true
    const percentages = (100 * Math.abs(bytes - this.#announced)) / this.#announced
    return percentages >= this.#settings.thresholdPercentages
  }
}

/** The size of buffers before anything was measured. */
export function startingBufferBytes(settings: BufferDebloating, maxBytes: number): number {
  return Math.min(maxBytes, Math.max(settings.minBytes, settings.startingBytes))
}
