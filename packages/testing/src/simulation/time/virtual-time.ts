import assert from 'node:assert/strict'
import type { CancelTimer, Clock } from '@flink-ts/core'
import { type TimedEvent, TimedEventQueue } from './timed-event-queue.js'

/** Bounds of one {@link VirtualTime.run}. */
export interface RunBounds {
  /** Asked before each event; true ends the run. */
  readonly until?: () => boolean
  /** No event after this moment is run. Virtual milliseconds since the start. */
  readonly deadlineMs?: number
}

/** Why a run ended: the condition held, the time was up, or nothing was left to happen. */
export type RunOutcome = 'CONDITION' | 'DEADLINE' | 'IDLE'

/** So many events at one moment are no progress any more. */
const DEFAULT_MAX_EVENTS_PER_INSTANT = 100_000

/**
 * Virtual time: a queue of events that run one after the other, in the order of their times and, at
 * the same time, of their scheduling. After each event all promise jobs run before the next one does,
 * so nothing but the queue decides what happens when. Whatever the simulated components await must
 * therefore come from the simulation: real I/O would end between two arbitrary events.
 *
 * While it runs, errors of this thread have no stacks (`stackTraces: true` keeps them): messages
 * carry stacks, and those differ between callers and machines.
 */
export class VirtualTime implements Clock {
  readonly #queue = new TimedEventQueue()
  readonly #stackTraces: boolean
  readonly #maxEventsPerInstant: number
  /** Called after each event and the promise jobs that followed it; what it throws ends the run. */
  onStep: () => void = () => {}
  #nowMs = 0
  #steps = 0
  #eventsNow = 0
  #running = false
  #failure: { readonly error: unknown } | undefined

  constructor(options: { stackTraces?: boolean; maxEventsPerInstant?: number } = {}) {
    this.#stackTraces = options.stackTraces ?? false
    this.#maxEventsPerInstant = options.maxEventsPerInstant ?? DEFAULT_MAX_EVENTS_PER_INSTANT
  }

  /** Virtual milliseconds since the start, with a fraction. */
  now(): number {
    return this.#nowMs
  }

  monotonicNow(): number {
    return this.#nowMs
  }

  /** Events that have run. */
  get steps(): number {
    return this.#steps
  }

  /** Events that are still to come. */
  get pendingEvents(): number {
    return this.#queue.size
  }

  schedule(delayMs: number, action: () => void): CancelTimer {
    const event = this.#queue.push(this.#nowMs + Math.max(0, delayMs), action)
    return () => this.#queue.remove(event)
  }

  /** Ends the run that goes on with `error`, after the event that goes on; the first one counts. */
  fail(error: unknown): void {
    this.#failure ??= { error }
  }

  /**
   * Runs events until a bound is reached or none is left.
   *
   * @throws what `onStep` threw or {@link fail} was given; AssertionError on a livelock
   */
  run(bounds: RunBounds = {}): Promise<RunOutcome> {
    assert(!this.#running, 'virtual time runs once at a time')
    this.#running = true
    const limit = Error.stackTraceLimit
    if (!this.#stackTraces) Error.stackTraceLimit = 0
    return new Promise<RunOutcome>((resolve, reject) => {
      // A callback rather than an async loop: the stacks of what runs end here, whoever called.
      const step = (): void => {
        try {
          this.#throwFailure()
          const outcome = this.#advance(bounds)
          if (outcome === undefined) setImmediate(settled)
          else finish(() => resolve(outcome))
        } catch (error) {
          finish(() => reject(error))
        }
      }
      const settled = (): void => {
        try {
          this.#check()
          step()
        } catch (error) {
          finish(() => reject(error))
        }
      }
      const finish = (end: () => void): void => {
        this.#running = false
        Error.stackTraceLimit = limit
        end()
      }
      // What was begun outside of the run settles first.
      setImmediate(step)
    })
  }

  /** Runs the next event; its promise jobs run when the caller has returned to the event loop. */
  #advance({ until, deadlineMs }: RunBounds): RunOutcome | undefined {
    if (until?.()) return 'CONDITION'
    const event = this.#queue.peek()
    const isLate =
      deadlineMs !== undefined && (event?.dueMs ?? Number.POSITIVE_INFINITY) > deadlineMs
    // Time passes also if nothing happens.
    if (isLate) this.#nowMs = Math.max(this.#nowMs, deadlineMs)
    if (event === undefined) return 'IDLE'
    if (isLate) return 'DEADLINE'
    this.#run(event)
    return undefined
  }

  #run(event: TimedEvent): void {
    this.#queue.remove(event)
    if (event.dueMs > this.#nowMs) this.#eventsNow = 0
    this.#nowMs = Math.max(this.#nowMs, event.dueMs)
    this.#steps++
    this.#eventsNow++
    assert(
      this.#eventsNow <= this.#maxEventsPerInstant,
      `livelock: more than ${this.#maxEventsPerInstant} events at ${this.#nowMs} ms of virtual time`,
    )
    event.action()
  }

  #check(): void {
    this.onStep()
    this.#throwFailure()
  }

  #throwFailure(): void {
    if (this.#failure === undefined) return
    const { error } = this.#failure
    this.#failure = undefined
    throw error
  }
}
