import { type Configuration, EnvOptions, type LogLevel } from '@flink-ts/core'
import type { CloseableLogger } from '@flink-ts/core/logging'

type Environment = Readonly<Record<string, string | undefined>>

/** The log of a daemon: to the file `FLINK_LOG_FILE`, else to that of its container, else to standard error; or to a file and standard error. */
export async function openDaemonLog(
  configuration: Configuration,
  environment: Environment,
  options: { readonly containerLogFile?: string | undefined; readonly console?: boolean } = {},
): Promise<CloseableLogger> {
  const { createLogger } = await import('@flink-ts/core/logging')
  const file = environment['FLINK_LOG_FILE'] || options.containerLogFile
  return createLogger({
    level: logLevel(configuration, environment),
    maxFiles: configuration.get(EnvOptions.LOG_MAX),
    ...(file ? { file } : {}),
    ...(options.console ? { console: true } : {}),
  })
}

/** `ROOT_LOG_LEVEL` wins over `env.log.level`; what is no level counts as absent. */
export function logLevel(configuration: Configuration, environment: Environment): LogLevel {
  const level = environment['ROOT_LOG_LEVEL']?.toLowerCase()
  if (level === 'error' || level === 'warn' || level === 'info' || level === 'debug') return level
  if (level === 'trace') return 'debug'
  return configuration.get(EnvOptions.LOG_LEVEL).toLowerCase() as LogLevel
}
