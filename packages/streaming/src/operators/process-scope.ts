import {
  type InternalTimer,
  type InternalTimerService,
  NO_TIMESTAMP,
  NO_WATERMARK,
  type OperatorContext,
  type Triggerable,
} from '@flink-ts/runtime/program'
import { InvalidProgramError, UsedOutsideCallError } from '../functions/errors.js'
import type {
  KeyedProcessContext,
  OnTimerContext,
  ProcessContext,
  TimeDomain,
  TimerService,
} from '../functions/function-types.js'
import { CallCollector } from './call-collector.js'
import type { KeyedContext } from './keyed-context.js'
import type { UserFunctionGuard } from './user-function-guard.js'

/** What is called when a timer fires. */
export type OnTimer = (
  timestampMs: number,
  context: OnTimerContext<unknown>,
  out: CallCollector,
) => unknown

/** What a {@link ProcessScope} is made with. */
export interface ProcessScopeOptions {
  readonly operatorContext: OperatorContext
  readonly guard: UserFunctionGuard
  /** Behind `keyBy`. */
  readonly keyed: KeyedContext | undefined
  readonly onTimer: OnTimer | undefined
  /** What contexts of elements and timers have beside. */
  readonly more?: object
}

/** Flink's name. */
const TIMERS = 'user-timers'

/**
 * What a process function sees of the element or timer at hand: its context, the collector and timers. All of it is
 * out of reach between two calls.
 */
export class ProcessScope implements Triggerable<undefined> {
  readonly collector: CallCollector
  /** For `processElement`; with a key where there are keys. */
  readonly context: ProcessContext
  readonly #operatorContext: OperatorContext
  readonly #guard: UserFunctionGuard
  readonly #keyed: KeyedContext | undefined
  readonly #onTimer: OnTimer | undefined
  readonly #timerContext: OnTimerContext<unknown>
  #timers: InternalTimerService<undefined> | undefined
  #watermark = NO_WATERMARK
  #key: unknown
  #timestamp = NO_TIMESTAMP
  #timeDomain: TimeDomain = 'EVENT_TIME'

  constructor({ operatorContext, guard, keyed, onTimer, more }: ProcessScopeOptions) {
    this.#operatorContext = operatorContext
    this.#guard = guard
    this.#keyed = keyed
    this.#onTimer = onTimer
    this.collector = new CallCollector(operatorContext.output, () =>
      this.#outside('collector or context'),
    )
    const timers = this.#timerService()
    const timestamp = () => {
      // For its check that a call is going on.
      void this.collector.timestamp
      return Number.isNaN(this.#timestamp) ? undefined : this.#timestamp
    }
    const timerService = () => timers
    const getCurrentKey = () => {
      void this.collector.timestamp
      return this.#key
    }
    const timeDomain = () => {
      void this.collector.timestamp
      return this.#timeDomain
    }
    const base = { timestamp, timerService, ...more }
    const keyedContext: KeyedProcessContext<unknown> = { ...base, getCurrentKey }
    this.context = keyed === undefined ? base : keyedContext
    this.#timerContext = { ...keyedContext, timeDomain }
  }

  /** Finds restored timers. Without `onTimer` there are none. */
  open(): void {
    if (this.#keyed === undefined || this.#onTimer === undefined) return
    // From now on it knows the key of each call.
    void this.#keyed.backend
    this.#timers = this.#operatorContext.timerService(TIMERS, this)
  }

  /** An element is at hand. @param key undefined without keys */
  begin(timestamp: number, key: unknown): void {
    this.#key = key
    this.#timestamp = timestamp
    this.collector.begin(timestamp)
  }

  /** The call is over. @throws what operators behind threw meanwhile; an error for a function that answered a promise */
  end(functionName: string, result: unknown): void {
    const { collector } = this
    collector.end()
    this.#keyed?.end()
    // A function that caught it must not hide that an element was lost.
    if (collector.downstreamError !== undefined) throw collector.downstreamError
    if (result instanceof Promise) throw this.#guard.promised(functionName, result)
  }

  /** The error to fail the task with when the function threw `error`. */
  failed(functionName: string, error: unknown): unknown {
    return error === this.collector.downstreamError
      ? error
      : this.#guard.failed(functionName, error)
  }

  /** Fires timers that are due, in turns of the task perhaps; then the watermark goes on. */
  advanceWatermark(timestampMs: number, goOn: () => void): void {
    this.#watermark = timestampMs
    if (this.#timers === undefined) goOn()
    else this.#timers.advanceWatermark(timestampMs, goOn)
  }

  onEventTime(timer: InternalTimer<undefined>): void {
    this.#fire(timer, 'EVENT_TIME')
  }

  onProcessingTime(timer: InternalTimer<undefined>): void {
    this.#fire(timer, 'PROCESSING_TIME')
  }

  #fire({ timestamp, key }: InternalTimer<undefined>, domain: TimeDomain): void {
    const { collector } = this
    this.#key = key
    this.#timestamp = timestamp
    this.#timeDomain = domain
    // What a timer of the clock emits has no event time.
    collector.begin(domain === 'EVENT_TIME' ? timestamp : NO_TIMESTAMP)
    this.#keyed!.beginKey(key)
    let result: unknown
    try {
      result = this.#onTimer!(timestamp, this.#timerContext, collector)
    } catch (error) {
      throw this.failed('onTimer', error)
    }
    this.end('onTimer', result)
  }

  #timerService(): TimerService {
    const check = () => {
      if (!this.collector.isInCall) throw this.#outside('timer service')
    }
    const timers = (timestampMs: number) => {
      check()
      if (!Number.isFinite(timestampMs)) throw this.#noTimestamp(timestampMs)
      if (this.#timers === undefined) throw this.#noTimers()
      return this.#timers
    }
    return {
      currentProcessingTime: () => {
        check()
        return this.#operatorContext.processingTime.currentTimeMs()
      },
      currentWatermark: () => {
        check()
        return this.#watermark
      },
      registerProcessingTimeTimer: (ms) => timers(ms).registerProcessingTimeTimer(undefined, ms),
      registerEventTimeTimer: (ms) => timers(ms).registerEventTimeTimer(undefined, ms),
      deleteProcessingTimeTimer: (ms) => timers(ms).deleteProcessingTimeTimer(undefined, ms),
      deleteEventTimeTimer: (ms) => timers(ms).deleteEventTimeTimer(undefined, ms),
    }
  }

  #outside(what: string): Error {
    return new UsedOutsideCallError(what, this.#guard.operatorName)
  }

  #noTimestamp(timestampMs: unknown): Error {
    return new InvalidProgramError(
      `Operator '${this.#guard.operatorName}' cannot set a timer for ${String(timestampMs)}: expected milliseconds since the epoch`,
    )
  }

  #noTimers(): Error {
    const reason =
      this.#keyed === undefined
        ? 'the input has no keys, and timers belong to a key; use it behind keyBy(…)'
        : 'the function has no onTimer that it could call'
    return new InvalidProgramError(
      `Operator '${this.#guard.operatorName}' cannot set a timer: ${reason}`,
    )
  }
}
