import type { Clock, Configuration, Logger, Random } from '@flink-ts/core'
import type { ClusterSecret } from '@flink-ts/core/security/secrets'
import type { ApplicationStatus } from '../messages/messages.generated.js'

/** How a cluster that a descriptor deployed is doing, in the words of its cluster manager. */
export interface ClusterReport {
  /** STARTING: its JobManager is not ready yet. ENDED: for good. */
  readonly state: 'STARTING' | 'RUNNING' | 'ENDED'
  /** How it ended; undefined before. */
  readonly status?: ApplicationStatus
  /** For people: the reason of an end, or why it still waits. */
  readonly diagnostics: string
  /** `host:port` of the leading JobManager's REST API; undefined while nobody knows. */
  readonly restAddress?: string
  /** For people's browsers. */
  readonly webInterfaceUrl?: string
}

/** A cluster that was deployed or found. */
export interface ClusterHandle {
  /** Such as `application_1700000000000_0001`. */
  readonly clusterId: string
  /** What its clients have to know: `rest.…`, `high-availability.…` and the like, over the configuration that was handed in. */
  readonly configuration: Configuration
  /** Proves to the REST API that its caller belongs to the cluster's owner. */
  readonly secret?: ClusterSecret
  report(): Promise<ClusterReport>
  /**
   * Resolves when the JobManager answers.
   *
   * @throws FlinkError when the cluster ends before, with the cluster manager's diagnostics, or the time is over
   */
  whenRunning(): Promise<ClusterReport>
  /** Resolves when the cluster has ended. */
  whenEnded(): Promise<ClusterReport>
  /** Ends it by force, and removes what was deployed for it. Idempotent. */
  kill(): Promise<void>
}

/** A job that a cluster is deployed for. */
export interface JobDeployment {
  /** JSON of the job graph, without its program's bundle. */
  readonly jobGraph: string
  /** The program's bundle; absent for jobs without code. */
  readonly bundle?: Uint8Array
  /** Whether the cluster ends with the job, or waits until a client has its result. */
  readonly detached: boolean
}

/** An application that a cluster is deployed for: its `main()` runs in the JobManager. */
export interface ApplicationDeployment {
  readonly bundle: Uint8Array
  readonly programName: string
  readonly entryPoint?: string
  readonly args: readonly string[]
}

/**
 * Deploys clusters on a cluster manager: the client's side, as the `ResourceManagerDriver` is the JobManager's. What a
 * deployment begins and cannot finish it takes back: nothing keeps running, no file stays.
 */
export interface ClusterDescriptor {
  readonly name: string
  deploySessionCluster(): Promise<ClusterHandle>
  deployJobCluster(job: JobDeployment): Promise<ClusterHandle>
  deployApplicationCluster(application: ApplicationDeployment): Promise<ClusterHandle>
  /** @throws FlinkError if there is no such cluster, or it has ended */
  retrieve(clusterId: string): Promise<ClusterHandle>
  /** What the cluster manager has to give, for people: nodes, memory, cores, queues; a line each. Absent: it does not tell. */
  describeResources?(): Promise<readonly string[]>
  close(): Promise<void>
}

/** The world that a descriptor is handed. */
export interface ClusterDescriptorContext {
  /** Of the client; the cluster gets it, less what is the client's alone. */
  readonly configuration: Configuration
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The installation: what `bin/` is in. */
  readonly flinkHome: string
  /** Folder of the configuration files. */
  readonly configurationFolder: string
  readonly workingDirectory: string
  /** Progress, for people; one line each. */
  readonly tell: (line: string) => void
  /** Aborted when the person gives up: what was deployed ends. */
  readonly signal?: AbortSignal
}

/** The export `createClusterDescriptor` of `<driver package>/deployment`. */
export type ClusterDescriptorFactory = (
  context: ClusterDescriptorContext,
) => ClusterDescriptor | Promise<ClusterDescriptor>
