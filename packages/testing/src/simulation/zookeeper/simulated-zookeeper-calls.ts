import type { CancelTimer } from '@flink-ts/core'
import { ZooKeeperError, type ZooKeeperErrorReason } from '@flink-ts/zookeeper-client'

/** Something that a client asks of the servers. */
export interface SimulatedZooKeeperCall {
  readonly operation: string
  /** The session in which it was made; undefined: whichever comes. */
  readonly sessionId: string | undefined
  readonly send: () => void
  readonly reject: (error: unknown) => void
}

/** The calls of a client that have not ended: those that wait for a session, and those under way. */
export class SimulatedZooKeeperCalls {
  readonly #later: (delayMs: number, action: () => void) => CancelTimer
  readonly #waiting = new Map<SimulatedZooKeeperCall, CancelTimer>()
  readonly #inFlight = new Set<SimulatedZooKeeperCall>()

  constructor(later: (delayMs: number, action: () => void) => CancelTimer) {
    this.#later = later
  }

  /** Keeps a call until there is a session, for so long at most. */
  wait(call: SimulatedZooKeeperCall, timeoutMs: number): void {
    const cancel = this.#later(timeoutMs, () => {
      this.#waiting.delete(call)
      call.reject(errorOf(call, 'operation-timeout'))
    })
    this.#waiting.set(call, cancel)
  }

  /** There is a session. */
  sendWaiting(isConnected: () => boolean): void {
    for (const [call, cancel] of [...this.#waiting]) {
      if (!isConnected()) return
      this.#waiting.delete(call)
      cancel()
      call.send()
    }
  }

  begun(call: SimulatedZooKeeperCall): void {
    this.#inFlight.add(call)
  }

  ended(call: SimulatedZooKeeperCall): void {
    this.#inFlight.delete(call)
  }

  /** Nobody knows what has become of what was under way. */
  failInFlight(): void {
    const calls = [...this.#inFlight]
    this.#inFlight.clear()
    for (const call of calls) call.reject(errorOf(call, 'connection-loss'))
  }

  rejectWaiting(
    reason: ZooKeeperErrorReason,
    which: (call: SimulatedZooKeeperCall) => boolean = () => true,
  ): void {
    for (const [call, cancel] of [...this.#waiting].filter(([call]) => which(call))) {
      this.#waiting.delete(call)
      cancel()
      call.reject(errorOf(call, reason))
    }
  }
}

export function errorOf(
  { operation }: SimulatedZooKeeperCall,
  reason: ZooKeeperErrorReason,
): ZooKeeperError {
  return new ZooKeeperError({ reason, operation })
}
