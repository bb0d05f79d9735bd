import { FileSystemRegistry, InMemoryFileSystem, noopLogger, SeededRandom } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  discardStateHandle,
  FileSystemCheckpointStorage,
  SharedStateRegistry,
  StateStreams,
} from '@flink-ts/state'
import { CheckpointCoordinator } from '../../dist/checkpoint/checkpoint-coordinator.js'
import type { CheckpointCoordinatorOptions } from '../../dist/checkpoint/checkpoint-coordinator-options.js'
import type {
  AcknowledgeCheckpoint,
  SubtaskCheckpointMetrics,
  TriggeredCheckpoint,
} from '../../dist/checkpoint/checkpoint-gateways.js'
import { CheckpointIdCounter } from '../../dist/checkpoint/checkpoint-id-counter.js'
import { type PlannedTask, planCheckpoint } from '../../dist/checkpoint/checkpoint-plan.js'
import {
  type CheckpointSettings,
  DEFAULT_CHECKPOINT_SETTINGS,
} from '../../dist/checkpoint/checkpoint-settings.js'
import { CheckpointStatisticsTracker } from '../../dist/checkpoint/checkpoint-statistics-tracker.js'
import { CompletedCheckpointStore } from '../../dist/checkpoint/completed-checkpoint-store.js'
import { EntriesLeaderStores } from '../../dist/highavailability/store/entries-leader-stores.js'
import { CoordinationConnectionLostError } from '../../dist/highavailability/store/store-errors.js'
import { VersionedEntries } from '../../dist/highavailability/store/versioned-entries.js'

export const JOB = '0123456789abcdef0123456789abcdef'
export const JOB_FOLDER = `/cp/${JOB}`

const METRICS: SubtaskCheckpointMetrics = {
  startDelayMs: 1,
  alignmentDurationMs: 2,
  bytesProcessedDuringAlignment: 30,
  bytesPersistedDuringAlignment: 0,
  syncDurationMs: 4,
  asyncDurationMs: 5,
  unaligned: false,
}

/** Lets everything that is due in this process happen; nothing here waits for anything else. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 120; i++) await Promise.resolve()
}

/** The attempts of a source of two subtasks and a sink of one. */
export function tasksOf(attempt: number): PlannedTask[] {
  const task = (vertexId: string, subtaskIndex: number, producers: string[]): PlannedTask => ({
    executionAttemptId: `${vertexId}-${subtaskIndex}-${attempt}`,
    vertexId,
    subtaskIndex,
    parallelism: vertexId === 'source' ? 2 : 1,
    maxParallelism: 128,
    operators: [{ operatorId: vertexId.padEnd(32, '0'), operatorName: vertexId }],
    state: 'RUNNING',
    producers,
    hasBlockingOutput: false,
  })
  const sources = [task('source', 0, []), task('source', 1, [])]
  return [
    ...sources,
    task(
      'sink',
      0,
      sources.map((s) => s.executionAttemptId),
    ),
  ]
}

