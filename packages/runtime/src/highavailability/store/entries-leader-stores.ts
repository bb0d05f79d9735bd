import type { JobGraphStore, JobResultStore, LeaderStores } from '../high-availability-services.js'
import type { VersionedEntries } from './versioned-entries.js'
import { VersionedJobGraphStore } from './versioned-job-graph-store.js'
import { VersionedJobResultStore } from './versioned-job-result-store.js'
import type { VersionedStore } from './versioned-store.js'

/** Carries an operation to where the entries are; `operation` describes it in errors. */
export interface EntriesAccess {
  read<T>(operation: string, run: (entries: VersionedEntries) => T): Promise<T>
  /** Rejects with `LeadershipLostError` if the term is over when the operation arrives. */
  write<T>(operation: string, run: (entries: VersionedEntries) => T): Promise<T>
}

/** The stores of one term of leadership over {@link VersionedEntries}. */
export class EntriesLeaderStores implements LeaderStores {
  readonly jobGraphs: JobGraphStore
  readonly jobResults: JobResultStore
  readonly #access: EntriesAccess

  constructor(access: EntriesAccess) {
    this.#access = access
    this.jobGraphs = new VersionedJobGraphStore(this.namespace('job-graphs'))
    this.jobResults = new VersionedJobResultStore(this.namespace('job-results'))
  }

  namespace(namespace: string): VersionedStore {
    const access = this.#access
    const path = (name: string) => `${namespace}/${name}`
    return {
      names: () => access.read(`list ${namespace}`, (entries) => entries.names(namespace)),
      get: (name) => access.read(`read ${path(name)}`, (entries) => entries.get(namespace, name)),
      create: (name, value) =>
        access.write(`create ${path(name)}`, (entries) => entries.create(namespace, name, value)),
      replace: (name, value, version) =>
        access.write(`replace ${path(name)}`, (entries) =>
          entries.replace(namespace, name, value, version),
        ),
      remove: (name, version) =>
        access.write(`remove ${path(name)}`, (entries) => entries.remove(namespace, name, version)),
    }
  }

  jobNamespace(jobId: string, namespace: string): VersionedStore {
    return this.namespace(`jobs/${jobId}/${namespace}`)
  }

  cleanUpJob(jobId: string): Promise<void> {
    const namespace = `jobs/${jobId}`
    return this.#access.write(`remove ${namespace}`, (entries) => entries.removeAll(namespace))
  }
}
