import assert from 'node:assert/strict'
import type { CancelTimer, Clock } from '@flink-ts/core'
import {
  type FrameworkInfo,
  MesosCallError,
  type MesosScheduler,
  type SchedulerCall,
  type SchedulerListener,
} from '@flink-ts/mesos-client'
import { SimulatedStream } from './simulated-stream.js'

/** What a scheduler can reach of a simulated Mesos. */
export interface MasterEndpoint {
  /** @returns why there is no subscription; undefined: the stream says how it went on */
  subscribe(stream: SimulatedStream, framework: FrameworkInfo): string | undefined
  /** @throws MesosCallError */
  call(stream: SimulatedStream, call: SchedulerCall): void
  /** The scheduler has closed it. */
  closed(stream: SimulatedStream): void
  /** Of a message, one way; never the same twice, but later messages do not overtake. */
  readonly latencyMs: number
  readonly address: () => string
}

const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 8_000

interface WaitingCall {
  readonly call: SchedulerCall
  /** Of the subscription for which it was said. */
  readonly stream: SimulatedStream
  readonly resolve: () => void
  readonly reject: (error: MesosCallError) => void
}

type Phase = 'new' | 'connecting' | 'subscribed' | 'ended'

/** A `MesosScheduler` of a simulated Mesos: it comes back by itself, like the real one. */
export class SimulatedScheduler implements MesosScheduler {
  readonly #clock: Clock
  readonly #master: MasterEndpoint
  /** As the real one: one call after the other; acknowledgements wait for all others. */
  readonly #waiting: WaitingCall[] = []
  readonly #waitingAcknowledgements: WaitingCall[] = []
  #current: WaitingCall | undefined
  #phase: Phase = 'new'
  #framework: FrameworkInfo | undefined
  #listener: SchedulerListener | undefined
  #stream: SimulatedStream | undefined
  #cancelRetry: CancelTimer = () => {}
  #retryMs = FIRST_RETRY_MS
  /** All calls that it was given, in order. */
  readonly calls: SchedulerCall[] = []

  constructor(clock: Clock, master: MasterEndpoint) {
    this.#clock = clock
    this.#master = master
  }

  get isSubscribed(): boolean {
    return this.#phase === 'subscribed'
  }

  start(framework: FrameworkInfo, listener: SchedulerListener): void {
    assert.equal(this.#phase, 'new', 'a scheduler is started once')
    this.#framework = framework
    this.#listener = listener
    this.#phase = 'connecting'
    this.#later(() => this.#subscribe())
  }

  call(call: SchedulerCall): Promise<void> {
    const stream = this.#stream
    if (this.#phase !== 'subscribed' || stream === undefined) {
      return Promise.reject(notSubscribed(call))
    }
    this.calls.push(call)
    if (call.type === 'UPDATE_FRAMEWORK') {
      const id = this.#framework?.id
      this.#framework = { ...call.framework, ...(id === undefined ? {} : { id }) }
    }
    return new Promise((resolve, reject) => {
      const queue = call.type === 'ACKNOWLEDGE' ? this.#waitingAcknowledgements : this.#waiting
      queue.push({ call, stream, resolve, reject })
      if (this.#current === undefined) this.#sendNext()
    })
  }

  #sendNext(): void {
    const sent = this.#next()
    this.#current = sent
    if (sent === undefined) return
    const { call, stream, resolve, reject } = sent
    const answer = (settle: () => void) =>
      this.#later(() => {
        // Of a stream that broke since, nobody waits for it.
        if (this.#current !== sent) return
        settle()
        this.#sendNext()
      })
    this.#later(() => {
      // What a process has sent before it closed the stream arrives all the same, but not what a broken one carried.
      if (!stream.isOpen) return answer(() => reject(notSubscribed(call)))
      try {
        this.#master.call(stream, call)
        answer(resolve)
      } catch (error) {
        answer(() => reject(error as MesosCallError))
      }
    })
  }

  #next(): WaitingCall | undefined {
    return this.#waiting.shift() ?? this.#waitingAcknowledgements.shift()
  }

  close(): Promise<void> {
    if (this.#phase === 'ended') return Promise.resolve()
    this.#end('the scheduler was closed')
    return Promise.resolve()
  }

  #subscribe(): void {
    if (this.#phase !== 'connecting' || this.#framework === undefined) return
    const stream = new SimulatedStream(
      {
        subscribed: (frameworkId) => this.#subscribed(frameworkId),
        event: (event) => this.#listener?.onEvent(event),
        ended: (end) => {
          const wasSubscribed = this.#phase === 'subscribed'
          this.#end(end.message)
          if (wasSubscribed) this.#listener?.onDisconnected(end.message)
          this.#listener?.onEnded(end)
        },
        broken: (reason) => this.#broken(reason),
      },
      (action) => this.#later(action),
    )
    this.#stream = stream
    const refusal = this.#master.subscribe(stream, this.#framework)
    if (refusal !== undefined) this.#retry(refusal)
  }

  #subscribed(frameworkId: string): void {
    assert(this.#framework !== undefined && this.#listener !== undefined)
    this.#phase = 'subscribed'
    this.#retryMs = FIRST_RETRY_MS
    this.#framework = { ...this.#framework, id: frameworkId }
    this.#listener.onSubscribed({ frameworkId, master: this.#master.address() })
  }

  #broken(reason: string): void {
    const wasSubscribed = this.#phase === 'subscribed'
    this.#phase = 'connecting'
    this.#stream = undefined
    this.#rejectUnanswered(reason)
    if (wasSubscribed) this.#listener?.onDisconnected(reason)
    this.#retry(reason)
  }

  #retry(reason: string): void {
    if (this.#phase !== 'connecting') return
    const retryInMs = this.#retryMs
    this.#retryMs = Math.min(2 * retryInMs, LONGEST_RETRY_MS)
    this.#cancelRetry = this.#clock.schedule(retryInMs, () => this.#subscribe())
    this.#listener?.onAttemptFailed?.(reason, retryInMs)
  }

  #end(reason: string): void {
    this.#phase = 'ended'
    this.#cancelRetry()
    const stream = this.#stream
    this.#stream = undefined
    if (stream !== undefined) {
      stream.abandon()
      this.#later(() => this.#master.closed(stream))
    }
    this.#rejectUnanswered(reason)
  }

  #rejectUnanswered(reason: string): void {
    const current = this.#current
    this.#current = undefined
    for (let each = current ?? this.#next(); each !== undefined; each = this.#next()) {
      each.reject(new MesosCallError('not-subscribed', `No answer came from the master: ${reason}`))
    }
  }

  #later(action: () => void): void {
    this.#clock.schedule(this.#master.latencyMs, action)
  }
}

function notSubscribed({ type }: SchedulerCall): MesosCallError {
  return new MesosCallError('not-subscribed', `${type} cannot be sent: there is no subscription`)
}
