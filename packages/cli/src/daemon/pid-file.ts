import { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, FlinkError } from '@flink-ts/core'
import { makeDaemonFolder, PID_FOLDER } from './daemon-folder.js'

const LOCK_RETRY_MS = 20
const LOCK_PATIENCE_MS = 15_000

/** The pids of one kind of daemon: a line each, in the order in which they were started. */
export class PidFile {
  readonly path: string
  readonly #clock: Clock

  /** @throws FlinkError FLINK_DAEMON_FOLDER */
  constructor(options: { pidDir: string; identString: string; daemon: string; clock: Clock }) {
    makeDaemonFolder(options.pidDir, PID_FOLDER)
    this.path = join(options.pidDir, `flink-${options.identString}-${options.daemon}.pid`)
    this.#clock = options.clock
  }

  read(): number[] {
    let text: string
    try {
      text = readFileSync(this.path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
    return text
      .split('\n')
      .filter((line) => /^\d+$/.test(line.trim()))
      .map(Number)
  }

  /** Replaces the list; an empty one leaves no file. */
  write(pids: readonly number[]): void {
    if (pids.length === 0) rmSync(this.path, { force: true })
    else writeFileSync(this.path, `${pids.join('\n')}\n`)
  }

  /**
   * Runs `action` while no other command changes the file.
   *
   * @throws FlinkError FLINK_PID_FILE_LOCKED when another command holds it too long
   */
  async locked<T>(action: () => Promise<T> | T): Promise<T> {
    const lock = `${this.path}.lock`
    const untilMs = this.#clock.monotonicNow() + LOCK_PATIENCE_MS
    for (;;) {
      try {
        closeSync(openSync(lock, 'wx'))
        break
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
        if (this.#isStale(lock)) {
          rmSync(lock, { force: true })
        } else if (this.#clock.monotonicNow() > untilMs) {
          throw new FlinkError(
            `Cannot change ${this.path}: another command holds ${lock}; delete that file if none runs`,
            { code: 'FLINK_PID_FILE_LOCKED' },
          )
        }
        await new Promise<void>((resolve) => this.#clock.schedule(LOCK_RETRY_MS, resolve))
      }
    }
    try {
      return await action()
    } finally {
      rmSync(lock, { force: true })
    }
  }

  /** Left by a command that was killed: no command holds it that long. */
  #isStale(lock: string): boolean {
    try {
      return this.#clock.now() - statSync(lock).mtimeMs > 60_000
    } catch {
      // Gone in the meantime: the next try gets it.
      return false
    }
  }
}
