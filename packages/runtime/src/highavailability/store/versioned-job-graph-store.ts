import type { JobGraph } from '../../jobgraph/job-graph.js'
import { parseJobGraph } from '../../jobgraph/parse-job-graph.js'
import type { JobGraphStore } from '../high-availability-services.js'
import { removeEntry } from './remove-entry.js'
import {
  CorruptEntryError,
  EntryExistsError,
  EntryMissingError,
  EntryVersionError,
} from './store-errors.js'
import type { VersionedStore } from './versioned-store.js'

const encode = (jobGraph: JobGraph): Uint8Array => Buffer.from(JSON.stringify(jobGraph))

/** Job graphs as JSON, one entry each. */
export class VersionedJobGraphStore implements JobGraphStore {
  readonly #store: VersionedStore

  constructor(store: VersionedStore) {
    this.#store = store
  }

  async putJobGraph(jobGraph: JobGraph): Promise<void> {
    const { jobId } = jobGraph
    const value = encode(jobGraph)
    try {
      await this.#store.create(jobId, value)
    } catch (error) {
      if (!(error instanceof EntryExistsError)) throw error
      // A repetition after an attempt whose outcome nobody knows.
      const existing = await this.#store.get(jobId)
      if (existing === undefined || Buffer.compare(existing.value, value) !== 0) throw error
    }
  }

  async updateJobGraph(jobId: string, change: (jobGraph: JobGraph) => JobGraph): Promise<void> {
    for (;;) {
      const entry = await this.#store.get(jobId)
      if (entry === undefined) throw new EntryMissingError(this.#store.pathOf(jobId))
      const changed = change(this.#parse(jobId, entry.value))
      try {
        await this.#store.replace(jobId, encode(changed), entry.version)
        return
      } catch (error) {
        if (!(error instanceof EntryVersionError)) throw error
      }
    }
  }

  async getJobGraph(jobId: string): Promise<JobGraph | undefined> {
    const entry = await this.#store.get(jobId)
    return entry && this.#parse(jobId, entry.value)
  }

  getJobIds(): Promise<string[]> {
    return this.#store.names()
  }

  removeJobGraph(jobId: string): Promise<void> {
    return removeEntry(this.#store, jobId)
  }

  #parse(jobId: string, value: Uint8Array): JobGraph {
    try {
      return parseJobGraph(value)
    } catch (error) {
      throw new CorruptEntryError(this.#store.pathOf(jobId), error)
    }
  }
}
