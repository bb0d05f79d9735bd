import type { CommandInfo, ContainerInfo, Offer } from '@flink-ts/mesos-client'
import type { WorkerResourceSpec } from '@flink-ts/runtime'

/** What one TaskManager takes of an agent. */
export interface WorkerNeeds {
  readonly cpus: number
  readonly memoryMb: number
  readonly diskMb: number
  readonly gpus: number
  /** Megabytes per second of the resource `mesos.resourcemanager.network.resource.name`. */
  readonly networkMbps: number
  /** Configuration keys that get a port of the offer each. */
  readonly portKeys: readonly string[]
}

/** How a task becomes a TaskManager. */
export interface LaunchedWorker {
  readonly command: CommandInfo
  readonly container?: ContainerInfo
  readonly labels: Readonly<Record<string, string>>
  readonly killGracePeriodMs?: number
}

/**
 * What the tasks of the framework are; the seam between who decides where TaskManagers run (`offers`, `tasks`) and what they are
 * (`launch`, `artifacts`).
 */
export interface WorkerLauncher {
  /** @throws IllegalConfigurationError */
  needsOf(spec: WorkerResourceSpec): WorkerNeeds
  /** Makes what tasks start with, if that was not done before; to be waited for before a launch. Never rejects: the launch does. */
  prepare(): Promise<void>
  /**
   * Of one task, for one launch: the ticket with which it gets the secret of the cluster is good for this one.
   *
   * @param ports by configuration key, as many as `needsOf` asked for
   * @throws Error if what tasks start with could not be made
   */
  launch(
    taskId: string,
    spec: WorkerResourceSpec,
    offer: Offer,
    ports: Readonly<Record<string, number>>,
  ): LaunchedWorker
  /** What it says of a task that could not start that it ended with this status, for people. Default: nothing. */
  meaningOf?(exitStatus: number): string | undefined
  /** A task of that agent, launched in this term, has ended with this status: told before {@link forget}. Default: nothing follows. */
  exited?(agentId: string, exitStatus: number): void
  /** The task has ended, or never was: its ticket is void. Idempotent. */
  forget(taskId: string): void
}

/** A launcher with what its tasks need of the JobManager's process, such as the artifact server. */
export interface RunningWorkerLauncher extends WorkerLauncher {
  /**
   * Serves what tasks start with; resolves when tasks can be launched. To be called, and waited for, before the first launch of each term.
   * Idempotent; may come again after `close`.
   *
   * @throws FlinkError if the server cannot listen, or the installation cannot be handed out
   */
  start(): Promise<void>
  /** Nothing is served any more, all tickets are void. Idempotent. */
  close(): Promise<void>
}
