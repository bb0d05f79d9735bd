import { Configuration, type JobId, newHexId, type Random } from '@flink-ts/core'
import {
  installProgramContext,
  type ProgramContext,
  type RecordedJob,
  type SubmittedJob,
} from '@flink-ts/runtime'
import { StreamExecutionEnvironment } from '@flink-ts/streaming'

/** Builds one job in the environment that it is given; `execute()` is called for it if it does not. */
export type SimulatedProgram = (env: StreamExecutionEnvironment) => unknown

/**
 * Runs `program` up to its first `execute()` and answers the job. The program goes no further: what
 * comes after the `execute()` is not simulated.
 */
export async function recordProgram(
  program: SimulatedProgram,
  options: { random: Random; configuration: Readonly<Record<string, string>> },
): Promise<RecordedJob> {
  let resolve!: (job: RecordedJob) => void
  const recorded = new Promise<RecordedJob>((resolveRecorded) => {
    resolve = resolveRecorded
  })
  const context: ProgramContext = {
    mode: 'submission',
    configuration: Configuration.fromMap(options.configuration),
    execute(job) {
      resolve(job)
      return new Promise<SubmittedJob>(() => {})
    },
    fromSubmission: async (name, fn) =>
      // Not the folder of whoever runs the simulation.
      (name === 'flink-ts.working-directory' ? '/' : await fn()) as Awaited<ReturnType<typeof fn>>,
  }
  const uninstall = installProgramContext(context)
  let env: StreamExecutionEnvironment
  try {
    env = StreamExecutionEnvironment.getExecutionEnvironment()
  } finally {
    uninstall()
  }
  const run = async () => {
    await program(env)
    await env.execute()
  }
  const job = await Promise.race([recorded, run().then(() => recorded)])
  // The environment takes job ids from the machine's own randomness.
  return { ...job, jobGraph: { ...job.jobGraph, jobId: newHexId<JobId>(options.random) } }
}
