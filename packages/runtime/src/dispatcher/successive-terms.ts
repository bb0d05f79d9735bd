import type { Logger } from '@flink-ts/core'
import { LeadershipLostError } from '../highavailability/store/store-errors.js'
import type { DispatcherTerm } from './dispatcher-term.js'

/** The terms of one Dispatcher: one begins when those before it have ended. */
export class SuccessiveTerms {
  readonly #log: Logger
  #current: DispatcherTerm | undefined
  #earlier: Promise<unknown> = Promise.resolve()

  constructor(log: Logger) {
    this.#log = log
  }

  /** Of the latest grant; it may not have been recovered yet. */
  get current(): DispatcherTerm | undefined {
    return this.#current
  }

  /**
   * Ends the present term and takes the next one's place, which is recovered when the others have ended.
   *
   * @returns undefined if the term is over before
   * @throws what was wrong with recovering it, unless the term is over
   */
  async begin(create: () => DispatcherTerm): Promise<DispatcherTerm | undefined> {
    this.end()
    const term = create()
    this.#current = term
    await this.#earlier
    if (this.#current !== term) return undefined
    try {
      await term.recover()
    } catch (error) {
      // It has been revoked meanwhile, or will hear of it.
      if (this.#current !== term || error instanceof LeadershipLostError) return undefined
      throw error
    }
    return term
  }

  /** There is no present term from now on; what it runs ends later. */
  end(): void {
    const term = this.#current
    this.#current = undefined
    if (term === undefined) return
    const ended = term.close().catch((error) => {
      // The next term must not hear of it: it would never serve.
      this.#log.error('A term did not end in order', { error })
    })
    this.#earlier = Promise.all([this.#earlier, ended])
  }

  /** Ends the present term; resolves when nothing goes on of any. */
  async close(): Promise<void> {
    this.end()
    await this.#earlier
  }
}