/** A coordinator with its world: files and coordination in memory, tasks played by the test. */
export async function checkpointWorld(
  settings: Partial<CheckpointSettings> = {},
  {
    numRetained = 1,
    entries = new VersionedEntries(),
    files,
    overrides = {},
    isAnswerLost = () => false,
  }: {
    numRetained?: number
    entries?: VersionedEntries
    files?: InMemoryFileSystem
    overrides?: Partial<CheckpointCoordinatorOptions>
    /** Whether nobody hears that a change of the coordination service was made. */
    isAnswerLost?: () => boolean
  } = {},
) {
  const clock = new ManualClock(1_000_000)
  const random = new SeededRandom(entries.namespaces.length + 1)
  const fileSystem = files ?? new InMemoryFileSystem({ clock, random, scheme: 'file' })
  const fileSystems = new FileSystemRegistry([fileSystem])
  const fileStorage = new FileSystemCheckpointStorage({
    fileSystems,
    random,
    jobId: JOB,
    directory: '/cp',
  })
  const stores = new EntriesLeaderStores({
    read: async (_, run) => run(entries),
    write: async (operation, run) => {
      const answer = run(entries)
      if (isAnswerLost()) throw new CoordinationConnectionLostError({ operation, client: 'test' })
      return answer
    },
  })
  const damaged: string[] = []
  const store = await CompletedCheckpointStore.recover(
    { store: stores.jobNamespace(JOB, 'checkpoints'), numRetained, log: noopLogger },
    (path) => fileStorage.open(path),
    (path) => damaged.push(path),
  )
  const discardHandle: CheckpointCoordinatorOptions['storage']['discardHandle'] = (handle) =>
    discardStateHandle(fileSystems, handle)
  const sharedState = new SharedStateRegistry((handle) => void discardHandle(handle))
  for (const { metadata } of store.all) sharedState.register(metadata)
  const statistics = new CheckpointStatisticsTracker({
    clock,
    historySize: 10,
    sharedSizeBytes: (key) => sharedState.sizeBytesOf(key),
  })
  const triggered = new Map<bigint, TriggeredCheckpoint>()
  const triggeredTasks = new Map<bigint, string[]>()
  const events: string[] = []
  const jobFailures: Error[] = []
  const world = { tasks: tasksOf(0) }
  const coordinator = new CheckpointCoordinator({
    jobId: JOB,
    settings: { ...DEFAULT_CHECKPOINT_SETTINGS, ...settings },
    plan: () => planCheckpoint(world.tasks, { afterTasksFinish: true }),
    gateway: {
      trigger: (tasks, checkpoint) => {
        triggered.set(checkpoint.checkpointId, checkpoint)
        triggeredTasks.set(
          checkpoint.checkpointId,
          tasks.map((t) => t.executionAttemptId),
        )
        events.push(`trigger ${checkpoint.checkpointId}`)
      },
      notifyComplete: (_, id) => void events.push(`complete ${id}`),
      notifyAborted: (_, id) => void events.push(`aborted ${id}`),
    },
    coordinators: {
      checkpoint: async (id) =>
        new Map([['source'.padEnd(32, '0'), Buffer.from(`enumerator ${id}`)]]),
      ended: () => {},
    },
    storage: {
      initializeCheckpoint: (id) => fileStorage.initializeCheckpoint(id),
      initializeSavepoint: (target) => fileStorage.initializeSavepoint(target),
      complete: (location, metadata) => fileStorage.complete(location, metadata),
      discard: (directory) => fileStorage.discard(directory),
      discardHandle,
    },
    store,
    counter: new CheckpointIdCounter(stores.jobNamespace(JOB, 'checkpoint-ids')),
    sharedState,
    statistics,
    failJob: (error) => void jobFailures.push(error),
    schedule: (delayMs, action) => clock.schedule(delayMs, action),
    execute: (action) => action(),
    clock,
    random,
    log: noopLogger,
    ...overrides,
  })

  /** What a task sends when it has written its state. */
  async function written(attempt: string, checkpointId: bigint): Promise<AcknowledgeCheckpoint> {
    const { directory, sharedDirectory } = triggered.get(checkpointId)!
    const location = { directory, sharedDirectory }
    const streams = new StateStreams({ fileSystems, random, location, inlineThresholdBytes: 8 })
    const stream = streams.open('exclusive')
    await stream.write(Buffer.from(`state of ${attempt} in ${checkpointId}`))
    const snapshot = await stream.finish()
    const operatorId = attempt.split('-')[0]!.padEnd(32, '0')
    const keyed = { keyGroups: { start: 0, end: 127 }, snapshot }
    return {
      executionAttemptId: attempt,
      checkpointId,
      state: new Map([[operatorId, { keyed }]]),
      metrics: METRICS,
    }
  }

  return {
    ...{ clock, random, fileSystem, fileSystems, fileStorage, stores, entries, store, damaged },
    ...{ statistics, triggered, triggeredTasks, events, jobFailures, world, coordinator, written },
    /** All tasks acknowledge. */
    async acknowledgeAll(checkpointId: bigint) {
      for (const { executionAttemptId, state } of world.tasks) {
        if (state !== 'RUNNING') continue
        coordinator.acknowledgeCheckpoint(await written(executionAttemptId, checkpointId))
      }
      await settle()
    },
    async advance(ms: number) {
      clock.advance(ms)
      await settle()
    },
    /** Names of the folders of checkpoints. */
    async folders(): Promise<string[]> {
      if (!(await fileSystem.exists(JOB_FOLDER))) return []
      const names = (await fileSystem.list(JOB_FOLDER)).map(({ path }) => path.split('/').at(-1)!)
      return names.filter((name) => name.startsWith('chk-'))
    },
  }
}

export type CheckpointWorld = Awaited<ReturnType<typeof checkpointWorld>>
