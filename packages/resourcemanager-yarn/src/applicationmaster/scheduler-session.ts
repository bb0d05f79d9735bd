import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import type {
  AllocateRequest,
  AllocateResponse,
  ApplicationMasterProtocol,
  RegisterApplicationMasterRequest,
  RegisterApplicationMasterResponse,
} from '@flink-ts/hadoop-rpc'
import { attemptGone, outOfStep } from './application-master-error.js'
import { MAX_TIMES_GONE, type Refusal, refusalOf, whyOf } from './refusal.js'

/** What one heartbeat carries beside its number. */
export type Exchange = Omit<AllocateRequest, 'responseId' | 'progress'>

/** What a session asks and tells whoever keeps the table of containers. */
export interface SchedulerSessionHandler {
  /** Whether there is something to tell that should not wait for the next heartbeat. */
  hasNews(): boolean
  /** What changed; it counts as told from now on. */
  takeNews(): Exchange
  /** YARN does not know anything of what it was told: everything must be told again. */
  allForgotten(): void
  onRegistered(response: RegisterApplicationMasterResponse): void
  onAnswer(response: AllocateResponse, told: Exchange): void
  /** A heartbeat failed; it is repeated. */
  onUnanswered(why: string): void
  /** YARN refused all of `told` because something in it is wrong. */
  onRefused(error: Error, told: Exchange): void
  /** It cannot go on. */
  onLost(error: Error): void
  /** Milliseconds to the next heartbeat unless there is news. */
  intervalMs(): number
}

export interface SchedulerSessionOptions {
  readonly protocol: ApplicationMasterProtocol
  readonly clock: Clock
  readonly log: Logger
  readonly handler: SchedulerSessionHandler
  /** What the ApplicationMaster registers with; asked each time. */
  readonly registration: () => Promise<RegisterApplicationMasterRequest>
  /** Whether no containers of an earlier attempt can be there. */
  readonly isFirstAttempt: boolean
}

/** Pause between two messages, however much there is to tell. */
const MIN_PAUSE_MS = 50
const FIRST_RETRY_MS = 200
const MAX_RETRY_MS = 5_000
/** Registering for the first time is given up after it, as by Hadoop's own clients. */
const REGISTRATION_TIMEOUT_MS = 900_000

/**
 * The heartbeats between the ApplicationMaster and YARN's ResourceManager: one message at a time, numbered as YARN wants it. A
 * message whose answer did not come is repeated as it was, for as long as it takes: the application runs on meanwhile.
 */
export class SchedulerSession {
  readonly #options: SchedulerSessionOptions
  #isRegistered = false
  #isRunning = false
  #cancelTimer: CancelTimer | undefined
  #dueMs = 0
  #lastEndMs = Number.NEGATIVE_INFINITY
  #beating: Promise<void> | undefined
  /** Aborted by `stop`. */
  #stopping = new AbortController()
  #responseId = 0
  /** Told, and not answered. */
  #unanswered: Exchange | undefined
  #failures = 0
  #timesGone = 0

  constructor(options: SchedulerSessionOptions) {
    this.#options = options
  }

  /** Whether YARN knows this ApplicationMaster, as far as we know. */
  get isRegistered(): boolean {
    return this.#isRegistered
  }

  /**
   * Tells YARN that this attempt is here. An answer that got lost cannot be had again: then undefined, if it is the first attempt.
   *
   * @throws FlinkError when YARN refuses it, or does not answer for 15 minutes, or `stop` is called meanwhile
   */
  async register(): Promise<RegisterApplicationMasterResponse | undefined> {
    const { clock, isFirstAttempt, log } = this.#options
    this.#stopping = new AbortController()
    const { signal } = this.#stopping
    const untilMs = clock.monotonicNow() + REGISTRATION_TIMEOUT_MS
    for (let hasFailed = false; ; hasFailed = true) {
      try {
        return await this.#registerOnce(signal)
      } catch (error) {
        const refusal = refusalOf(error)
        if (refusal === 'OUT_OF_STEP' && hasFailed) {
          // Containers of an earlier attempt were in the answer, and the tokens of their nodes.
          if (!isFirstAttempt) throw outOfStep(error)
          log.warn('YARN has registered this ApplicationMaster though its answer did not come')
          this.#registered()
          return undefined
        }
        const isOver = signal.aborted || clock.monotonicNow() >= untilMs
        if (refusal !== 'PASSING' || isOver) throw attemptGone(error)
        await this.#pause(error, signal)
      }
    }
  }

  /** Begins to send heartbeats, at once. */
  start(): void {
    this.#isRunning = true
    this.#stopping = new AbortController()
    this.#schedule(0)
  }

