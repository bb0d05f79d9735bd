import type { Clock } from '@flink-ts/core'
import { RecipientUnreachableError } from '../errors/recipient-unreachable-error.js'
import { RpcTimeoutError } from '../errors/rpc-timeout-error.js'
import type { Reply } from './invocation.js'

/** A call that waits for its reply. Only the first way in which it ends counts. */
export interface PendingCall {
  readonly reply: Promise<Reply>
  resolve(reply: Reply): void
  failUnreachable(reason: string): void
}

/** The calls that a service has sent and that wait for a reply, with their deadlines. */
export class PendingCalls {
  readonly #clock: Clock
  readonly #calls = new Set<{ failUnreachable(reason: string): void; abandon(): void }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  start(target: string, timeoutMs: number): PendingCall {
    let ended = false
    let resolve: (reply: Reply) => void = () => {}
    let reject: (error: Error) => void = () => {}
    const reply = new Promise<Reply>((resolveReply, rejectReply) => {
      resolve = resolveReply
      reject = rejectReply
    })
    const end = (settle: () => void) => {
      if (ended) return
      ended = true
      cancelTimer()
      this.#calls.delete(call)
      settle()
    }
    const call = {
      reply,
      resolve: (reply: Reply) => end(() => resolve(reply)),
      failUnreachable: (reason: string) =>
        end(() => reject(new RecipientUnreachableError({ target, reason }))),
      abandon: () => end(() => {}),
    }
    const cancelTimer = this.#clock.schedule(timeoutMs, () =>
      end(() => reject(new RpcTimeoutError({ target, timeoutMs }))),
    )
    this.#calls.add(call)
    return call
  }

  failAll(reason: string): void {
    for (const call of [...this.#calls]) call.failUnreachable(reason)
  }

  /** Cancels the deadlines and leaves the promises as they are: the process that waits is dead. */
  abandonAll(): void {
    for (const call of [...this.#calls]) call.abandon()
  }
}
