import { type FileSystem, type Logger, noopLogger } from '@flink-ts/core'
import type { CheckpointMetadata, OperatorSubtaskState } from '@flink-ts/state'
import { decodeMetadata, snapshotSourceOfBytes } from '@flink-ts/state'
import { acknowledgeToMessage } from '../../dist/checkpoint/checkpoint-reports.js'
import { decodeTaskRestore } from '../../dist/checkpoint/task-restore.js'
import type { JobGraph } from '../../dist/jobgraph/job-graph.js'
import { settle } from '../testing/cluster.js'
import { edge, hex, JOB_ID, jobGraph, vertex } from '../testing/job-graphs.js'
import { RunningJob } from '../testing/running-job.js'
export const KEYS = {
  'execution.checkpointing.interval': '1 s',
  'execution.checkpointing.dir': 'memory:///cp',
  'execution.checkpointing.num-retained': '2',
  'execution.checkpointing.tolerable-failed-checkpoints': '100',
  'restart-strategy.type': 'fixed-delay',
  'restart-strategy.fixed-delay.attempts': '100',
  'restart-strategy.fixed-delay.delay': '10 ms',
}
export const FOLDER = `/cp/${JOB_ID}`
export const METRICS = {
  startDelayMs: 1,
  alignmentDurationMs: 2,
  bytesProcessedDuringAlignment: 3,
  bytesPersistedDuringAlignment: 0,
  syncDurationMs: 4,
  asyncDurationMs: 5,
  unaligned: false,
}

export const pipeline = (sources = 1, counters = 2) =>
  jobGraph([vertex(1, sources), vertex(2, counters)], [edge(1, 2)])

export async function start(
  t: { teardown(fn: () => unknown): void },
  keys: Record<string, string> = {},
  graph: JobGraph = pipeline(),
  log: Logger = noopLogger,
): Promise<RunningJob> {
  const job = await RunningJob.start(t, graph, { ...KEYS, ...keys }, undefined, log)
  await job.cluster.startTaskManager('tm1', 1)
  await job.cluster.startTaskManager('tm2', 3)
  return job
}

/** Keyed state of a subtask of `parallelism`; the text says whose it is. */
export function keyed(subtask: number, parallelism: number, text: string): OperatorSubtaskState {
  const width = 128 / parallelism
  const bytes = Buffer.from(text)
  return {
    keyed: {
      keyGroups: { start: subtask * width, end: (subtask + 1) * width - 1 },
      snapshot: { kind: 'inline', bytes, sizeBytes: bytes.length, checksum: 0 },
    },
  }
}

export async function overviewOf(job: RunningJob): Promise<unknown> {
  const gateway = job.cluster.taskManagers[0]!.jobMaster()
  const { json } = await gateway.requestCheckpointStatistics({ jobId: JOB_ID, kind: 'OVERVIEW' })
  return JSON.parse(Buffer.from(json!).toString())
}

export async function acknowledge(
  job: RunningJob,
  [vertexIndex, subtask]: [number, number],
  checkpointId: number,
): Promise<void> {
  const { executionAttemptId } = job.info.vertices[vertexIndex]!.subtasks[subtask]!.current
  const parallelism = job.info.vertices[vertexIndex]!.subtasks.length
  const operatorId = hex(0x101 + vertexIndex)
  const text = `${checkpointId} of ${vertexIndex}-${subtask}`
  await job
    .task(vertexIndex, subtask)
    .taskManager.jobMaster()
    .acknowledgeCheckpoint(
      acknowledgeToMessage({
        executionAttemptId,
        checkpointId: BigInt(checkpointId),
        state: new Map([[operatorId, keyed(subtask, parallelism, text)]]),
        metrics: METRICS,
      }),
    )
  await settle()
}

export const triggered = ({ cluster }: RunningJob) =>
  cluster.taskManagers.flatMap((tm) => tm.triggered)

/** Time passes until checkpoint `checkpointId` was triggered. */
export async function untilTriggered(job: RunningJob, checkpointId: number): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (triggered(job).some((trigger) => trigger.checkpointId === checkpointId)) return
    await job.cluster.advance(10)
  }
  throw new Error(`checkpoint ${checkpointId} was not triggered`)
}

export async function complete(job: RunningJob, checkpointId: number): Promise<void> {
  await untilTriggered(job, checkpointId)
  for (const [v, { subtasks }] of job.info.vertices.entries()) {
    for (let subtask = 0; subtask < subtasks.length; subtask++) {
      await acknowledge(job, [v, subtask], checkpointId)
    }
  }
  await settle()
}

export async function fail(job: RunningJob, code = 'FLINK_TEST', [v, s] = [1, 0]): Promise<void> {
  await job.report(v!, s!, 'FAILED', { name: 'TaskError', message: 'it broke', code })
  await job.cluster.advance(200)
}

/** What the current attempt of a subtask was deployed with. */
export function restoreOf(job: RunningJob, vertexIndex: number, subtask: number) {
  const { taskRestore } = job.task(vertexIndex, subtask).descriptor
  return taskRestore === undefined ? undefined : decodeTaskRestore(taskRestore)
}

/** Of the keyed state that a subtask begins with. */
export function restoredTexts(job: RunningJob, vertexIndex: number, subtask: number): string[] {
  const operator = restoreOf(job, vertexIndex, subtask)?.operators.get(hex(0x101 + vertexIndex))
  return (operator?.keyed ?? []).map(({ handle, keyGroups }) => {
    const { snapshot } = handle
    const text = snapshot.kind === 'inline' ? Buffer.from(snapshot.bytes).toString() : '(file)'
    return `${text} [${keyGroups.start}, ${keyGroups.end}]`
  })
}

export async function folders(files: FileSystem, path: string): Promise<string[]> {
  if (!(await files.exists(path))) return []
  return (await files.list(path)).map((entry) => entry.path.slice(path.length + 1)).sort()
}

export async function readMetadata(
  files: FileSystem,
  directory: string,
): Promise<CheckpointMetadata> {
  const path = `${directory}/_metadata`
  const { lengthBytes } = await files.getFileStatus(path)
  const bytes = new Uint8Array(Number(lengthBytes))
  const file = await files.open(path)
  for (let at = 0; at < bytes.length; ) at += await file.read(bytes.subarray(at), at)
  await file.close()
  return decodeMetadata(snapshotSourceOfBytes(bytes, path), directory)
}
