import type { Configuration } from '@flink-ts/core'
import { checkpointConfiguration } from '../checkpoint/checkpoint-configuration.js'
import type { LeaderStores } from '../highavailability/high-availability-services.js'
import type { CoordinatorFactory } from './coordination/operator-coordinators.js'
import { InitializedOutputs } from './initialized-outputs.js'
import { JobCheckpointing, type JobCheckpointingOptions } from './job-checkpointing.js'
import { initializeOnMaster, loadCoordinators, type ModuleLoader } from './job-initialization.js'

export interface InitializeJobOptions
  extends Omit<JobCheckpointingOptions, 'configuration' | 'stores'> {
  /** Of the job over that of the cluster. */
  readonly configuration: Configuration
  /** Of the leader's term. */
  readonly stores: () => LeaderStores
  readonly loadModule: ModuleLoader
}

/** What a job needs before its first task is deployed. */
export interface InitializedJob {
  readonly factories: ReadonlyMap<string, CoordinatorFactory>
  /** Undefined: a batch job has none. */
  readonly checkpointing: JobCheckpointing | undefined
}

/**
 * Does all that comes before the first task of a job: loads the coordinators of its operators, reads what it begins with,
 * prepares its outputs.
 *
 * @throws LeadershipLostError, JobInitializationError, and what {@link JobCheckpointing.recover} throws
 */
export async function initializeJob(options: InitializeJobOptions): Promise<InitializedJob> {
  const { jobGraph, loadModule, fileSystems } = options
  const factories = await loadCoordinators(jobGraph, loadModule, fileSystems)
  const checkpointing =
    jobGraph.jobType === 'BATCH'
      ? undefined
      : await JobCheckpointing.recover({
          ...options,
          stores: options.stores(),
          configuration: checkpointConfiguration(options.configuration),
        })
  await initializeOutputs(options, checkpointing?.restored !== undefined)
  return { factories, checkpointing }
}

/** @param isRestored the job begins with a checkpoint or savepoint, which may name outputs that were begun */
async function initializeOutputs(
  options: InitializeJobOptions,
  isRestored: boolean,
): Promise<void> {
  const { jobGraph, loadModule, fileSystems, schedule } = options
  const hasOutputs = jobGraph.vertices.some(({ operators }) =>
    operators.some((operator) => operator.initializeOnMaster !== undefined),
  )
  if (!hasOutputs) return
  const store = options.stores().jobNamespace(jobGraph.jobId, 'jobmaster')
  const initialized = new InitializedOutputs(store, schedule)
  const isInitialized = await initialized.has()
  const isRecovered = isInitialized || isRestored
  await initializeOnMaster(jobGraph, loadModule, { fileSystems, isRecovered })
  if (!isInitialized) await initialized.add()
}
