import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { RestClusterClient } from '@flink-ts/rest/client'
import type { Test } from 'tap'
import { checkOutput } from '../faults/check-output.js'
import { startCheckpointStorage } from '../faults/checkpoint-storage.js'
import { JobUnderFaults } from '../faults/job-under-faults.js'
import type { CommandResult } from './command.js'
import { until } from './until.js'

const RATE = 1000
/** Recovering may take long on a busy machine, but not this long. */
const DEADLINE_MS = 120_000
let jobs = 0

/** A session that jobs can be sent to. */
export interface JobSession {
  /** For files of its jobs. */
  readonly folder: string
  /** Runs an action of `flink` on it. */
  flink(action: string, ...words: string[]): Promise<CommandResult>
  rest(): Promise<RestClusterClient>
}

/** The job of the fault run in a session: whatever happens to it, each of its rows must be there once. */
export class CountedJob extends JobUnderFaults {
  readonly #session: JobSession

  /**
   * Runs for so many seconds if nothing happens, in two tasks; it has a complete checkpoint when this resolves.
   *
   * @param isHeld it does not come to its end before {@link checkRows}
   */
  static async start(
    t: Test,
    session: JobSession,
    seconds: number,
    isHeld = false,
  ): Promise<CountedJob> {
    const folder = join(session.folder, `job-${jobs++}`)
    mkdirSync(folder)
    const storage = await startCheckpointStorage('local', folder)
    t.teardown(() => storage.close())
    const job = new CountedJob(session, {
      count: seconds * RATE,
      keys: 100,
      rate: RATE,
      folder,
      storage,
      configuration: {
        'execution.checkpointing.interval': '500 ms',
        'execution.checkpointing.dir': storage.checkpoints,
        'restart-strategy.type': 'fixed-delay',
        'restart-strategy.fixed-delay.attempts': '1000',
        'restart-strategy.fixed-delay.delay': '100 ms',
      },
    })
    if (isHeld) job.order('trickle')
    await job.submit(2)
    await job.untilCheckpoint()
    return job
  }

  private constructor(
    session: JobSession,
    options: ConstructorParameters<typeof JobUnderFaults>[0],
  ) {
    super(options)
    this.#session = session
  }

  protected override flink(...words: string[]): Promise<CommandResult> {
    const [action, ...rest] = words
    return this.#session.flink(action!, ...rest)
  }

  async status(): Promise<string> {
    return (await (await this.#session.rest()).jobDetails(this.id)).state
  }

  async failure(): Promise<string> {
    const { exceptionHistory } = await (await this.#session.rest()).jobExceptions(this.id)
    return exceptionHistory.entries[0]?.stacktrace ?? 'for no known reason'
  }

  /** Waits until one more checkpoint is complete: then files appear. */
  async untilCheckpoint(): Promise<void> {
    const before = this.parts().size
    await until('a checkpoint is complete', () => this.parts().size > before, DEADLINE_MS)
  }

  /** Waits for its end, and looks at every row. */
  async checkRows(t: Test): Promise<void> {
    this.revoke('trickle')
    await until('the job finishes', () => this.isFinished(), DEADLINE_MS)
    t.match(await checkOutput(this), { lost: 0, duplicated: 0, examples: [] }, 'each row once')
    t.strictSame(this.violations(), [])
  }
}
