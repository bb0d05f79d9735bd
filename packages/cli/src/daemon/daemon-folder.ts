import { accessSync, constants, mkdirSync } from 'node:fs'
import { type ConfigOption, EnvOptions, FlinkError } from '@flink-ts/core'

interface DaemonFolder {
  readonly what: string
  readonly option: ConfigOption<unknown>
  /** The environment variable that wins over the option. */
  readonly variable: string
}

export const PID_FOLDER: DaemonFolder = {
  what: 'pid files',
  option: EnvOptions.PID_DIR,
  variable: 'FLINK_PID_DIR',
}

export const LOG_FOLDER: DaemonFolder = {
  what: 'log files',
  option: EnvOptions.LOG_DIR,
  variable: 'FLINK_LOG_DIR',
}

/**
 * Makes a folder in which the scripts write, unless it is there.
 *
 * @throws FlinkError FLINK_DAEMON_FOLDER naming what to set
 */
export function makeDaemonFolder(path: string, { what, option, variable }: DaemonFolder): void {
  try {
    mkdirSync(path, { recursive: true })
    accessSync(path, constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw new FlinkError(
      `Cannot keep ${what} in ${path}: ${(cause as Error).message}; set ${option.key}, or ${variable}, to a folder that can be written`,
      { code: 'FLINK_DAEMON_FOLDER', cause },
    )
  }
}
