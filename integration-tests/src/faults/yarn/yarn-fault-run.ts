import { type Hadoop, startHadoop } from '../../clusters/hadoop.js'
import { hadoopMissing } from '../../clusters/hadoop-jars.js'
import {
  type ManagedPlatform,
  type ManagedRunOptions,
  runManagedFaults,
} from '../managed/managed-run.js'
import type { FaultRunResult } from '../run-frame.js'
import { YarnFaultCluster } from './yarn-fault-cluster.js'
import { YarnFaultJob, type YarnJobMode } from './yarn-fault-job.js'

export interface YarnFaultRunOptions extends ManagedRunOptions<YarnFaultCluster, YarnFaultJob> {
  /** One that is there, and stays; default: one of its own. */
  readonly hadoop?: Hadoop
}

type YarnPlatform = ManagedPlatform<YarnFaultCluster, YarnFaultJob, YarnJobMode>

/** Runs jobs on a real YARN, in clusters for a job and for an application in turn. */
export function runYarnFaults(options: YarnFaultRunOptions): Promise<FaultRunResult> {
  const platform: YarnPlatform = {
    missing: hadoopMissing(),
    modes: ['per-job', 'application'],
    modeNames: { 'per-job': 'a cluster for a job', application: 'a cluster for an application' },
    async start({ folder, owned }, configuration) {
      const { hadoop } = await owned(startYarn(options.hadoop))
      // Each cluster has a name of its own, that of its application.
      const { 'high-availability.cluster-id': _fixed, ...keys } = configuration
      const cluster = new YarnFaultCluster(hadoop, folder, {
        'yarn.flink-ts.node-path': options.environment?.['FLINK_NODE'] ?? process.execPath,
        ...keys,
      })
      return owned(Promise.resolve(cluster))
    },
    newJob: (cluster, mode, job) => new YarnFaultJob(cluster, mode, job),
  }
  return runManagedFaults(platform, options)
}

async function startYarn(given: Hadoop | undefined) {
  if (given !== undefined) return { hadoop: given, close: async () => {} }
  const hadoop = await startHadoop({
    // The containers of a cluster fit on one node when the other is lost.
    memoryMb: 8192,
    vcores: 16,
    yarn: { 'yarn.resourcemanager.am.global.max-attempts': '1000' },
  })
  return { hadoop, close: () => hadoop.stop() }
}