  /** There may be news: it is told soon. */
  poke(): void {
    if (!this.#isRunning || this.#beating !== undefined || this.#failures > 0) return
    if (!this.#options.handler.hasNews()) return
    const now = this.#options.clock.monotonicNow()
    const soonMs = Math.max(now, this.#lastEndMs + MIN_PAUSE_MS)
    if (soonMs < this.#dueMs) this.#schedule(soonMs - now)
  }

  /** Ends the heartbeats; resolves when none is under way. One whose answer does not come is given up, and repeated if it goes on. */
  async stop(): Promise<void> {
    this.#isRunning = false
    this.#stopping.abort()
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    await this.#beating
  }

  #schedule(delayMs: number): void {
    const { clock } = this.#options
    this.#cancelTimer?.()
    this.#dueMs = clock.monotonicNow() + delayMs
    this.#cancelTimer = clock.schedule(delayMs, () => {
      this.#cancelTimer = undefined
      this.#beating = this.#beat()
        // Not of YARN, whose failures are dealt with: what we know of our containers may be wrong.
        .catch((error: Error) => this.#lost(error))
        .finally(() => {
          this.#beating = undefined
          this.#lastEndMs = clock.monotonicNow()
          if (this.#isRunning) this.#schedule(this.#nextDelayMs())
        })
    })
  }

  #nextDelayMs(): number {
    const { handler } = this.#options
    if (this.#failures > 0) return retryMs(this.#failures)
    if (!this.#isRegistered || handler.hasNews()) return MIN_PAUSE_MS
    return handler.intervalMs()
  }

  async #beat(): Promise<void> {
    const { handler, protocol } = this.#options
    const { signal } = this.#stopping
    // Only what YARN says may fail here: an error of ours is not to be taken for its silence.
    if (!this.#isRegistered) {
      const registered = await this.#answerOf(this.#registerOnce(signal), signal)
      if (registered === undefined) return
      handler.onRegistered(registered)
    }
    const told = this.#unanswered ?? handler.takeNews()
    this.#unanswered = told
    const request = { responseId: this.#responseId, ...told, progress: 0 }
    const response = await this.#answerOf(protocol.allocate(request, { signal }), signal)
    if (response === undefined) return
    this.#failures = 0
    this.#timesGone = 0
    this.#answered(response, told)
  }

  /** Undefined when there is none, which has been dealt with then. */
  async #answerOf<R>(answer: Promise<R>, signal: AbortSignal): Promise<R | undefined> {
    try {
      return await answer
    } catch (error) {
      if (!signal.aborted) this.#failed(error as Error)
      return undefined
    }
  }

  #answered(response: AllocateResponse, told: Exchange): void {
    const { handler, protocol } = this.#options
    this.#unanswered = undefined
    this.#responseId = response.responseId
    if (response.amRmToken !== undefined) protocol.setToken(response.amRmToken)
    handler.onAnswer(response, told)
    if (response.amCommand === 'RESYNC') this.#startAgain()
    if (response.amCommand === 'SHUTDOWN') {
      this.#lost(attemptGone(new Error('YARN told the ApplicationMaster to shut down')))
    }
  }

  #failed(error: Error): void {
    const refusal = refusalOf(error)
    switch (refusal) {
      case 'NOT_REGISTERED':
        this.#startAgain()
        break
      case 'INVALID_REQUEST':
        this.#refused(error)
        break
      case 'OUT_OF_STEP':
        // Of a registration: the answer to the one before got lost.
        if (this.#isRegistered) this.#lost(outOfStep(error))
        else this.#registered()
        break
      default:
        this.#passing(error, refusal)
    }
  }

  #passing(error: Error, refusal: Refusal): void {
    if (refusal === 'ATTEMPT_GONE' && ++this.#timesGone >= MAX_TIMES_GONE) {
      this.#lost(attemptGone(error))
      return
    }
    const why = whyOf(error)
    const failures = ++this.#failures
    const againAfterMs = retryMs(failures)
    const { log, handler } = this.#options
    log.warn('YARN did not answer a heartbeat; the application goes on without it', {
      failures,
      againAfterMs,
      why,
    })
    handler.onUnanswered(why)
  }

  #refused(error: Error): void {
    const told = this.#unanswered
    this.#unanswered = undefined
    if (told !== undefined) this.#options.handler.onRefused(error, told)
  }

  #startAgain(): void {
    this.#options.log.warn('The ResourceManager of YARN was started again: it is told everything')
    this.#isRegistered = false
    this.#unanswered = undefined
    this.#options.handler.allForgotten()
  }

  #lost(error: Error): void {
    this.#isRunning = false
    this.#options.handler.onLost(error)
  }

  async #registerOnce(signal: AbortSignal): Promise<RegisterApplicationMasterResponse> {
    const { protocol, registration, log } = this.#options
    const request = await registration()
    const response = await protocol.registerApplicationMaster(request, { signal })
    this.#registered()
    log.info('The ApplicationMaster is registered', {
      host: request.host,
      port: request.rpcPort,
      queue: response.queue,
    })
    return response
  }

  #registered(): void {
    this.#isRegistered = true
    this.#responseId = 0
    this.#unanswered = undefined
  }

  async #pause(error: unknown, signal: AbortSignal): Promise<void> {
    const { log, clock } = this.#options
    const againAfterMs = retryMs(++this.#failures)
    log.warn('YARN does not register the ApplicationMaster yet', {
      againAfterMs,
      why: whyOf(error),
    })
    await new Promise<void>((resolve) => {
      const cancel = clock.schedule(againAfterMs, resolve)
      signal.addEventListener('abort', () => {
        cancel()
        resolve()
      })
    })
  }
}

function retryMs(failures: number): number {
  return Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10))
}
