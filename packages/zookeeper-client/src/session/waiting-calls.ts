import type { CancelTimer, Clock } from '@flink-ts/core'
import type { ZooKeeperErrorReason } from '../zookeeper-error.js'

interface WaitingCall {
  readonly send: () => void
  readonly fail: (reason: ZooKeeperErrorReason, detail?: string) => void
}

/** Calls that wait for a session, in the order in which they were made, each for its time at most. */
export class WaitingCalls {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #reason: () => string | undefined
  readonly #calls = new Map<WaitingCall, CancelTimer>()

  /** @param reason why there is no session */
  constructor(clock: Clock, timeoutMs: number, reason: () => string | undefined) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#reason = reason
  }

  add(call: WaitingCall): void {
    const cancel = this.#clock.schedule(this.#timeoutMs, () => {
      this.#calls.delete(call)
      const reason = this.#reason()
      const why = reason === undefined ? '' : ` (${reason})`
      call.fail('operation-timeout', `no session within ${this.#timeoutMs} ms${why}`)
    })
    this.#calls.set(call, cancel)
  }

  sendAll(): void {
    for (const { send } of this.#takeAll()) send()
  }

  failAll(reason: ZooKeeperErrorReason, detail?: string): void {
    for (const { fail } of this.#takeAll()) fail(reason, detail)
  }

  #takeAll(): WaitingCall[] {
    const calls = [...this.#calls]
    this.#calls.clear()
    return calls.map(([call, cancel]) => {
      cancel()
      return call
    })
  }
}
