import type { Clock } from '@flink-ts/core'
import type { MesosTransport } from '../http/mesos-transport.js'
import { type CallOutcome, callOutcome, readText } from './answers.js'
import { MesosCallError } from './mesos-call-error.js'
import { wordsOf } from './words-of.js'

export interface CallLaneOptions {
  readonly url: string
  /** Stream id included. */
  readonly headers: Readonly<Record<string, string>>
  readonly transport: MesosTransport
  readonly clock: Clock
  readonly callTimeoutMs: number
  /** Told once: the subscription is not worth anything any more. */
  readonly onLost: (reason: string) => void
  /** The master has taken a TEARDOWN. */
  readonly onTornDown: () => void
}

interface WaitingCall {
  readonly type: string
  readonly body: string
  readonly resolve: () => void
  readonly reject: (error: MesosCallError) => void
}

/**
 * The calls of one subscription, one at a time: two connections, or two requests at once, could overtake each other. None is repeated:
 * a second ACCEPT of the same offers would end the tasks of the first. Acknowledgements, of which thousands may wait after a failover,
 * are in nobody's way: all else goes before them, in its own order.
 */
export class CallLane {
  readonly #options: CallLaneOptions
  readonly #waiting: WaitingCall[] = []
  readonly #waitingAcknowledgements: WaitingCall[] = []
  #current: { readonly call: WaitingCall; readonly controller: AbortController } | undefined
  #teardown: Promise<void> = Promise.resolve()
  #endReason: string | undefined

  constructor(options: CallLaneOptions) {
    this.#options = options
  }

  /** Resolved when no TEARDOWN is on its way. */
  get teardown(): Promise<void> {
    return this.#teardown
  }

  /** @throws MesosCallError */
  send(type: string, body: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#endReason !== undefined) {
        reject(notSubscribed(type, this.#endReason))
        return
      }
      const queue = type === 'ACKNOWLEDGE' ? this.#waitingAcknowledgements : this.#waiting
      queue.push({ type, body, resolve, reject })
      if (this.#current === undefined) void this.#run()
    })
  }

  /**
   * Fails all calls that have no answer.
   *
   * @param exceptTeardown leaves one that was sent: the master closes the stream and answers, in either order
   */
  end(reason: string, { exceptTeardown = false } = {}): void {
    if (
      this.#current !== undefined &&
      !(exceptTeardown && this.#current.call.type === 'TEARDOWN')
    ) {
      const { call, controller } = this.#current
      call.reject(notSubscribed(call.type, reason))
      controller.abort()
    }
    if (this.#endReason !== undefined) return
    this.#endReason = reason
    for (let call = this.#next(); call !== undefined; call = this.#next()) {
      call.reject(notSubscribed(call.type, reason))
    }
  }

  #next(): WaitingCall | undefined {
    return this.#waiting.shift() ?? this.#waitingAcknowledgements.shift()
  }

  async #run(): Promise<void> {
    for (let call = this.#next(); call !== undefined; call = this.#next()) {
      const controller = new AbortController()
      this.#current = { call, controller }
      const sent = this.#send(call, controller)
      if (call.type === 'TEARDOWN') this.#teardown = sent
      await sent
      this.#current = undefined
    }
  }

  /** Never rejects. */
  async #send(call: WaitingCall, controller: AbortController): Promise<void> {
    const { onLost, onTornDown } = this.#options
    const outcome = await this.#ask(call, controller)
    if (outcome.kind === 'taken') {
      call.resolve()
      if (call.type !== 'TEARDOWN') return
      this.end('the framework was torn down', { exceptTeardown: true })
      onTornDown()
    } else if (outcome.kind === 'refused') {
      call.reject(
        new MesosCallError('refused', `The master refuses ${call.type}: ${outcome.message}`),
      )
    } else {
      call.reject(notSubscribed(call.type, outcome.message))
      if (this.#endReason === undefined) {
        this.end(outcome.message)
        onLost(`${call.type}: ${outcome.message}`)
      }
    }
  }

  async #ask(call: WaitingCall, controller: AbortController): Promise<CallOutcome> {
    const { url, headers, transport, clock, callTimeoutMs } = this.#options
    const { signal } = controller
    let problem: string | undefined
    const cancelTimer = clock.schedule(callTimeoutMs, () => {
      problem = `no answer within ${callTimeoutMs} ms`
      controller.abort()
    })
    try {
      const response = await transport.post({ url, headers, body: call.body, kind: 'call', signal })
      return callOutcome(response.status, await readText(response))
    } catch (error) {
      return { kind: 'not-subscribed', message: problem ?? wordsOf(error) }
    } finally {
      cancelTimer()
    }
  }
}

export function notSubscribed(type: string, reason: string): MesosCallError {
  return new MesosCallError(
    'not-subscribed',
    `${type} did not reach the master, or nobody knows whether it did: ${reason}`,
  )
}
