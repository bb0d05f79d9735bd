import {
  isGloballyTerminalJobStatus,
  JOB_STATUS_TRANSITIONS,
} from '../executiongraph/job-status.js'
import type { ExecutionGraphInfo } from '../jobmaster/info/execution-graph-info.js'
import type { JobResult, JobStatus } from '../messages/messages.generated.js'

/** What is shown of a job whose end is known here, but not yet to a later leader. */
const STATUS_BEFORE: Partial<Readonly<Record<JobStatus, JobStatus>>> = {
  FINISHED: 'RUNNING',
  CANCELED: 'CANCELLING',
  FAILED: 'FAILING',
}

/** The status as it may be told as long as the result of the job is not kept. */
export function statusBeforeEnd(status: JobStatus): JobStatus {
  return STATUS_BEFORE[status] ?? status
}

/** The picture as it may be shown as long as the result of the job is not kept. */
export function infoBeforeEnd(info: ExecutionGraphInfo): ExecutionGraphInfo {
  if (!isGloballyTerminalJobStatus(info.status)) return info
  const timestamps = { ...info.timestamps, [info.status]: 0 }
  return { ...info, status: statusBeforeEnd(info.status), timestamps, endTimeMs: -1 }
}

/** All that is left of a job that ended under an earlier leader. */
export function infoOfResult(result: JobResult): ExecutionGraphInfo {
  const { jobId, name, status, startTimeMs, endTimeMs, failureCause } = result
  const timestamps = Object.fromEntries(
    Object.keys(JOB_STATUS_TRANSITIONS).map((each) => [each, 0]),
  )
  return {
    jobId,
    name,
    jobType: 'STREAMING',
    status,
    timestamps: {
      ...(timestamps as Record<JobStatus, number>),
      INITIALIZING: startTimeMs,
      [status]: endTimeMs,
    },
    startTimeMs,
    endTimeMs,
    jobGraph: { vertices: [], edges: [], configuration: {} },
    vertices: [],
    exceptionHistory: [],
    exceptionHistoryTruncated: false,
    ...(failureCause === undefined ? {} : { failureCause }),
    restartStrategy: '',
    schedulerType: 'Default',
    parallelism: 1,
  }
}
