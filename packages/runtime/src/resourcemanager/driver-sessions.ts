import type { VersionedStore } from '../highavailability/store/versioned-store.js'
import { DriverSession, type DriverSessionOptions } from './driver-session.js'

/** The sessions of a driver, one after the other: the next begins when the one before has ended. */
export class DriverSessions {
  readonly #options: DriverSessionOptions
  #current: DriverSession | undefined
  #ended: Promise<unknown> = Promise.resolve()

  constructor(options: DriverSessionOptions) {
    this.#options = options
  }

  /** Also before it is ready. */
  get current(): DriverSession | undefined {
    return this.#current
  }

  /** Resolves when the last session that was ended has. */
  get ended(): Promise<unknown> {
    return this.#ended
  }

  /**
   * @param store of the term of leadership
   * @param onReady told in the main thread, unless the session has been ended before
   */
  begin(store: VersionedStore, onReady: () => void): void {
    const { mainThread, onFatalError } = this.#options
    const session = new DriverSession(this.#options)
    this.#current = session
    session.start(this.#ended, store).then(
      () => mainThread.execute(() => (this.#current === session ? onReady() : undefined)),
      (error) => mainThread.execute(() => onFatalError(error)),
    )
  }

  /** Nothing happens if there is none. */
  end(): void {
    const session = this.#current
    this.#current = undefined
    if (session === undefined) return
    this.#ended = session.close().catch((error) => this.#options.onFatalError(error))
  }
}
