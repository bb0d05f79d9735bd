import {
  CoordinationConnectionLostError,
  EntryExistsError,
} from '../highavailability/store/store-errors.js'
import type { VersionedStore } from '../highavailability/store/versioned-store.js'
import type { ScheduleAction } from './slotpool/slot-pool.js'

const NAME = 'outputs-initialized'
const RETRY_MS = 1_000

/**
 * Remembers beyond a term of leadership that the outputs of a job were initialized: what a later leader
 * finds there is the job's own.
 */
export class InitializedOutputs {
  readonly #store: VersionedStore
  readonly #schedule: ScheduleAction

  /** @param store the entries of the job; they go with it */
  constructor(store: VersionedStore, schedule: ScheduleAction) {
    this.#store = store
    this.#schedule = schedule
  }

  /** @throws LeadershipLostError */
  has(): Promise<boolean> {
    return this.#untilConnected(async () => (await this.#store.get(NAME)) !== undefined)
  }

  /** @throws LeadershipLostError */
  add(): Promise<void> {
    return this.#untilConnected(async () => {
      try {
        await this.#store.create(NAME, new Uint8Array())
      } catch (error) {
        // Of an attempt whose answer was lost.
        if (!(error instanceof EntryExistsError)) throw error
      }
    })
  }

  async #untilConnected<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        if (!(error instanceof CoordinationConnectionLostError)) throw error
        await new Promise<void>((resolve) => this.#schedule(RETRY_MS, resolve))
      }
    }
  }
}
