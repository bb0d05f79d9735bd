import { MiniCluster, type MiniClusterOptions } from '@flink-ts/client'
import {
  type Clock,
  Configuration,
  FileSystemRegistry,
  InMemoryFileSystem,
  type LineWriter,
  SeededRandom,
  SystemClock,
} from '@flink-ts/core'
import {
  installProgramContext,
  type ProgramContext,
  type RecordedJob,
  type SubmittedJob,
} from '@flink-ts/runtime'
import { StreamExecutionEnvironment } from '@flink-ts/streaming'
import type { Test } from 'tap'

/** The machine's clock, whose timers can be counted. */
export class CountingClock implements Clock {
  readonly #clock = new SystemClock()
  pendingTimers = 0

  now(): number {
    return this.#clock.now()
  }

  monotonicNow(): number {
    return this.#clock.monotonicNow()
  }

  schedule(delayMs: number, action: () => void): () => void {
    this.pendingTimers++
    let pending = true
    const end = () => {
      if (pending) this.pendingTimers--
      pending = false
    }
    const cancel = this.#clock.schedule(delayMs, () => {
      end()
      action()
    })
    return () => {
      cancel()
      end()
    }
  }
}

export class Lines implements LineWriter {
  readonly lines: string[] = []

  writeLine(line: string): void {
    this.lines.push(line)
  }

  flush(): void {}
}

export interface TestingCluster {
  readonly cluster: MiniCluster
  readonly clock: CountingClock
  readonly stdout: Lines
  readonly files: InMemoryFileSystem
}

/** Hands a MiniCluster with files in memory to `body`, then closes it: it must leave no timer. */
export async function withCluster(
  t: Test,
  options: MiniClusterOptions & { readonly keys?: Readonly<Record<string, string>> },
  body: (testing: TestingCluster) => Promise<void>,
): Promise<void> {
  const clock = new CountingClock()
  const stdout = new Lines()
  const files = new InMemoryFileSystem({ clock, random: new SeededRandom(7) })
  const cluster = new MiniCluster({
    clock,
    stdout,
    fileSystems: new FileSystemRegistry([files], files.scheme),
    configuration: Configuration.fromMap(options.keys ?? {}),
    ...options,
  })
  try {
    await body({ cluster, clock, stdout, files })
  } finally {
    await cluster.close()
  }
  t.equal(clock.pendingTimers, 0, 'no timer is left')
}

/** What `build` makes, up to its `execute`. */
export async function record(
  build: (env: StreamExecutionEnvironment) => unknown,
  keys: Readonly<Record<string, string>> = {},
): Promise<RecordedJob> {
  let recorded: RecordedJob | undefined
  const context: ProgramContext = {
    mode: 'submission',
    configuration: Configuration.fromMap(keys),
    execute: async (job) => {
      recorded = job
      return {} as SubmittedJob
    },
    fromSubmission: async (_name, fn) => fn(),
  }
  const uninstall = installProgramContext(context)
  try {
    const env = StreamExecutionEnvironment.getExecutionEnvironment()
    await build(env)
    await env.executeAsync('test job')
  } finally {
    uninstall()
  }
  return recorded!
}

/** An error, its cause, the cause of that, and so on. */
export function causesOf(error: unknown): Error[] {
  const causes: Error[] = []
  for (let at = error; at instanceof Error; at = at.cause) causes.push(at)
  return causes
}
