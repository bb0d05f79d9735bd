import type { JobGraphStore, JobResultStore, LeaderStores } from '../high-availability-services.js'
import { VersionedJobGraphStore } from './versioned-job-graph-store.js'
import { VersionedJobResultStore } from './versioned-job-result-store.js'
import type { VersionedStore } from './versioned-store.js'

export interface NamespacedLeaderStoresOptions {
  /** Entries below `namespace`, whose parts stand between slashes. */
  readonly namespace: (namespace: string) => VersionedStore
  /** Removes `namespace` and those below it, in the term that the stores are of. Idempotent. */
  readonly removeNamespace: (namespace: string) => Promise<void>
  /** Namespace of the submitted jobs. Default `execution-plans`. */
  readonly executionPlans?: string
}

/** The stores of one term of leadership, all over one kind of {@link VersionedStore}. */
export class NamespacedLeaderStores implements LeaderStores {
  readonly jobGraphs: JobGraphStore
  readonly jobResults: JobResultStore
  readonly #options: NamespacedLeaderStoresOptions

  constructor(options: NamespacedLeaderStoresOptions) {
    this.#options = options
    this.jobGraphs = new VersionedJobGraphStore(
      this.namespace(options.executionPlans ?? 'execution-plans'),
    )
    this.jobResults = new VersionedJobResultStore(this.namespace('job-results'))
  }

  namespace(namespace: string): VersionedStore {
    return this.#options.namespace(namespace)
  }

  jobNamespace(jobId: string, namespace: string): VersionedStore {
    return this.namespace(`jobs/${jobId}/${namespace}`)
  }

  cleanUpJob(jobId: string): Promise<void> {
    return this.#options.removeNamespace(`jobs/${jobId}`)
  }
}
