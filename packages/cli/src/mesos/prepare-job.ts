import { rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import {
  type Configuration,
  DeploymentOptions,
  FlinkError,
  isHexId,
  lastingJobId,
  SystemRandom,
} from '@flink-ts/core'
import { PREPARED_JOB } from '@flink-ts/entrypoint'
import { checkTaskHeap } from '@flink-ts/runtime/task-heap'
import type { ActionContext } from '../actions/action.js'
import { programConfiguration } from '../actions/program-configuration.js'
import { savepointWords, setSavepoint } from '../actions/savepoint-settings.js'
import type { ParsedArguments } from '../arguments/option-parser.js'
import { DYNAMIC_PROPERTY, ENTRY } from '../arguments/options.js'
import { CliArgumentError } from '../terminal/terminal.js'
import { BUNDLE, JOB_GRAPH, JOB_ID } from './appmaster-options.js'

/** Of Flink's job clusters; the same as `--job-graph`. */
export const JOB_GRAPH_KEY = 'internal.jobgraph-path'

/** What the main of a job cluster is told. */
export interface PreparedJob {
  readonly words: readonly string[]
  /** Takes the files back, if they are ours. */
  remove(): void
}

/**
 * The job of a cluster: of a file, or the one that `main()` of a program executes. The program runs here and now; nobody waits for
 * its job here, so that its `execute()` answers at once.
 *
 * @throws CliArgumentError; ProgramBundleError, what the program throws
 */
export async function prepareJob(
  args: ParsedArguments,
  context: ActionContext,
): Promise<PreparedJob> {
  // Nobody need be there who fetches the result; but whoever has cancelled the job wants to see its end.
  const mode = ['--execution-mode', 'NORMAL', '--result-patience', '3 s']
  const file = jobGraphFile(args)
  if (file !== undefined) {
    const path = (word: string) => resolve(context.workingDirectory, word)
    const bundle = args.value(BUNDLE)
    const words = ['--job-graph', path(file), ...(bundle ? ['--bundle', path(bundle)] : [])]
    return { words: [...words, ...mode], remove: () => {} }
  }
  const { jobGraph, code } = await runForJob(args, context)
  // Of mode 0700: a program is nobody else's business.
  const folder = await mkdtemp(join(tmpdir(), 'flink-ts-job-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    await writeFile(join(folder, PREPARED_JOB.jobGraph), jobGraph)
    await writeFile(join(folder, PREPARED_JOB.bundle), code)
  } catch (error) {
    remove()
    throw error
  }
  return { words: ['--prepared', folder, ...mode], remove }
}

function jobGraphFile(args: ParsedArguments): string | undefined {
  const prefix = `${JOB_GRAPH_KEY}=`
  const older = args.values(DYNAMIC_PROPERTY).findLast((word) => word.startsWith(prefix))
  const file = args.value(JOB_GRAPH) ?? older?.slice(prefix.length)
  const [program] = args.positional
  if (file !== undefined && program !== undefined) {
    throw new CliArgumentError(`Is it the job of ${file}, or the program ${program}?`)
  }
  if (file !== undefined && args.has(JOB_ID)) {
    throw new CliArgumentError('A job graph has an id: --job-id is for programs.')
  }
  if (file === undefined && args.has(BUNDLE)) {
    throw new CliArgumentError('--bundle goes with --job-graph.')
  }
  if (file === undefined && program === undefined) {
    throw new CliArgumentError('A program should be specified: a TypeScript or JavaScript file.')
  }
  return file
}

async function runForJob(
  args: ParsedArguments,
  context: ActionContext,
): Promise<{ jobGraph: string; code: Uint8Array }> {
  const [program, ...programArgs] = args.positional
  const configuration = programConfiguration(args, context.configuration)
  setSavepoint(configuration, savepointWords(args), context.workingDirectory)
  configuration.set(DeploymentOptions.ATTACHED, false)
  const fixedId = fixedJobId(args, configuration)
  // With the compiler, which sessions do not need.
  const { bundleProgram, runProgram } = await import('@flink-ts/client/submission')
  const bundle = await bundleProgram(program!, context.workingDirectory)
  let jobGraph: string | undefined
  await runProgram({
    bundle,
    entryPoint: args.value(ENTRY),
    args: programArgs,
    configuration,
    clock: context.clock,
    random: new SystemRandom(),
    submit: async (job, descriptor) => {
      if (jobGraph !== undefined) throw secondJob(bundle.programName)
      // The cluster would refuse it, too, when it is up.
      checkTaskHeap(job.jobGraph, configuration)
      const jobId = fixedId ?? job.jobGraph.jobId
      jobGraph = JSON.stringify({ ...job.jobGraph, jobId, program: descriptor })
      return detachedJob(jobId, job.jobGraph.name)
    },
  })
  return { jobGraph: jobGraph!, code: bundle.code }
}

function fixedJobId(args: ParsedArguments, configuration: Configuration): string | undefined {
  const given = args.value(JOB_ID)?.toLowerCase()
  if (given === undefined) return lastingJobId(configuration)
  if (isHexId(given)) return given
  throw new CliArgumentError(`Cannot use --job-id ${given}: expected 32 hexadecimal digits`)
}

/** The job as its program sees it: it will run when the program has ended. */
function detachedJob(jobId: string, jobName: string) {
  const later = async (): Promise<never> => {
    throw unsuitable(
      `Job ${jobName} has not begun: its cluster starts when main() has ended. Use a session (mesos-appmaster.sh and flink run) for programs that follow their jobs.`,
    )
  }
  return {
    jobId,
    result: async () => ({ jobId, jobName, netRuntimeMs: 0, accumulators: [] }),
    status: later,
    cancel: later,
    accumulators: later,
    savepoint: later,
  }
}

function secondJob(programName: string): FlinkError {
  return unsuitable(
    `${programName} executes a second job, and a job cluster runs one: use a session (mesos-appmaster.sh and flink run).`,
  )
}

/** The command line is right, and the program is none for a job cluster. */
function unsuitable(message: string): FlinkError {
  return new FlinkError(message, { code: 'FLINK_CLI_NOT_FOR_JOB_CLUSTER' })
}
