import { type ChildProcess, spawn } from 'node:child_process'

export interface CommandResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A process that a test has started, with all that it has written so far. */
export class Command {
  readonly #child: ChildProcess
  readonly #result: Promise<CommandResult>
  #stdout = ''
  #stderr = ''

  constructor(
    file: string,
    args: readonly string[],
    options: { cwd?: string | undefined; environment: NodeJS.ProcessEnv; hasInput?: boolean },
  ) {
    const { cwd, environment, hasInput = false } = options
    // The test runner puts its loaders into the environment of all that is started: not those of a user's processes.
    const child = spawn('env', ['-u', 'NODE_OPTIONS', file, ...args], {
      cwd,
      env: environment,
      stdio: [hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
    })
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    this.#result = new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => {
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr })
      })
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Writes to its standard input, which must be there (`hasInput`). */
  write(text: string): void {
    this.#child.stdin!.write(text)
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Resolves when it has ended. */
  result(): Promise<CommandResult> {
    return this.#result
  }
}
