import type { ClusterDescriptor, ClusterHandle, ClusterReport } from '@flink-ts/runtime'
import { clusterWords } from '../../targets/cluster-id.js'
import { killCommand } from '../../targets/kill-command.js'
import {
  loadClusterDescriptor,
  preloadClusterDescriptor,
} from '../../targets/load-cluster-descriptor.js'
import { removeLeftOvers } from '../../targets/remove-left-overs.js'
import type { DeployedTarget } from '../../targets/target.js'
import { watchCluster } from '../../targets/watch-cluster.js'
import { abortable, INTERRUPTED } from './interruption.js'
import type { ProgramRun } from './program-run.js'
import { whenUp } from './when-up.js'

/**
 * Deploys a cluster in which `main()` of the program runs, and which ends with it.
 *
 * @returns the exit code: that of the application if it is waited for
 */
export async function deployApplication(run: ProgramRun, target: DeployedTarget): Promise<number> {
  const { context, configuration, attached } = run
  const { terminal } = context
  preloadClusterDescriptor(target, context)
  const bundle = await run.bundle
  const descriptors: ClusterDescriptor[] = []
  try {
    const handle = await abortable(
      context,
      `the cluster of ${bundle.programName}`,
      async (signal) => {
        const descriptor = await loadClusterDescriptor(target, context, { configuration, signal })
        descriptors.push(descriptor)
        const deployed = await descriptor.deployApplicationCluster({
          bundle: bundle.code,
          programName: bundle.programName,
          ...(run.entryPoint === undefined ? {} : { entryPoint: run.entryPoint }),
          args: run.programArgs,
        })
        return whenUp(deployed, context, signal)
      },
    )
    const { clusterId } = handle
    terminal.out(`The application ${bundle.programName} runs in ${clusterId}.`)
    terminal.out(`Its jobs: flink list ${clusterWords(target, clusterId)}`)
    const kill = killCommand(target.platform, clusterId)
    if (kill !== undefined) {
      terminal.out(`To end it by force: ${kill} (which may leave files behind)`)
    }
    return attached ? await waitForEnd(handle, run) : 0
  } finally {
    await Promise.all(descriptors.map((descriptor) => descriptor.close()))
  }
}

/** Waits for the end of an application. Ctrl-C ends the waiting; with `--shutdownOnAttachedExit` the application, too. */
async function waitForEnd(handle: ClusterHandle, run: ProgramRun): Promise<number> {
  const { terminal, clock, onInterrupt } = run.context
  const ends: (() => void)[] = []
  const outcome = new Promise<ClusterReport | undefined>((resolve, reject) => {
    ends.push(
      onInterrupt(() => resolve(undefined)),
      watchCluster({ handle, clock, terminal, onEnded: resolve, onError: reject }),
    )
  })
  try {
    const report = await outcome
    if (report === undefined) {
      if (run.cancelOnExit) await handle.kill()
      terminal.err(`${handle.clusterId} ${run.cancelOnExit ? 'was killed' : 'goes on'}.`)
      return INTERRUPTED
    }
    const { status = 'UNKNOWN', diagnostics } = report
    const line = `The application has ended: ${status}`
    if (status === 'SUCCEEDED') {
      terminal.out(line)
      return 0
    }
    await removeLeftOvers(handle, terminal)
    terminal.err(diagnostics.trim() === '' ? line : `${line}: ${diagnostics.trim()}`)
    return 1
  } finally {
    for (const end of ends) end()
  }
}
