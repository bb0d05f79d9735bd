import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, Configuration, SystemClock } from '@flink-ts/core'
import type { ManualClock } from '@flink-ts/core/testing'
import type { Test } from 'tap'
import { DaemonControl } from '../../dist/daemon/daemon-control.js'
import { isDaemonAlive } from '../../dist/daemon/daemon-process.js'
import type { DaemonName, DaemonSettings } from '../../dist/daemon/daemon-settings.js'
import { PidFile } from '../../dist/daemon/pid-file.js'
import { writeFakeDaemons } from './fake-daemon.js'
import { folderWith } from './run-command.js'
import { TestingTerminal } from './testing-terminal.js'

/** Settings with folders of the test's own; what it leaves running is killed at its end. */
export function settingsOf(t: Test): DaemonSettings {
  const folder = folderWith(t)
  for (const name of ['mains', 'conf']) mkdirSync(join(folder, name))
  writeFakeDaemons(join(folder, 'mains'))
  const settings: DaemonSettings = {
    configuration: Configuration.fromMap({
      'jobmanager.memory.process.size': '1600m',
      'taskmanager.memory.process.size': '1728m',
    }),
    configDir: join(folder, 'conf'),
    logDir: join(folder, 'log'),
    pidDir: join(folder, 'pids'),
    identString: 'tester',
    hostName: 'here',
    mainsDir: join(folder, 'mains'),
    logFilesMax: 3,
    environment: process.env,
  }
  t.teardown(() => {
    for (const daemon of ['standalonesession', 'taskexecutor'] as const) {
      for (const pid of pidFileOf(settings, daemon).read()) {
        if (isDaemonAlive(pid, daemon)) process.kill(pid, 'SIGKILL')
      }
    }
  })
  return settings
}

export function pidFileOf(
  settings: DaemonSettings,
  daemon: DaemonName,
  clock: Clock = new SystemClock(),
) {
  return new PidFile({ ...settings, daemon, clock })
}

export function controlOf(
  settings: DaemonSettings,
  daemon: DaemonName = 'taskexecutor',
  clock?: Clock,
) {
  const terminal = new TestingTerminal()
  const control = new DaemonControl({
    daemon,
    settings,
    terminal,
    clock: clock ?? new SystemClock(),
  })
  return { control, terminal, pids: pidFileOf(settings, daemon) }
}

/** Time that passes as fast as the machine goes. */
export async function hurry<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let ended = false
  const done = () => {
    ended = true
  }
  work.then(done, done)
  while (!ended) {
    await new Promise<void>((resolve) => setImmediate(resolve))
    clock.advance(20)
  }
  return work
}
