import type { CheckpointConfiguration } from '../../checkpoint/checkpoint-configuration.js'
import type { CheckpointRecord, SubtaskRecord } from '../../checkpoint/checkpoint-record.js'
import type { CheckpointStatisticsTracker } from '../../checkpoint/checkpoint-statistics-tracker.js'
import { type StatisticsSummary, summaryOfValues } from '../../checkpoint/summary-of-values.js'
import type { RequestCheckpointStatisticsRequest } from '../../messages/messages.generated.js'

/**
 * What REST shows of a job's checkpoints.
 *
 * @returns JSON; undefined: there is no such checkpoint (any more), or no such vertex
 */
export function checkpointStatisticsInfo(
  { kind, checkpointId, vertexId }: RequestCheckpointStatisticsRequest,
  statistics: CheckpointStatisticsTracker,
  configuration: CheckpointConfiguration,
): object | undefined {
  if (kind === 'OVERVIEW') return statistics.toStatistics()
  if (kind === 'CONFIG') return configInfo(configuration)
  const record = checkpointId === undefined ? undefined : statistics.record(BigInt(checkpointId))
  if (record === undefined) return undefined
  if (kind === 'DETAILS') return record.toEntry(statistics.nowMs)
  return vertexId === undefined ? undefined : subtasksInfo(record, vertexId, statistics.nowMs)
}

/** `GET /jobs/:jobid/checkpoints/config` */
function configInfo({ settings, storage, stateBackend }: CheckpointConfiguration): object {
  return {
    mode: settings.mode === 'EXACTLY_ONCE' ? 'exactly_once' : 'at_least_once',
    // Flink's way to say that there are none by themselves.
    interval: settings.intervalMs ?? Number.MAX_SAFE_INTEGER,
    timeout: settings.timeoutMs,
    min_pause: settings.minPauseMs,
    max_concurrent: settings.maxConcurrentCheckpoints,
    externalization: {
      enabled: settings.retention !== 'NO_EXTERNALIZED_CHECKPOINTS',
      delete_on_cancellation: settings.retention !== 'RETAIN_ON_CANCELLATION',
    },
    state_backend: stateBackend === 'hashmap' ? 'HashMapStateBackend' : 'LsmStateBackend',
    checkpoint_storage:
      storage.directory === undefined
        ? 'JobManagerCheckpointStorage'
        : 'FileSystemCheckpointStorage',
    unaligned_checkpoints: settings.unaligned,
    tolerable_failed_checkpoints: settings.tolerableFailedCheckpoints,
    aligned_checkpoint_timeout: settings.alignedTimeoutMs,
    checkpoints_after_tasks_finish: settings.checkpointsAfterTasksFinish,
    state_changelog_enabled: false,
    changelog_periodic_materialization_interval: 0,
    changelog_storage: 'memory',
  }
}

/** `GET /jobs/:jobid/checkpoints/details/:checkpointid/subtasks/:vertexid` */
function subtasksInfo(
  record: CheckpointRecord,
  vertexId: string,
  nowMs: number,
): object | undefined {
  const subtasks = record.subtasksOf(vertexId)
  const figures = record.toEntry(nowMs).tasks[vertexId]
  if (subtasks === undefined || figures === undefined) return undefined
  const summary = (value: (subtask: SubtaskRecord) => number): StatisticsSummary =>
    summaryOfValues(subtasks.map(value))
  const acknowledged = new Map(subtasks.map((subtask) => [subtask.index, subtask]))
  return {
    ...figures,
    summary: {
      checkpointed_size: summary((s) => s.checkpointed_size),
      state_size: summary((s) => s.state_size),
      end_to_end_duration: summary((s) => s.end_to_end_duration),
      checkpoint_duration: {
        sync: summary((s) => s.checkpoint.sync),
        async: summary((s) => s.checkpoint.async),
      },
      alignment: {
        buffered: summary((s) => s.alignment.buffered),
        processed: summary((s) => s.alignment.processed),
        persisted: summary((s) => s.alignment.persisted),
        duration: summary((s) => s.alignment.duration),
      },
      start_delay: summary((s) => s.start_delay),
    },
    subtasks: record.subtaskIndexesOf(vertexId).map((index) => {
      const known = acknowledged.get(index)
      return known === undefined
        ? { className: 'pending', index, status: 'pending_or_failed' }
        : { className: 'completed', ...known }
    }),
  }
}
