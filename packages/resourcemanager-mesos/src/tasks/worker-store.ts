import { type Clock, FlinkError, type Logger } from '@flink-ts/core'
import {
  CoordinationConnectionLostError,
  CorruptEntryError,
  EntryExistsError,
  EntryMissingError,
  EntryVersionError,
  type VersionedStore,
} from '@flink-ts/runtime'
import { encodeWorkerRecord, parseWorkerRecord, type WorkerRecord } from './worker-record.js'

const FRAMEWORK_ID = 'frameworkId'
const TASK_COUNT = 'taskCount'
const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 5_000

export interface WorkerStoreOptions {
  /** Of one term of leadership. */
  readonly store: VersionedStore
  readonly clock: Clock
  readonly log: Logger
}

/** What a former leader left. */
export interface StoredWorkers {
  readonly frameworkId: string | undefined
  readonly workers: readonly WorkerRecord[]
  /** Ids of tasks whose entries cannot be read: they may run. */
  readonly corrupt: readonly string[]
}

/**
 * The framework's id, the count of tasks and one entry per worker. What happens to one entry happens in the order of the calls. An
 * operation of which nobody knows whether it happened is repeated until that is known, or the store is closed.
 *
 * All operations reject with `LeadershipLostError` when the term is over.
 */
export class WorkerStore {
  readonly #options: WorkerStoreOptions
  readonly #versions = new Map<string, number>()
  /** Of each entry, the last operation that was begun. */
  readonly #turns = new Map<string, Promise<unknown>>()
  /** Whoever waits to try again. */
  readonly #pauses = new Set<() => void>()
  #isClosed = false
  /** Who waits for a number while others are being counted. */
  #waiting: { resolve(taskNumber: number): void; reject(error: unknown): void }[] = []
  #isCounting = false

  constructor(options: WorkerStoreOptions) {
    this.#options = options
  }

