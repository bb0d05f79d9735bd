import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process of an external system. */
export class ServerProcess {
  readonly #child: ChildProcess
  readonly #log: string
  readonly #ended: Promise<void>

  constructor(
    command: readonly string[],
    options: { folder: string; log: string; environment?: Readonly<Record<string, string>> },
  ) {
    const [program, ...words] = command
    this.#log = options.log
    const log = openSync(options.log, 'a')
    this.#child = spawn(program!, words, {
      cwd: options.folder,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...options.environment },
    })
    closeSync(log)
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', () => resolve())
      this.#child.once('error', () => resolve())
    })
  }

  /** Waits until `isReady`. @throws Error with the end of its log when it ends before, or takes longer */
  async ready(isReady: () => Promise<boolean>, timeoutMs = 120_000): Promise<void> {
    const until = Date.now() + timeoutMs
    while (!(await isReady().catch(() => false))) {
      const isOver = this.#child.exitCode !== null || this.#child.signalCode !== null
      if (isOver || Date.now() > until) {
        const tail = readFileSync(this.#log, 'utf8').split('\n').slice(-20).join('\n')
        await this.stop()
        throw new Error(`${this.#child.spawnfile} ${isOver ? 'ended' : 'is not ready'}:\n${tail}`)
      }
      await sleep(50)
    }
  }

  /** @throws Error if it has ended */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    if (!this.#child.kill(name)) throw new Error(`${this.#child.spawnfile} has ended`)
  }

  /** SIGKILL; returns when it has ended. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}
