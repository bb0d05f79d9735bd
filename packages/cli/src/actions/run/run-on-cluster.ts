import { runProgram } from '@flink-ts/client/submission'
import { SystemRandom } from '@flink-ts/core'
import type { ClusterConnection } from '../../targets/cluster-connection.js'
import { ProgramJobs } from './program-jobs.js'
import type { ProgramRun } from './program-run.js'

/** Runs a program here, whose jobs run on a cluster that is there. @returns the exit code */
export async function runOnCluster(run: ProgramRun, cluster: ClusterConnection): Promise<number> {
  const { context, configuration, attached, cancelOnExit } = run
  const { client, words } = cluster
  // Together: whoever has no cluster is told while the program is compiled.
  const reachable = client.clusterOverview()
  reachable.catch(() => {})
  const bundle = await run.bundle
  await reachable
  const jobs = new ProgramJobs(context, { attached, cancelOnExit })
  await runProgram({
    bundle,
    entryPoint: run.entryPoint,
    args: run.programArgs,
    configuration,
    clock: context.clock,
    random: new SystemRandom(),
    submit: async (job, program) => {
      await client.submitJob(JSON.stringify({ ...job.jobGraph, program }), bundle.code)
      return jobs.accepted(job, { client, words })
    },
  })
  return 0
}
