import type { ApplicationOutcome } from './application.js'

/** A program that has been started. */
export interface StartedApplication {
  /** Resolves when it has ended by its jobs; never after `terminate`. */
  readonly ended: Promise<ApplicationOutcome>
  /** Whether `terminate` has left a thread that nothing can end. */
  readonly isStuck: boolean
  terminate(): Promise<void>
}

export interface LeadingApplicationOptions {
  /** Starts the program anew. */
  readonly start: () => StartedApplication
  /** It has ended while this process led. */
  readonly onEnded: (outcome: ApplicationOutcome) => void
  /** It has failed for another reason than its jobs while this process led. */
  readonly onFailed: (error: unknown) => void
}

/**
 * Runs an application while this process leads, from its beginning each time that it comes to lead. One
 * that belongs to a time that is over is terminated before the next one starts, and nobody hears of its end.
 */
export class LeadingApplication {
  readonly #options: LeadingApplicationOptions
  #leads = false
  #running: StartedApplication | undefined
  #changes: Promise<void> = Promise.resolve()
  #isStuck = false

  constructor(options: LeadingApplicationOptions) {
    this.#options = options
  }

  /** Whether a thread is left that nothing can end. */
  get isStuck(): boolean {
    return this.#isStuck
  }

  /** To be told whenever it may have changed who leads. */
  setLeading(leads: boolean): void {
    this.#leads = leads
    const over = leads ? undefined : this.#running
    if (!leads) this.#running = undefined
    this.#changes = this.#changes.then(async () => {
      await over?.terminate()
      this.#isStuck ||= over?.isStuck === true
      if (this.#leads && this.#running === undefined) this.#start()
    })
  }

  /** Terminates what runs. Idempotent. */
  close(): Promise<void> {
    this.setLeading(false)
    return this.#changes
  }

  #start(): void {
    const { start, onEnded, onFailed } = this.#options
    const started = start()
    this.#running = started
    started.ended.then(
      (outcome) => {
        if (this.#running === started) onEnded(outcome)
      },
      (error) => {
        if (this.#running === started) onFailed(error)
      },
    )
  }
}
