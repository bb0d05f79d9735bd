import { isAlive, stopProcess } from '../support/processes.js'

/** Processes that do not run for a while, though they are there. */
export class StoppedProcesses {
  readonly #pids = new Set<number>()

  /** SIGSTOP. */
  stop(pids: readonly number[]): void {
    for (const pid of pids) {
      this.#pids.add(pid)
      stopProcess(pid)
    }
  }

  /** SIGCONT to all that have been stopped and have not ended. */
  resumeAll(): void {
    for (const pid of this.#pids) if (isAlive(pid)) process.kill(pid, 'SIGCONT')
    this.#pids.clear()
  }
}
