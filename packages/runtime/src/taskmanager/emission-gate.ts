import type { OperatorChain } from '../operators/operator-chain.js'
import type { TaskOutput } from './task-io.js'

/** Tells whether what the next input makes can be taken: by the outputs, and by operators that wait for the world. */
export class EmissionGate {
  readonly #outputs: readonly TaskOutput[]
  readonly #chain: OperatorChain
  readonly #wake: () => void
  readonly #fail: (error: unknown) => void
  #isChainWaiting = false
  #unavailable: TaskOutput | undefined

  /** @param wake called once when it may be open again, after `awaitOpen` */
  constructor(options: {
    outputs: readonly TaskOutput[]
    chain: OperatorChain
    wake: () => void
    fail: (error: unknown) => void
  }) {
    this.#outputs = options.outputs
    this.#chain = options.chain
    this.#wake = options.wake
    this.#fail = options.fail
  }

  isOpen(): boolean {
    this.#unavailable = undefined
    if (this.#isChainWaiting) return false
    for (const output of this.#outputs) {
      if (output.isAvailable()) continue
      this.#unavailable = output
      return false
    }
    const ready = this.#chain.whenReady()
    if (ready === undefined) return true
    this.#isChainWaiting = true
    ready.then(() => {
      this.#isChainWaiting = false
      this.#wake()
    }, this.#fail)
    return false
  }

  /** Has the task woken when what `isOpen` has found closed is open. May block the thread for a moment. */
  awaitOpen(): void {
    this.#unavailable?.onAvailable(this.#wake)
  }
}
