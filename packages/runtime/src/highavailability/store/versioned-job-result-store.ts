import { FlinkError } from '@flink-ts/core'
import { isGloballyTerminalJobStatus } from '../../executiongraph/job-status.js'
import type { JobResult } from '../../messages/messages.generated.js'
import type { JobResultStore } from '../high-availability-services.js'
import { removeEntry } from './remove-entry.js'
import { CorruptEntryError, EntryExistsError, EntryVersionError } from './store-errors.js'
import type { VersionedStore } from './versioned-store.js'

interface StoredResult {
  readonly dirty: boolean
  readonly result: JobResult
}

const encode = (stored: StoredResult): Uint8Array => Buffer.from(JSON.stringify(stored))

/** Job results as JSON, one entry each. */
export class VersionedJobResultStore implements JobResultStore {
  readonly #store: VersionedStore

  constructor(store: VersionedStore) {
    this.#store = store
  }

  async hasJobResult(jobId: string): Promise<boolean> {
    return (await this.#store.get(jobId)) !== undefined
  }

  async getJobResult(jobId: string): Promise<JobResult | undefined> {
    const entry = await this.#store.get(jobId)
    return entry && this.#parse(jobId, entry.value).result
  }

  async putDirtyResult(result: JobResult): Promise<void> {
    try {
      await this.#store.create(result.jobId, encode({ dirty: true, result }))
    } catch (error) {
      if (!(error instanceof EntryExistsError)) throw error
    }
  }

  async markClean(jobId: string, keep: boolean): Promise<void> {
    if (!keep) return removeEntry(this.#store, jobId)
    for (;;) {
      const entry = await this.#store.get(jobId)
      if (entry === undefined) return
      const { dirty, result } = this.#parse(jobId, entry.value)
      if (!dirty) return
      try {
        await this.#store.replace(jobId, encode({ dirty: false, result }), entry.version)
        return
      } catch (error) {
        if (!(error instanceof EntryVersionError)) throw error
      }
    }
  }

  async getDirtyResults(
    onCorrupt?: (jobId: string, error: CorruptEntryError) => void,
  ): Promise<JobResult[]> {
    const results: JobResult[] = []
    for (const jobId of await this.#store.names()) {
      try {
        const entry = await this.#store.get(jobId)
        if (entry === undefined) continue
        const { dirty, result } = this.#parse(jobId, entry.value)
        if (dirty) results.push(result)
      } catch (error) {
        if (onCorrupt === undefined || !(error instanceof CorruptEntryError)) throw error
        onCorrupt(jobId, error)
      }
    }
    return results
  }

  #parse(jobId: string, value: Uint8Array): StoredResult {
    return parse(this.#store.pathOf(jobId), jobId, value)
  }
}

function parse(path: string, jobId: string, value: Uint8Array): StoredResult {
  let stored: Partial<StoredResult> | null
  try {
    stored = JSON.parse(Buffer.from(value).toString())
  } catch (error) {
    throw new CorruptEntryError(path, error)
  }
  const { dirty, result } = stored ?? {}
  if (
    typeof dirty !== 'boolean' ||
    result?.jobId !== jobId ||
    !isGloballyTerminalJobStatus(result.status)
  ) {
    throw new CorruptEntryError(
      path,
      new FlinkError(`expected the result of job ${jobId} and whether it is dirty`, {
        code: 'FLINK_HA_ENTRY_CORRUPT',
      }),
    )
  }
  return { dirty, result }
}
