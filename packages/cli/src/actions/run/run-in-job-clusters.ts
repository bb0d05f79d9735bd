import { runProgram } from '@flink-ts/client/submission'
import { ClientOptions, SystemRandom } from '@flink-ts/core'
import type { ClusterDescriptor, ClusterHandle } from '@flink-ts/runtime'
import type { RecordedJob } from '@flink-ts/runtime/program'
import { checkTaskHeap } from '@flink-ts/runtime/task-heap'
import { connectToHandle } from '../../targets/cluster-connection.js'
import { clusterWords } from '../../targets/cluster-id.js'
import { killCommand } from '../../targets/kill-command.js'
import {
  loadClusterDescriptor,
  preloadClusterDescriptor,
} from '../../targets/load-cluster-descriptor.js'
import { removeLeftOvers } from '../../targets/remove-left-overs.js'
import type { DeployedTarget } from '../../targets/target.js'
import { whenInterruptible } from '../../terminal/on-interrupt.js'
import { abortable } from './interruption.js'
import { ProgramJobs } from './program-jobs.js'
import type { ProgramRun } from './program-run.js'
import { whenSubmitted } from './when-submitted.js'
import { whenUp } from './when-up.js'

/**
 * Runs a program here; a cluster is deployed for each of its jobs, and ends with it.
 *
 * @returns the exit code
 */
export async function runInJobClusters(run: ProgramRun, target: DeployedTarget): Promise<number> {
  const { context, configuration, attached, cancelOnExit } = run
  preloadClusterDescriptor(target, context)
  const bundle = await run.bundle
  const jobs = new ProgramJobs(context, { attached, cancelOnExit })
  const descriptors: ClusterDescriptor[] = []
  const handles: ClusterHandle[] = []
  const patienceMs = configuration.get(ClientOptions.CLIENT_TIMEOUT)
  const deploy = (job: RecordedJob, jobGraph: string) =>
    abortable(context, `the cluster of ${job.jobGraph.name}`, async (signal) => {
      const descriptor = await loadClusterDescriptor(target, context, { configuration, signal })
      descriptors.push(descriptor)
      const deployment = { jobGraph, bundle: bundle.code, detached: !attached }
      const handle = await descriptor.deployJobCluster(deployment)
      const client = connectToHandle(handle, context)
      const { jobId } = job.jobGraph
      const { clock } = context
      return {
        // Nobody waits for the end of a job that is left alone: its cluster may have ended with it.
        handle: await whenUp(handle, context, signal, async () => {
          if (attached) await whenSubmitted({ jobId, client, clock, patienceMs, signal })
        }),
        client,
      }
    })
  try {
    await runProgram({
      bundle,
      entryPoint: run.entryPoint,
      args: run.programArgs,
      configuration,
      clock: context.clock,
      random: new SystemRandom(),
      submit: async (job, program) => {
        // The cluster would refuse it, too, when it is up.
        checkTaskHeap(job.jobGraph, configuration)
        const { handle, client } = await deploy(job, JSON.stringify({ ...job.jobGraph, program }))
        handles.push(handle)
        const words = `${clusterWords(target, handle.clusterId)} `
        const accepted = jobs.accepted(job, { client, words, ownHandle: handle })
        if (!attached) {
          const { terminal } = context
          terminal.out(
            `The job runs detached in ${handle.clusterId}, which ends with it. To cancel it: flink cancel ${words}${accepted.jobId}`,
          )
          const kill = killCommand(target.platform, handle.clusterId)
          if (kill !== undefined) {
            terminal.out(`If that is not possible: ${kill} (which may leave files behind)`)
          }
          await whenInterruptible()
        }
        return accepted
      },
    })
  } catch (error) {
    await Promise.all(handles.map((handle) => removeLeftOvers(handle, context.terminal)))
    throw error
  } finally {
    await Promise.all(descriptors.map((descriptor) => descriptor.close()))
  }
  return 0
}
