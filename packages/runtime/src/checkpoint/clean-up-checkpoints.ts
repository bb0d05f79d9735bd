import { Configuration, type FileSystems, type Logger, type Random } from '@flink-ts/core'
import type { LeaderStores } from '../highavailability/high-availability-services.js'
import type { JobGraph } from '../jobgraph/job-graph.js'
import type { JobResult } from '../messages/messages.generated.js'
import { checkpointConfiguration } from './checkpoint-configuration.js'
import { isRetained } from './checkpoint-settings.js'
import { CompletedCheckpointStore } from './completed-checkpoint-store.js'
import { JobCheckpointStorage } from './job-checkpoint-storage.js'

export interface CleanUpCheckpointsOptions {
  readonly result: JobResult
  /** Undefined: it is not kept any more; the cluster's configuration counts. */
  readonly jobGraph: JobGraph | undefined
  /** Of the cluster. */
  readonly configuration: Configuration
  /** Of the leader's term. */
  readonly stores: LeaderStores
  readonly fileSystems: FileSystems
  readonly random: Random
  readonly log: Logger
}

/**
 * Removes what a job has left of checkpoints that ended under a leader which could not do so. Idempotent; a retained checkpoint
 * stays.
 */
export async function cleanUpCheckpoints(options: CleanUpCheckpointsOptions): Promise<void> {
  const { result, jobGraph, stores, fileSystems, random, log } = options
  const { jobId, status } = result
  if (status !== 'FINISHED' && status !== 'CANCELED' && status !== 'FAILED') return
  const configuration = options.configuration
    .clone()
    .merge(Configuration.fromMap(jobGraph?.configuration ?? {}))
  const { settings, storage: storageSettings } = checkpointConfiguration(configuration)
  const storage = new JobCheckpointStorage({
    settings: storageSettings,
    fileSystems,
    random,
    jobId,
  })
  const store = await CompletedCheckpointStore.recover(
    {
      store: stores.jobNamespace(jobId, 'checkpoints'),
      numRetained: storageSettings.numRetained,
      log,
    },
    (path) => storage.open(path),
  )
  const checkpoints = await store.clear()
  if (isRetained(settings.retention, status)) return
  for (const { externalPath } of checkpoints) await storage.discard(externalPath)
  await storage.discardJobDirectory()
}
