import type { Command } from '../../support/command.js'
import { isAlive, stopProcess } from '../../support/processes.js'
import { until } from '../../support/until.js'

const PAUSE_MS = 300
/** In order, or because its job has failed: it is not started again. */
const FINAL_CODES: readonly (number | null)[] = [0, 163]
const DEADLINE_MS = 120_000

/** Keeps a JobManager going as Marathon or systemd do: when it ends otherwise than in order it is started again. */
export class JobManagerSupervisor {
  readonly #start: () => Command
  #command!: Command
  #starts = 0
  #exitCode: number | undefined
  #isRestarting = false
  #isHeld = false
  #isDismissed = false
  #output = ''

  /** @param start at the same place each time */
  constructor(start: () => Command) {
    this.#start = start
    this.#launch()
  }

  get pid(): number {
    return this.#command.pid
  }

  get isAlive(): boolean {
    return isAlive(this.pid)
  }

  get starts(): number {
    return this.#starts
  }

  /** How it has ended in order; undefined: it runs, or will again. */
  get exitCode(): number | undefined {
    return this.#exitCode
  }

  /** What all of them wrote on the console. */
  get output(): string {
    return `${this.#output}${this.#command.stdout}${this.#command.stderr}`
  }

  /** SIGKILL; returns when it is gone. @param held it is started again by {@link release} only */
  async kill(held = false): Promise<void> {
    this.#isHeld = held
    await this.#end('SIGKILL')
  }

  /** SIGTERM; it is started again, however it ends. */
  async terminate(): Promise<void> {
    this.#isRestarting = true
    await this.#end('SIGTERM')
  }

  release(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    if (!this.isAlive && this.#exitCode === undefined) this.#launch()
  }

  pause(): void {
    stopProcess(this.pid)
  }

  resume(): void {
    if (this.isAlive) process.kill(this.pid, 'SIGCONT')
  }

  /** SIGKILL; nobody starts it again. */
  async dismiss(): Promise<void> {
    this.#isDismissed = true
    await this.#end('SIGKILL')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const { pid } = this
    this.#command.kill(signal)
    await until(`the JobManager ${pid} has ended`, () => !isAlive(pid), DEADLINE_MS)
  }

  #launch(): void {
    const command = this.#start()
    this.#command = command
    this.#starts++
    void command.result().then(async ({ code, stdout, stderr }) => {
      if (this.#isDismissed) return
      if (FINAL_CODES.includes(code) && !this.#isRestarting) {
        this.#exitCode = code!
        return
      }
      this.#isRestarting = false
      this.#output += stdout + stderr
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
      if (!this.#isHeld && !this.#isDismissed && !this.isAlive) this.#launch()
    })
  }
}
