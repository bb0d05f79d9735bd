import type { Collector } from '@flink-ts/core'
import type { Output } from '@flink-ts/runtime/program'

/** The collector of one operator: checks that it is used during the call it was handed to. */
export class CallCollector implements Collector<unknown> {
  /** What the operators behind threw; not the user function's fault even if it passes through it. */
  downstreamError: unknown
  readonly #output: Output
  readonly #outsideCall: () => Error
  #timestamp = Number.NaN
  #inCall = false

  constructor(output: Output, outsideCall: () => Error) {
    this.#output = output
    this.#outsideCall = outsideCall
  }

  begin(timestamp: number): void {
    this.#timestamp = timestamp
    this.#inCall = true
  }

  end(): void {
    this.#inCall = false
  }

  get isInCall(): boolean {
    return this.#inCall
  }

  get timestamp(): number {
    if (!this.#inCall) throw this.#outsideCall()
    return this.#timestamp
  }

  collect(value: unknown): void {
    if (!this.#inCall) throw this.#outsideCall()
    try {
      this.#output.collect(value, this.#timestamp)
    } catch (error) {
      this.downstreamError = error
      throw error
    }
  }
}
