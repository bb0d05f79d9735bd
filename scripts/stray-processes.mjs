// Processes that a run of tests has left behind, such as the cluster of a test that was ended for its time: all that
// inherited the run's mark in their environment. Where there is no /proc (not Linux) none are found.
import { existsSync, readdirSync, readFileSync } from 'node:fs'

export const MARK = 'FLINK_TS_TEST_RUN'

/** @returns the process ids and command lines of what still runs with this mark, but for this process */
export function strayProcesses(run) {
  if (!existsSync('/proc/self/environ')) return []
  const found = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    try {
      const environment = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0')
      if (!environment.includes(`${MARK}=${run}`)) continue
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      // One that has ended and waits for its parent has no command line any more.
      if (command !== '') found.push({ pid: Number(name), command })
    } catch {
      // It has ended meanwhile, or is somebody else's.
    }
  }
  return found
}

/** Ends them; a line on each. */
export function endStrayProcesses(run) {
  for (const { pid, command } of strayProcesses(run)) {
    console.log(`a test left this process behind, which is ended now: ${pid} ${command}`)
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if (error.code !== 'ESRCH') throw error
    }
  }
}
