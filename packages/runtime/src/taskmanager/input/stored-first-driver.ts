import type { StoredGate } from '../checkpoint/restore-in-flight.js'
import type { HeadDriver, HeadResult } from './head-driver.js'
import type { InputProcessor } from './input-processor.js'

/** Most elements between two looks at outputs and mails. */
const BATCH_ELEMENTS = 256

/** Has a head process what was in flight at the checkpoint that it is restored from, and then what comes. */
export class StoredFirstDriver implements HeadDriver {
  readonly #head: InputProcessor
  readonly #stored: StoredGate[]

  constructor(head: InputProcessor, stored: readonly StoredGate[]) {
    this.#head = head
    this.#stored = [...stored]
  }

  get recordCount(): number {
    return this.#head.recordCount
  }

  processBatch(): HeadResult {
    const [next] = this.#stored
    if (next === undefined) return this.#head.processBatch()
    const { gate, input, accepts } = next
    if (!this.#head.readStored(gate, input, BATCH_ELEMENTS, accepts)) this.#stored.shift()
    return 'MORE'
  }

  // A barrier that came now would leave out what is stored.
  pollPriority(): boolean {
    return this.#stored.length === 0 && this.#head.pollPriority()
  }

  onPriority(callback: () => void): void {
    if (this.#stored.length === 0) this.#head.onPriority(callback)
  }

  end(): void {
    this.#head.end()
  }

  onAvailable(callback: () => void): void {
    this.#head.onAvailable(callback)
  }
}
