import { type CancelTimer, type Clock, FlinkError, type Logger } from '@flink-ts/core'
import {
  CoordinationConnectionLostError,
  CorruptEntryError,
  EntryExistsError,
  LeadershipLostError,
  removeEntry,
  type VersionedStore,
} from '@flink-ts/runtime'
import type { LocalProcesses, WorkerProcess } from '../local-processes.js'
import type { WorkerRecords } from './worker-records.js'

const RETRY_MS = 500

export interface StoreWorkerRecordsOptions {
  /** Of the leader's term. */
  readonly store: VersionedStore
  readonly processes: LocalProcesses
  readonly clock: Clock
  readonly log: Logger
}

/**
 * In the entries of the cluster, one for each worker: for the JobManager that leads next. Workers on other machines are left alone,
 * as nobody can end them from here: they end when no leader has accepted them for `taskmanager.registration.timeout`.
 */
export class StoreWorkerRecords implements WorkerRecords {
  readonly #options: StoreWorkerRecordsOptions
  /** End the pauses. */
  readonly #pauses = new Set<() => void>()
  #isClosed = false

  constructor(options: StoreWorkerRecordsOptions) {
    this.#options = options
  }

  async read(): Promise<WorkerProcess[]> {
    const { store, processes, log } = this.#options
    const workers: WorkerProcess[] = []
    for (const name of await this.#repeated(() => store.names())) {
      try {
        const entry = await this.#repeated(() => store.get(name))
        const found = entry && parse(store.pathOf(name), name, entry.value)
        if (found === undefined || found.machine !== processes.machine) continue
        if (processes.isAlive(found)) workers.push(found)
        else await this.#remove(name)
      } catch (error) {
        if (!(error instanceof CorruptEntryError)) throw error
        log.warn('What was kept of a worker cannot be read: the worker is on its own', { error })
        await this.#remove(name)
      }
    }
    return workers
  }

  async add({ resourceId, pid, startTime }: WorkerProcess): Promise<void> {
    const { store, processes } = this.#options
    const record = { pid, startTime, machine: processes.machine }
    try {
      await this.#repeated(() => store.create(resourceId, Buffer.from(JSON.stringify(record))))
    } catch (error) {
      // Ids are random: an attempt of which nobody knew whether it happened.
      if (!(error instanceof EntryExistsError)) throw error
    }
  }

  async remove({ resourceId }: WorkerProcess): Promise<void> {
    const { log } = this.#options
    try {
      await this.#remove(resourceId)
    } catch (error) {
      if (error instanceof LeadershipLostError) return
      log.info('A worker that has ended is still remembered', { resourceId, error })
    }
  }

  close(): void {
    this.#isClosed = true
    for (const end of [...this.#pauses]) end()
  }

  #remove(name: string): Promise<void> {
    return this.#repeated(() => removeEntry(this.#options.store, name))
  }

  async #repeated<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        if (this.#isClosed || !(error instanceof CoordinationConnectionLostError)) throw error
        await new Promise<void>((resolve) => this.#pause(resolve))
        if (this.#isClosed) throw error
      }
    }
  }

  #pause(resolve: () => void): void {
    let cancel: CancelTimer = () => {}
    const end = () => {
      this.#pauses.delete(end)
      cancel()
      resolve()
    }
    this.#pauses.add(end)
    cancel = this.#options.clock.schedule(RETRY_MS, end)
  }
}

/** @throws CorruptEntryError */
function parse(
  path: string,
  resourceId: string,
  value: Uint8Array,
): WorkerProcess & { readonly machine: string } {
  let record: Record<string, unknown> | null
  try {
    record = JSON.parse(Buffer.from(value).toString())
  } catch (error) {
    throw new CorruptEntryError(path, error)
  }
  const { pid, startTime, machine } = record ?? {}
  if (Number.isSafeInteger(pid) && typeof startTime === 'string' && typeof machine === 'string') {
    return { resourceId, pid: pid as number, startTime, machine }
  }
  const reason = new FlinkError('it is no record of a worker process', {
    code: 'FLINK_HA_ENTRY_CORRUPT',
  })
  throw new CorruptEntryError(path, reason)
}