  /** Nothing is repeated any more. */
  close(): void {
    this.#isClosed = true
    for (const end of this.#pauses) end()
  }

  async read(): Promise<StoredWorkers> {
    const { store, log } = this.#options
    const names = await this.#retried(() => store.names())
    const workers: WorkerRecord[] = []
    const corrupt: string[] = []
    let frameworkId: string | undefined
    const read = async (name: string) => {
      const entry = await this.#retried(() => store.get(name))
      if (entry === undefined || name === TASK_COUNT) return
      this.#versions.set(name, entry.version)
      const path = store.pathOf(name)
      if (name === FRAMEWORK_ID) {
        const id = Buffer.from(entry.value).toString()
        if (/^[^\s\p{Cc}]+$/u.test(id)) frameworkId = id
        else log.error('The id of the framework cannot be read: a new one registers', { path })
        return
      }
      try {
        workers.push(parseWorkerRecord(name, entry.value))
      } catch (cause) {
        const error = new CorruptEntryError(path, cause)
        log.error('A worker is ended: what was kept of it cannot be read', { taskId: name, error })
        corrupt.push(name)
      }
    }
    await Promise.all(names.map(read))
    workers.sort((a, b) => (a.taskId < b.taskId ? -1 : 1))
    return { frameworkId, workers, corrupt: corrupt.sort() }
  }

  putFrameworkId(frameworkId: string): Promise<void> {
    return this.#put(FRAMEWORK_ID, Buffer.from(frameworkId))
  }

  forgetFrameworkId(): Promise<void> {
    return this.remove(FRAMEWORK_ID)
  }

  /** Resolves when nobody else had become the leader: writes, but changes nothing. */
  async confirm(): Promise<void> {
    await this.#reserve(0)
  }

  putWorker(record: WorkerRecord): Promise<void> {
    return this.#put(record.taskId, encodeWorkerRecord(record))
  }

  /** Nothing happens if there is none. */
  remove(name: string): Promise<void> {
    const { store } = this.#options
    return this.#inTurn(name, () =>
      this.#changed(name, false, async (version) => {
        if (version !== undefined) await store.remove(name, version)
        this.#versions.delete(name)
      }),
    )
  }

  /** Removes all entries but the count: numbers never come again. */
  async clear(): Promise<void> {
    const names = await this.#retried(() => this.#options.store.names())
    await Promise.all(names.filter((name) => name !== TASK_COUNT).map((name) => this.remove(name)))
  }

  /** Resolves when all that was begun with the entry has happened; rejects if the last of it has not. */
  async settled(name: string): Promise<void> {
    await this.#turns.get(name)
  }

  /** A number that nobody else gets, also of later leaders; from 1 on, and some may be left out. */
  nextTaskNumber(): Promise<number> {
    const taskNumber = new Promise<number>((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
    if (!this.#isCounting) void this.#count()
    return taskNumber
  }

  /** All that wait get their numbers by one change. */
  async #count(): Promise<void> {
    this.#isCounting = true
    // Those of the same turn come along.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting.splice(0)
      try {
        const first = await this.#reserve(waiting.length)
        for (const [index, { resolve }] of waiting.entries()) resolve(first + index)
      } catch (error) {
        for (const { reject } of waiting) reject(error)
      }
    }
    this.#isCounting = false
  }

  async #reserve(count: number): Promise<number> {
    const { store } = this.#options
    for (;;) {
      const taken = await this.#retried(async () => {
        const entry = await store.get(TASK_COUNT)
        const before = entry === undefined ? 0 : parseCount(store.pathOf(TASK_COUNT), entry.value)
        const value = Buffer.from(`${before + count}`)
        try {
          if (entry === undefined) await store.create(TASK_COUNT, value)
          else await store.replace(TASK_COUNT, value, entry.version)
          return before + 1
        } catch (error) {
          if (isOutdated(error)) return undefined
          throw error
        }
      })
      if (taken !== undefined) return taken
    }
  }

  #put(name: string, value: Uint8Array): Promise<void> {
    const { store } = this.#options
    return this.#inTurn(name, () =>
      this.#changed(name, true, async (version) => {
        const next =
          version === undefined
            ? await store.create(name, value)
            : await store.replace(name, value, version)
        this.#versions.set(name, next)
      }),
    )
  }

  /** Nobody else writes the entries of this term: what is found instead is of an attempt whose outcome was unknown. */
  async #changed(
    name: string,
    isProbablyNew: boolean,
    change: (version: number | undefined) => Promise<void>,
  ): Promise<void> {
    const { store } = this.#options
    let isRead = isProbablyNew || this.#versions.has(name)
    await this.#retried(async () => {
      for (;;) {
        const version = isRead ? this.#versions.get(name) : await store.versionOf(name)
        isRead = false
        try {
          await change(version)
          return
        } catch (error) {
          if (!isOutdated(error)) throw error
        }
      }
    })
  }

  #inTurn<T>(name: string, operation: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(name) ?? Promise.resolve()
    const turn = before.then(operation, operation)
    this.#turns.set(name, turn)
    const ended = () => {
      if (this.#turns.get(name) === turn) this.#turns.delete(name)
    }
    turn.then(ended, () => {})
    return turn
  }

  async #retried<T>(operation: () => Promise<T>): Promise<T> {
    const { log } = this.#options
    for (let attempt = 0; ; attempt++) {
      try {
        return await operation()
      } catch (error) {
        if (!(error instanceof CoordinationConnectionLostError) || this.#isClosed) throw error
        const againAfterMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 10))
        log.warn('What is kept of workers could not be changed or read yet', {
          againAfterMs,
          why: error.message,
        })
        await this.#pause(againAfterMs)
        if (this.#isClosed) throw error
      }
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel()
        this.#pauses.delete(end)
        resolve()
      }
      const cancel = this.#options.clock.schedule(delayMs, end)
      this.#pauses.add(end)
    })
  }
}

/** Somebody changed it, or we did without having heard of it. */
function isOutdated(error: unknown): boolean {
  return (
    error instanceof EntryExistsError ||
    error instanceof EntryVersionError ||
    error instanceof EntryMissingError
  )
}

function parseCount(path: string, value: Uint8Array): number {
  const text = Buffer.from(value).toString()
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const reason = new FlinkError(`expected a number, found ${JSON.stringify(text)}`, {
    code: 'FLINK_HA_ENTRY_CORRUPT',
  })
  throw new CorruptEntryError(path, reason)
}
