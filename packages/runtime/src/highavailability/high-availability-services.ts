import type { FencingToken } from '@flink-ts/rpc'
import type { JobGraph } from '../jobgraph/job-graph.js'

/** What there is one leader of. */
export type LeaderComponent =
  | { readonly kind: 'dispatcher' }
  | { readonly kind: 'resourcemanager' }
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

/** One contender's part in the election of a component's leader. */
export interface LeaderElection {
  start(contender: LeaderContender): void
  /** The contender serves now under this address; nobody finds it before. */
  confirmLeadership(leader: LeaderAddress): void
  close(): Promise<void>
}

/** Tells who leads, first and at each change; undefined: nobody now. */
export interface LeaderRetriever {
  start(listener: (leader: LeaderAddress | undefined) => void): void
  close(): Promise<void>
}

/** Keeps submitted graphs of jobs that have not ended, for a later leader. */
export interface JobGraphStore {
  putJobGraph(jobGraph: JobGraph): Promise<void>
  getJobGraph(jobId: string): Promise<JobGraph | undefined>
  getJobIds(): Promise<string[]>
  removeJobGraph(jobId: string): Promise<void>
}

/**
 * The coordination of several JobManagers (seam of ZooKeeper, Kubernetes, none). Tokens are ordered:
 * a later leader's epoch is higher.
 */
export interface HighAvailabilityServices {
  leaderElection(component: LeaderComponent): LeaderElection
  leaderRetriever(component: LeaderComponent): LeaderRetriever
  readonly jobGraphStore: JobGraphStore
  close(): Promise<void>
}
