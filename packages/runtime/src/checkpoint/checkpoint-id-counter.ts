import { FlinkError } from '@flink-ts/core'
import {
  CorruptEntryError,
  EntryExistsError,
  EntryMissingError,
  EntryVersionError,
} from '../highavailability/store/store-errors.js'
import type { VersionedStore } from '../highavailability/store/versioned-store.js'

const NAME = 'checkpoint-id-counter'

/** Gives each checkpoint of a job its id, also across leaders; the first is 1. Ids only rise; some may be left out. */
export class CheckpointIdCounter {
  readonly #store: VersionedStore
  readonly #atLeast: bigint

  /**
   * @param store of the job
   * @param after ids up to this one have been used, whatever the store says
   */
  constructor(store: VersionedStore, after = 0n) {
    this.#store = store
    this.#atLeast = after + 1n
  }

  /**
   * The next id; nobody else gets it.
   *
   * @throws CoordinationConnectionLostError: an id may have been left out; call again
   * @throws LeadershipLostError, CorruptEntryError
   */
  async getAndIncrement(): Promise<bigint> {
    for (;;) {
      const entry = await this.#store.get(NAME)
      const stored = entry === undefined ? 1n : parse(this.#store.pathOf(NAME), entry.value)
      const id = stored > this.#atLeast ? stored : this.#atLeast
      const next = Buffer.from(`${id + 1n}`)
      try {
        if (entry === undefined) await this.#store.create(NAME, next)
        else await this.#store.replace(NAME, next, entry.version)
        return id
      } catch (error) {
        const isChanged =
          error instanceof EntryVersionError ||
          error instanceof EntryExistsError ||
          error instanceof EntryMissingError
        if (!isChanged) throw error
      }
    }
  }
}

function parse(path: string, value: Uint8Array): bigint {
  const text = Buffer.from(value).toString()
  if (/^[1-9]\d{0,18}$/.test(text)) return BigInt(text)
  const reason = new FlinkError(`expected a number from 1 on, found ${JSON.stringify(text)}`, {
    code: 'FLINK_HA_ENTRY_CORRUPT',
  })
  throw new CorruptEntryError(path, reason)
}
