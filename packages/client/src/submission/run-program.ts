import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, Configuration, Random } from '@flink-ts/core'
import {
  type ProgramDescriptor,
  prepareClusterModules,
  type RecordedJob,
  SubmissionRecorder,
  type SubmittedJob,
} from '@flink-ts/runtime/program'
import type { ProgramBundle } from '../program/bundle-program.js'
import { ProgramBundleError } from '../program/program-bundle-error.js'

export interface RunProgramOptions {
  readonly bundle: ProgramBundle
  /** The export to call; `main`, if there is one, when left out. */
  readonly entryPoint?: string | undefined
  readonly args: readonly string[]
  /** What the program's environments start from. */
  readonly configuration: Configuration
  readonly clock: Clock
  readonly random: Random
  /** Hands a job over; called at each `execute()`. */
  readonly submit: (job: RecordedJob, program: ProgramDescriptor) => Promise<SubmittedJob>
}

/**
 * Runs a program in this process; its jobs go to `submit`. Resolves when the program has ended.
 *
 * @throws what the program throws; ProgramBundleError if it executes nothing
 */
export async function runProgram(options: RunProgramOptions): Promise<void> {
  const { bundle, clock, random } = options
  const folder = await mkdtemp(join(tmpdir(), 'flink-ts-program-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  // Also when the program or an interrupted client ends the process.
  process.once('exit', remove)
  try {
    prepareClusterModules(folder)
    const programPath = join(folder, 'program.mjs')
    await writeFile(programPath, bundle.code)
    process.setSourceMapsEnabled(true)
    const recorder = new SubmissionRecorder({
      programPath,
      programName: bundle.programName,
      ...(options.entryPoint === undefined ? {} : { entryPoint: options.entryPoint }),
      args: options.args,
      configuration: options.configuration,
      submissionTimeMs: clock.now(),
      randomSeed: random.nextInt(0x7fffffff),
      submit: options.submit,
    })
    const executions = await recorder.run()
    if (executions === 0) {
      throw new ProgramBundleError(
        `The program ${bundle.programName} contains no execute() calls: nothing was submitted`,
        bundle.programName,
      )
    }
  } finally {
    process.off('exit', remove)
    remove()
  }
}
