import { FlinkError, type Logger, noopLogger } from '@flink-ts/core'
import {
  CorruptEntryError,
  EntryExistsError,
  EntryMissingError,
  EntryVersionError,
} from '../highavailability/store/store-errors.js'
import type { VersionedStore } from '../highavailability/store/versioned-store.js'

const NAME = 'checkpoint-id-counter'
/** REST and clients have ids as numbers of JavaScript. */
const MAX_ID = BigInt(Number.MAX_SAFE_INTEGER)
/**
 * How many ids are left out when nobody knows any more which have been given: more than checkpoints that failed, of which
 * nothing is left, can have used up at the shortest interval in a hundred days.
 */
const GAP = 1_000_000_000n

/** What the store says. */
interface Stored {
  /** Undefined: there is no entry. */
  readonly version: number | undefined
  /** No id from this one on was given. */
  readonly next: bigint
}

export interface CheckpointIdCounterOptions {
  /** Ids up to this one have been used, whatever the store says. Default 0. */
  readonly after?: bigint
  /** Default: nothing is said. */
  readonly log?: Logger
}

/**
 * Gives each checkpoint of a job its id, also across leaders; the first is 1. Ids only rise; some may be left out. What is stored
 * and cannot be read is replaced, by a number far beyond all ids that are known: no id may come twice, as tasks know what they
 * keep of a checkpoint by its id. (Only what is destroyed a second time, under another leader, before any checkpoint has completed
 * could make ids come again.)
 */
export class CheckpointIdCounter {
  readonly #store: VersionedStore
  readonly #log: Logger
  #atLeast: bigint
  /** This one has given an id: nobody else has given a higher one since then. */
  #hasGiven = false

  /**
   * @param store of the job
   * @throws TypeError if the options are none, as in JavaScript they can be: ids would come again
   */
  constructor(store: VersionedStore, options: CheckpointIdCounterOptions = {}) {
    const { after = 0n, log = noopLogger } = checked(options)
    this.#store = store
    this.#log = log
    this.#atLeast = after + 1n
  }

  /**
   * The next id; nobody else gets it.
   *
   * @throws CoordinationConnectionLostError: an id may have been left out; call again
   * @throws LeadershipLostError
   */
  async getAndIncrement(): Promise<bigint> {
    for (;;) {
      try {
        const { version, next } = await this.#read()
        const id = next > this.#atLeast ? next : this.#atLeast
        const value = Buffer.from(`${id + 1n}`)
        if (version === undefined) await this.#store.create(NAME, value)
        else await this.#store.replace(NAME, value, version)
        this.#atLeast = id + 1n
        this.#hasGiven = true
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

  async #read(): Promise<Stored> {
    try {
      const entry = await this.#store.get(NAME)
      if (entry === undefined) return { version: undefined, next: 1n }
      return { version: entry.version, next: parse(this.#store.pathOf(NAME), entry.value) }
    } catch (error) {
      if (!(error instanceof CorruptEntryError)) throw error
      return this.#afterAll(error)
    }
  }

  /** Further than anybody can have counted. */
  async #afterAll(error: CorruptEntryError): Promise<Stored> {
    const version = await this.#store.versionOf(NAME)
    const next = this.#hasGiven ? this.#atLeast : this.#atLeast + GAP
    this.#log.warn('The counter of checkpoint ids cannot be read; it goes on beyond all ids', {
      path: error.path,
      next: `${next}`,
      error,
    })
    return { version, next }
  }
}

function checked(options: CheckpointIdCounterOptions): CheckpointIdCounterOptions {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `CheckpointIdCounter takes options such as { after: 7n }, not ${shown(options)}`,
    )
  }
  const { after } = options
  if (after !== undefined && typeof after !== 'bigint') {
    throw new TypeError(
      `'after' of CheckpointIdCounter is a bigint such as 7n, not ${shown(after)}`,
    )
  }
  return options
}

function shown(value: unknown): string {
  return `${String(value).slice(0, 40)} (${typeof value})`
}

function parse(path: string, value: Uint8Array): bigint {
  const text = Buffer.from(value).toString()
  if (/^[1-9]\d{0,18}$/.test(text) && BigInt(text) <= MAX_ID) return BigInt(text)
  const found = JSON.stringify(text.slice(0, 40))
  const reason = new FlinkError(`expected a number from 1 to ${MAX_ID}, found ${found}`, {
    code: 'FLINK_HA_ENTRY_CORRUPT',
  })
  throw new CorruptEntryError(path, reason)
}
