import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { stopProcess } from '../support/processes.js'

/** A server that a test does bad things to; it keeps its address and data. */
export interface ExternalServer {
  readonly name: string
  /** SIGSTOP: it takes connections, but nothing answers. */
  pause(): void
  /** SIGCONT. */
  resume(): void
  /** SIGKILL; returns when the process is gone. */
  kill(): Promise<void>
  /** Starts it again, after {@link kill} if it runs, and waits until it serves. */
  restart(): Promise<void>
}

interface ServerProcessOptions {
  readonly folder: string
  readonly log: string
  readonly environment?: Readonly<Record<string, string>>
}

const running = new Set<ChildProcess>()

// A test that is ended for its time tears nothing down.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A process of an external system; starts with its creation, and ends with this process at the latest. */
export class ServerProcess {
  readonly #command: readonly string[]
  readonly #options: ServerProcessOptions
  readonly #log: string
  #child!: ChildProcess
  #ended!: Promise<void>

  constructor(command: readonly string[], options: ServerProcessOptions) {
    this.#command = command
    this.#options = options
    this.#log = options.log
    this.#launch()
  }

  /** Waits until `isReady`. @throws Error with the end of its log when it ends before, or takes longer */
  async ready(isReady: () => Promise<boolean>, timeoutMs = 240_000): Promise<void> {
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

  /** SIGSTOP; nothing of it runs any more when this returns. @throws Error if it has ended */
  pause(): void {
    stopProcess(this.#child.pid!)
  }

  /** SIGCONT. @throws Error if it has ended */
  resume(): void {
    if (!this.#child.kill('SIGCONT')) throw new Error(`${this.#child.spawnfile} has ended`)
  }

  /** SIGKILL; returns when it has ended. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  /** SIGTERM, and {@link stop} if it takes longer than that. */
  async terminate(timeoutMs: number): Promise<void> {
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), timeoutMs)
    await this.#ended
    clearTimeout(timer)
  }

  /** Another process of the same command, after {@link stop}. */
  async restart(): Promise<void> {
    await this.stop()
    this.#launch()
  }

  /** @param isReady see {@link ready} */
  asExternalServer(name: string, isReady: () => Promise<boolean>): ExternalServer {
    return {
      name,
      pause: () => this.pause(),
      resume: () => this.resume(),
      kill: () => this.stop(),
      restart: async () => {
        await this.restart()
        await this.ready(isReady)
      },
    }
  }

  #launch(): void {
    const [program, ...words] = this.#command
    const { folder, environment } = this.#options
    const log = openSync(this.#log, 'a')
    const child = spawn(program!, words, {
      cwd: folder,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...environment },
    })
    closeSync(log)
    this.#child = child
    running.add(child)
    child.once('exit', () => running.delete(child))
    this.#ended = new Promise((resolve) => {
      child.once('exit', () => resolve())
      child.once('error', () => resolve())
    })
  }
}
