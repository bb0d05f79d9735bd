import type { FileSystem } from '@flink-ts/core'
import type { FencingToken } from '@flink-ts/rpc'
import type { JobGraph } from '../jobgraph/job-graph.js'
import type { JobResult } from '../messages/messages.generated.js'
import type { CorruptEntryError } from './store/store-errors.js'
import type { VersionedStore } from './store/versioned-store.js'

/** What there is one leader of. */
export type LeaderComponent =
  | { readonly kind: 'dispatcher' }
  | { readonly kind: 'resourcemanager' }
  /** The REST endpoint; its address is the base URL. */
  | { readonly kind: 'rest_server' }
  /** A leader that ends its cluster; for the implementation's own use. */
  | { readonly kind: 'jobmanager'; readonly jobId: string }

/** Where a leader is and the token that its messages carry. */
export interface LeaderAddress {
  /** host:port of its RPC service. */
  readonly address: string
  readonly endpointId: string
  readonly token: FencingToken
}

export interface LeaderContender {
  /** May be called again with a later token after a revocation. */
  grantLeadership(token: FencingToken): void
  revokeLeadership(): void
}

/**
 * A component's part in the election. There is one election per process: all its components are
 * granted the same token together, and revoked together; one that starts amidst a term is granted it
 * at once.
 */
export interface LeaderElection {
  start(contender: LeaderContender): void
  /** The contender serves now under this address; nobody finds it before. Of a term that is over: nothing happens. */
  confirmLeadership(leader: LeaderAddress): void
  /** The component is not found any more and told nothing any more; the process may go on leading. Idempotent. */
  close(): Promise<void>
}

/** Tells who leads, first and at each change; undefined: nobody now. */
export interface LeaderRetriever {
  start(listener: (leader: LeaderAddress | undefined) => void): void
  close(): Promise<void>
}

/** Keeps submitted graphs of jobs that have not ended, for a later leader. */
export interface JobGraphStore {
  /**
   * Keeps a new graph; a repetition of the same graph changes nothing.
   *
   * @throws EntryExistsError if the job has another graph already
   */
  putJobGraph(jobGraph: JobGraph): Promise<void>
  /**
   * Replaces what is kept by what `change` makes of it, also if somebody else changes it meanwhile.
   *
   * @throws EntryMissingError
   */
  updateJobGraph(jobId: string, change: (jobGraph: JobGraph) => JobGraph): Promise<void>
  /** @throws CorruptEntryError */
  getJobGraph(jobId: string): Promise<JobGraph | undefined>
  getJobIds(): Promise<string[]>
  /** Idempotent. */
  removeJobGraph(jobId: string): Promise<void>
}

/**
 * How jobs ended. A result is dirty until everything else of the job is cleaned up; a job that has a
 * result is never run again.
 */
export interface JobResultStore {
  /** Whether there is one, be it that it cannot be read. */
  hasJobResult(jobId: string): Promise<boolean>
  /** Dirty or clean; undefined: there is none. @throws CorruptEntryError */
  getJobResult(jobId: string): Promise<JobResult | undefined>
  /** Keeps a result before anybody hears of it. The first one counts; a repetition changes nothing. */
  putDirtyResult(result: JobResult): Promise<void>
  /** The clean-up is complete: the result is removed, or kept as clean if `keep`. Idempotent. */
  markClean(jobId: string, keep: boolean): Promise<void>
  /**
   * @param onCorrupt is told of results that cannot be read, which are left out
   * @throws CorruptEntryError without `onCorrupt`
   */
  getDirtyResults(
    onCorrupt?: (jobId: string, error: CorruptEntryError) => void,
  ): Promise<JobResult[]>
}

/**
 * What one leader keeps for the next. Every write is compared with the term that these stores are of: a
 * former leader's is refused with `LeadershipLostError`, whether or not it knows that its term is over.
 */
export interface LeaderStores {
  readonly jobGraphs: JobGraphStore
  readonly jobResults: JobResultStore
  /** Entries of a driver or another component: names below `namespace`, which may contain `/`. */
  namespace(namespace: string): VersionedStore
  /** Entries of one job; {@link cleanUpJob} removes them. */
  jobNamespace(jobId: string, namespace: string): VersionedStore
  /** Removes all entries of the job but its graph and result. Idempotent. */
  cleanUpJob(jobId: string): Promise<void>
}

/** A folder that all JobManagers of the cluster reach; it need not exist yet. */
export interface HighAvailabilityBlobStorage {
  readonly fileSystem: FileSystem
  readonly directory: string
}

/**
 * The coordination of several JobManagers (seam of coordination services, or none). Tokens are ordered:
 * a later leader's epoch is higher.
 */
export interface HighAvailabilityServices {
  /** Where programs are kept for later leaders; undefined: they go with this process. */
  readonly blobStorage?: HighAvailabilityBlobStorage | undefined
  leaderElection(component: LeaderComponent): LeaderElection
  leaderRetriever(component: LeaderComponent): LeaderRetriever
  /** Of the term of leadership that `token` names. */
  stores(token: FencingToken): LeaderStores
  /**
   * The end is decided: a term that this process holds goes on, and no other one is won, so that the clean-up of {@link close} is
   * never that of a later term.
   */
  stopContending?(): void
  /**
   * Gives up leadership and ends what was started here. With `cleanUp` everything that the cluster keeps is
   * removed first, if this process leads. Idempotent: the first call counts.
   */
  close(options?: { readonly cleanUp?: boolean }): Promise<void>
}
