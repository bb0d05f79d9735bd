import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type CancelTimer,
  type Clock,
  deriveJobManagerMemory,
  deriveTaskManagerMemory,
  parseDynamicProperties,
} from '@flink-ts/core'
import { nodeFlags } from '@flink-ts/entrypoint'
import { DAEMONS, type DaemonName, type DaemonSettings } from './daemon-settings.js'
import type { LogFiles } from './log-files.js'

/** How long a daemon may take until it says that it is ready. */
const READY_PATIENCE_MS = 60_000

/** How often a daemon that does not say by itself that it is ready is asked. */
const READY_POLL_MS = 100

/** How long a daemon that has failed may take to end. */
const END_PATIENCE_MS = 5000

/** What a daemon tells its starter, once. */
export type DaemonMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly message: string }

export type StartOutcome =
  | { readonly kind: 'ready'; readonly pid: number }
  | {
      readonly kind: 'failed'
      readonly message: string
      /** Set if it runs nevertheless. */
      readonly pid?: number | undefined
    }

/** How a daemon is started. */
export interface DaemonLaunch {
  /** Default this Node.js. */
  readonly program?: string
  /** Behind the program. */
  readonly words: readonly string[]
  /** Asked again and again. Default: the daemon says so by a {@link DaemonMessage}. */
  readonly isReady?: () => Promise<boolean>
}

/**
 * Words of a node command that runs a daemon's main.
 *
 * @throws IllegalConfigurationError if its memory cannot be split as configured
 */
export function daemonCommand(
  daemon: DaemonName,
  settings: DaemonSettings,
  args: readonly string[],
): string[] {
  const end = args.indexOf('--')
  const { properties } = parseDynamicProperties(end < 0 ? args : args.slice(0, end))
  const configuration = settings.configuration.clone().merge(properties)
  const memory =
    daemon === 'taskexecutor'
      ? deriveTaskManagerMemory(configuration)
      : deriveJobManagerMemory(configuration)
  const main = join(settings.mainsDir, DAEMONS[daemon])
  return [...nodeFlags(memory), main, '--configDir', settings.configDir, ...args]
}

/** Starts a daemon that outlives this process; resolves when it is ready or has failed. */
export async function spawnDaemon(options: {
  launch: DaemonLaunch
  settings: DaemonSettings
  files: LogFiles
  clock: Clock
  /** Default `/`: a daemon keeps no folder in use. */
  workingDirectory?: string | undefined
}): Promise<StartOutcome> {
  const { launch, settings, files, clock } = options
  const { program = process.execPath, words, isReady } = launch
  const out = openSync(files.out, 'a')
  const child = spawn(program, words, {
    detached: true,
    stdio: isReady === undefined ? ['ignore', out, out, 'ipc'] : ['ignore', out, out],
    cwd: options.workingDirectory ?? '/',
    env: {
      ...settings.environment,
      FLINK_LOG_FILE: files.log,
      FLINK_LOG_DIR: settings.logDir,
    },
  })
  closeSync(out)
  const outcome = await started(child, files, clock, isReady)
  child.removeAllListeners()
  if (child.connected) child.disconnect()
  child.unref()
  return outcome
}

function started(
  child: ChildProcess,
  files: LogFiles,
  clock: Clock,
  isReady: DaemonLaunch['isReady'],
): Promise<StartOutcome> {
  return new Promise((resolve) => {
    let isSettled = false
    const settle = (outcome: StartOutcome) => {
      isSettled = true
      for (const cancel of timers) cancel()
      resolve(outcome)
    }
    const timers: CancelTimer[] = []
    const tooLate = clock.schedule(READY_PATIENCE_MS, () =>
      settle({
        kind: 'failed',
        pid: child.pid,
        message: `It was not ready after ${READY_PATIENCE_MS / 1000} s and goes on starting as pid ${child.pid}; see ${files.log}`,
      }),
    )
    timers.push(tooLate)
    const ask = async () => {
      if (await isReady?.()) settle({ kind: 'ready', pid: child.pid! })
      else askLater()
    }
    const askLater = () => {
      if (!isSettled) timers.push(clock.schedule(READY_POLL_MS, () => void ask()))
    }
    if (isReady !== undefined) askLater()
    child.on('error', (error) => settle({ kind: 'failed', message: error.message }))
    child.on('message', (message: DaemonMessage) => {
      if (message.type === 'ready') {
        settle({ kind: 'ready', pid: child.pid! })
        return
      }
      // Told when it is over: whoever starts the next one finds ports and files free.
      const failed = () => settle({ kind: 'failed', message: message.message })
      child.removeAllListeners('exit').on('exit', failed)
      timers.push(clock.schedule(END_PATIENCE_MS, failed))
    })
    child.on('exit', (code, signal) => {
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`
      settle({
        kind: 'failed',
        message: `It ended at once with ${how}${lastLines(files.out)}; see ${files.log}`,
      })
    })
  })
}

function lastLines(path: string): string {
  const text = readFileSync(path, 'utf8').trim()
  return text === '' ? '' : `:\n${text.split('\n').slice(-12).join('\n')}\n`
}

/** Whether `pid` runs and, where the system tells, is one of our daemons: pids are used again. */
export function isDaemonAlive(pid: number, daemon: DaemonName): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  try {
    if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return false
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(DAEMONS[daemon])
  } catch {
    // No /proc on this system: the pid has to do.
    return true
  }
}
