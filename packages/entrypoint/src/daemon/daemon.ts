import type { Clock, Configuration, Logger, Random } from '@flink-ts/core'
import type { ClusterSecret } from '@flink-ts/core/security'
import type { HighAvailabilityServices } from '@flink-ts/runtime'
import type { DaemonKind } from './process-folder.js'

/** What a daemon gets from its process. */
export interface DaemonContext {
  readonly configuration: Configuration
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** The process's own folder for temporary files, which is removed when it ends. */
  readonly folder: string
  /** The daemon cannot go on: the process ends with the daemon's exit code for that. */
  readonly onFatalError: (error: unknown) => void
  /** Ends the process in good order, as SIGTERM does. The first call counts; exit code 0 unless told. */
  readonly shutDown: (reason: string, exitCode?: number) => void
  /** What the command line said for {@link DaemonDefinition.ownOptions}. */
  readonly options: Readonly<Record<string, string>>
  /** Closed with the daemon. Default: what the configuration names. */
  readonly highAvailability?: HighAvailabilityServices
  /** Words behind `--` of the command line. */
  readonly programArguments: readonly string[]
  /** Of the cluster, for this process's memory alone. Default: that of its file. */
  readonly secret?: ClusterSecret
  /** Shows a line to the person at the console of this process; absent where nobody watches. */
  readonly tell?: (line: string) => void
}

/** What runs in the process. */
export interface RunningDaemon {
  /** In good order; called once. */
  close(): Promise<void>
  /** Asked after `close`: whether a thread is left that keeps `process.exit` from returning. */
  readonly hasStuckThreads?: boolean
}

export interface DaemonDefinition {
  readonly kind: DaemonKind
  /** For people, such as `JobManager`. */
  readonly name: string
  /** Exit code after an error that the daemon does not survive. */
  readonly fatalExitCode: number
  /** Options of its command line beside `--configDir` and `-D`, each with a value; such as `--bundle`. */
  readonly ownOptions?: readonly string[]
  /** Resolves when the daemon serves. What it has begun when it throws, it ends itself. */
  start(context: DaemonContext): Promise<RunningDaemon>
}
