import type { Clock, Configuration, Logger, Random } from '@flink-ts/core'
import type { ClusterSecret } from '@flink-ts/core/security'

/** What a process in a container knows of itself before it has begun. */
export interface ContainerContext {
  readonly kind: 'jobmanager' | 'taskmanager'
  /** From the file and the command line; of the command line alone where the process was given no folder. */
  readonly configuration: Configuration
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Folder of the configuration, in which whoever deployed the container left its files; the working folder if it was given none. */
  readonly configurationFolder: string
  readonly clock: Clock
  readonly random: Random
}

/** What a container says to the process in it. */
export interface ContainerEnvironment {
  /**
   * The configuration of the cluster, for a process that was given no folder with a file: its command line and `properties` go
   * over it. Ignored where there is a file.
   */
  readonly configuration?: Readonly<Record<string, string>>
  /** The secret of the cluster, for this process's memory alone; absent: of its file. */
  readonly secret?: ClusterSecret
  /** Keys that go over the configuration: addresses, folders, what only the container can know. What was set by hand is not among them. */
  readonly properties: Readonly<Record<string, string>>
  /** Where the process logs; absent: as without a container. */
  readonly logFile?: string
  /** Done first when the process is told to end, which may be followed by its end within a quarter of a second. */
  onTerminationSignal?(log: Logger): Promise<void>
}

/** The export `readContainerEnvironment` of `<driver package>/container`. */
export type ContainerEnvironmentReader = (
  context: ContainerContext,
) => ContainerEnvironment | Promise<ContainerEnvironment>
