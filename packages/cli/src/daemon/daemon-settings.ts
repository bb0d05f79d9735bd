import { hostname, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Configuration, EnvOptions } from '@flink-ts/core'

/** The daemons and the modules of `@flink-ts/entrypoint` that are their mains; of ZooKeeper, its own main class. */
export const DAEMONS = {
  standalonesession: 'standalone-session.js',
  standalonejob: 'standalone-application.js',
  taskexecutor: 'task-manager.js',
  zookeeper: 'org.apache.zookeeper.server.quorum.QuorumPeerMain',
} as const

export type DaemonName = keyof typeof DAEMONS

/** Those that run in Node.js. */
export type NodeDaemonName = Exclude<DaemonName, 'zookeeper'>

/** Where daemons keep their files. */
export interface DaemonSettings {
  /** What the configuration files say. */
  readonly configuration: Configuration
  readonly configDir: string
  readonly logDir: string
  readonly pidDir: string
  /** Tells the clusters of several people on one machine apart. */
  readonly identString: string
  readonly hostName: string
  /** Folder of the daemons' main modules; handed in, so that tests start others. */
  readonly mainsDir: string
  /** Old log files that are kept. */
  readonly logFilesMax: number
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Environment variables win over the configuration, as in Flink's scripts. */
export function daemonSettings(options: {
  flinkHome: string
  configDir: string
  configuration: Configuration
  environment: Readonly<Record<string, string | undefined>>
}): DaemonSettings {
  const { environment, configuration } = options
  return {
    configuration,
    configDir: options.configDir,
    logDir:
      environment['FLINK_LOG_DIR'] ??
      configuration.get(EnvOptions.LOG_DIR) ??
      join(options.flinkHome, 'log'),
    pidDir:
      environment['FLINK_PID_DIR'] ?? configuration.getOptional(EnvOptions.PID_DIR) ?? tmpdir(),
    identString: environment['FLINK_IDENT_STRING'] ?? environment['USER'] ?? userInfo().username,
    hostName: hostname(),
    mainsDir: fileURLToPath(new URL('./mains/', import.meta.resolve('@flink-ts/entrypoint'))),
    logFilesMax: configuration.get(EnvOptions.LOG_MAX),
    environment,
  }
}
