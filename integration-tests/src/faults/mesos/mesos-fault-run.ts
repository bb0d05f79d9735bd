import { startMesos } from '../../clusters/mesos.js'
import { mesosMissing } from '../../clusters/mesos-programs.js'
import {
  type ManagedPlatform,
  type ManagedRunOptions,
  runManagedFaults,
} from '../managed/managed-run.js'
import type { FaultRunResult } from '../run-frame.js'
import { MesosFaultCluster } from './mesos-fault-cluster.js'
import { MesosFaultJob, type MesosJobMode } from './mesos-fault-job.js'

type MesosPlatform = ManagedPlatform<MesosFaultCluster, MesosFaultJob, MesosJobMode>

/** Runs jobs on a real Mesos of three masters and three agents, in sessions and clusters of their own in turn. */
export function runMesosFaults(
  options: ManagedRunOptions<MesosFaultCluster, MesosFaultJob>,
): Promise<FaultRunResult> {
  const platform: MesosPlatform = {
    missing: mesosMissing(),
    modes: ['session', 'per-job'],
    modeNames: { session: 'a session', 'per-job': 'a cluster for one job' },
    async start({ folder, owned }, configuration, coordination) {
      const { mesos } = await owned(startThreeMasters(coordination.ensemble.connectString))
      const { environment } = options
      const parts = { mesos, coordination, folder, configuration, environment }
      const cluster = new MesosFaultCluster(parts)
      return owned(Promise.resolve(cluster))
    },
    newJob: (cluster, mode, job) => new MesosFaultJob(cluster, mode, job),
  }
  return runManagedFaults(platform, options)
}

async function startThreeMasters(zooKeeper: string) {
  const mesos = await startMesos({ masters: 3, zooKeeper, agents: [{}, {}, {}] })
  return { mesos, close: () => mesos.stop() }
}
