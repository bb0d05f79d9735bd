import { FlinkError, type Logger } from '@flink-ts/core'
import { SharedStateRegistry } from '@flink-ts/state'
import type { LeaderStores } from '../highavailability/high-availability-services.js'
import { LeadershipLostError } from '../highavailability/store/store-errors.js'
import type { ScheduleAction } from '../jobmaster/slotpool/slot-provider.js'
import { Retries, type RetryPolicy } from '../retry/retries.js'
import type { CheckpointConfiguration, RestoreSettings } from './checkpoint-configuration.js'
import { CheckpointIdCounter } from './checkpoint-id-counter.js'
import { savepoint } from './checkpoint-properties.js'
import type { CompletedCheckpoint } from './completed-checkpoint.js'
import { CompletedCheckpointStore } from './completed-checkpoint-store.js'
import type { JobCheckpointStorage } from './job-checkpoint-storage.js'
import { CheckpointsDamagedError } from './restore-errors.js'

/** A file system that is away for a moment must not end the job. */
const RETRIES: RetryPolicy = {
  maxRetries: 12,
  initialDelayMs: 100,
  maxDelayMs: 5000,
  isWorthRetrying: (error) =>
    !(error instanceof LeadershipLostError) &&
    FlinkError.is(error) &&
    (error.retriable || error.code === 'FLINK_FILE_SYSTEM'),
}

export interface RecoverCheckpointsOptions {
  readonly jobId: string
  readonly configuration: CheckpointConfiguration
  readonly storage: JobCheckpointStorage
  /** Of the leader's term. */
  readonly stores: LeaderStores
  readonly schedule: ScheduleAction
  readonly log: Logger
}

/** What is there of a job's checkpoints when a leader begins. */
export interface RecoveredCheckpoints {
  readonly store: CompletedCheckpointStore
  readonly counter: CheckpointIdCounter
  readonly sharedState: SharedStateRegistry
  /** The savepoint or checkpoint that the job was submitted with, while it has completed none of its own. */
  readonly initial: CompletedCheckpoint | undefined
}

/**
 * Reads what a former leader left, else the savepoint that the job was submitted with.
 *
 * @throws CheckpointsDamagedError, CheckpointNotFoundError, SnapshotCorruptError, LeadershipLostError
 */
export async function recoverCheckpoints(
  options: RecoverCheckpointsOptions,
): Promise<RecoveredCheckpoints> {
  const retries = new Retries(options.schedule, options.log)
  return retries.run(`read the checkpoints of job ${options.jobId}`, RETRIES, () =>
    recover(options),
  )
}

async function recover(options: RecoverCheckpointsOptions): Promise<RecoveredCheckpoints> {
  const { jobId, configuration, storage, stores, log } = options
  const damaged: string[] = []
  const store = await CompletedCheckpointStore.recover(
    {
      store: stores.jobNamespace(jobId, 'checkpoints'),
      numRetained: configuration.storage.numRetained,
      log,
    },
    (path) => storage.open(path),
    (path) => damaged.push(path),
  )
  if (store.latest === undefined && damaged.length > 0) throw new CheckpointsDamagedError(damaged)
  const sharedState = new SharedStateRegistry((handle) => {
    storage.discardHandle(handle).catch((error) => {
      log.warn('A file that no checkpoint uses any more could not be removed', { jobId, error })
    })
  })
  for (const { metadata } of store.all) sharedState.register(metadata)
  const { restore } = configuration
  const initial =
    store.latest === undefined && restore !== undefined
      ? await openInitial(options, restore, { store, sharedState })
      : undefined
  const first = store.latest ?? initial
  const inFolder =
    configuration.settings.intervalMs === undefined ? 0n : await storage.highestCheckpointId()
  const after = [inFolder, store.highestId, first?.checkpointId ?? 0n].reduce((a, b) =>
    a > b ? a : b,
  )
  const ids = stores.jobNamespace(jobId, 'checkpoint-ids')
  const counter = new CheckpointIdCounter(ids, { after, log })
  return { store, counter, sharedState, initial }
}

async function openInitial(
  { storage, log, jobId }: RecoverCheckpointsOptions,
  { path, claimMode }: RestoreSettings,
  { store, sharedState }: Pick<RecoveredCheckpoints, 'store' | 'sharedState'>,
): Promise<CompletedCheckpoint | undefined> {
  const { metadata, directory, metadataBytes } = await storage.open(path)
  const isClaimed = claimMode === 'CLAIM'
  const checkpoint: CompletedCheckpoint = {
    checkpointId: metadata.checkpointId,
    properties: savepoint(directory),
    metadata: sharedState.register(metadata, { isOwned: isClaimed }),
    externalPath: directory,
    metadataBytes,
    completionTimestampMs: metadata.timestampMs,
  }
  log.info('The job begins with a savepoint or checkpoint', {
    jobId,
    path: directory,
    checkpointId: `${metadata.checkpointId}`,
    claimMode,
  })
  // It is the job's own from now on: removed when it is subsumed.
  if (isClaimed) await store.add(checkpoint)
  return isClaimed ? undefined : checkpoint
}
