import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { LOG_FOLDER, makeDaemonFolder } from './daemon-folder.js'
import type { DaemonName, DaemonSettings } from './daemon-settings.js'

/** The log file and the file for standard output and error of one daemon. */
export interface LogFiles {
  readonly log: string
  readonly out: string
}

/** The files of daemon number `index` (from 0) of this host. */
export function logFilesOf(settings: DaemonSettings, daemon: DaemonName, index: number): LogFiles {
  const base = `flink-${settings.identString}-${daemon}-${index}-${settings.hostName}`
  return { log: join(settings.logDir, `${base}.log`), out: join(settings.logDir, `${base}.out`) }
}

/** Moves `file` to `file.1`, that to `file.2` and so on; what would be beyond `filesMax` goes. */
export function rotate(file: string, filesMax: number): void {
  if (!existsSync(file)) return
  rmSync(`${file}.${filesMax}`, { force: true })
  for (let n = filesMax - 1; n >= 1; n--) {
    if (existsSync(`${file}.${n}`)) renameSync(`${file}.${n}`, `${file}.${n + 1}`)
  }
  renameSync(file, `${file}.1`)
}

/**
 * Makes room for the files of a daemon that is about to start; what an earlier one wrote is kept.
 *
 * @throws FlinkError FLINK_DAEMON_FOLDER
 */
export function prepareLogFiles(settings: DaemonSettings, files: LogFiles): void {
  makeDaemonFolder(settings.logDir, LOG_FOLDER)
  rotate(files.log, settings.logFilesMax)
  rotate(files.out, settings.logFilesMax)
}
