import {
  type Clock,
  type Configuration,
  type FileSystems,
  type Logger,
  type Random,
  RestOptions,
} from '@flink-ts/core'
import type { RpcService } from '@flink-ts/rpc'
import type { CheckpointingStatistics } from '../checkpoint/checkpoint-statistics-tracker.js'
import type { ExecutionGraphInfo } from '../jobmaster/info/execution-graph-info.js'
import type { JobMaster } from '../jobmaster/job-master.js'
import type { ScheduleAction } from '../jobmaster/slotpool/slot-provider.js'
import { JOB_MASTER_GATEWAY } from '../messages/gateways.js'
import type {
  DisposeSavepointRequest,
  JobMasterGateway,
  RequestCheckpointStatisticsRequest,
  RequestCheckpointStatisticsResponse,
  StopWithSavepointRequest,
  TriggeredOperationRequest,
  TriggeredOperationResponse,
  TriggerManualCheckpointRequest,
  TriggerSavepointRequest,
} from '../messages/messages.generated.js'
import { disposeSavepoint } from './dispose-savepoint.js'
import { type OperationOutcome, TriggeredOperations } from './triggered-operations.js'

/** The coordinator of a job ends what takes too long (`execution.checkpointing.timeout`). */
const AS_LONG_AS_IT_TAKES = { timeoutMs: Number.MAX_SAFE_INTEGER }

export interface CheckpointCallsOptions {
  readonly configuration: Configuration
  readonly rpcService: RpcService
  readonly fileSystems: FileSystems
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** In the Dispatcher's main thread. */
  readonly schedule: ScheduleAction
  /** Throws FlinkError if the job does not run now. */
  readonly jobMasterOf: (jobId: string) => JobMaster
  /** Without a JobMaster: it is not led yet. */
  readonly runningJobs: () => readonly { jobId: string; jobMaster: JobMaster | undefined }[]
  /** Undefined: it has not ended, or nothing is known of it. */
  readonly endedJob: (jobId: string) => ExecutionGraphInfo | undefined
}

/** The Dispatcher's calls about checkpoints and savepoints: hands them to JobMasters and keeps what came of them. */
export class CheckpointCalls {
  readonly #options: CheckpointCallsOptions
  readonly #operations: TriggeredOperations

  constructor(options: CheckpointCallsOptions) {
    this.#options = options
    const { clock, log, configuration, schedule } = options
    const storeDurationMs = configuration.get(RestOptions.ASYNC_OPERATION_STORE_DURATION)
    this.#operations = new TriggeredOperations({ clock, log, storeDurationMs, schedule })
  }

  triggerSavepoint(request: TriggerSavepointRequest): void {
    this.#begin('savepoint', request, async () => {
      const gateway = this.#gatewayOf(request.jobId)
      return gateway.triggerSavepoint(request, AS_LONG_AS_IT_TAKES)
    })
  }

  stopWithSavepoint(request: StopWithSavepointRequest): void {
    this.#begin('stop with savepoint', request, async () => {
      const gateway = this.#gatewayOf(request.jobId)
      return gateway.stopWithSavepoint(request, AS_LONG_AS_IT_TAKES)
    })
  }

  triggerManualCheckpoint(request: TriggerManualCheckpointRequest): void {
    this.#begin('checkpoint', request, async () => {
      const gateway = this.#gatewayOf(request.jobId)
      return gateway.triggerManualCheckpoint(request, AS_LONG_AS_IT_TAKES)
    })
  }

  disposeSavepoint({ savepointPath, triggerId }: DisposeSavepointRequest): void {
    if (this.#operations.has('', triggerId)) return
    const userOf = (directory: string) =>
      this.#options.runningJobs().find(({ jobMaster }) => jobMaster?.mayRestore(directory))?.jobId
    const outcome = disposeSavepoint(savepointPath, { ...this.#options, userOf }).then(() => ({}))
    this.#operations.begin('savepoint disposal', { jobId: '', triggerId }, outcome)
  }

  operation({ jobId, triggerId }: TriggeredOperationRequest): TriggeredOperationResponse {
    return this.#operations.get(jobId, triggerId)
  }

  /** See {@link TriggeredOperations.jobEnded}. */
  jobEnded(jobId: string, tell: () => void): void {
    this.#operations.jobEnded(jobId, tell)
  }

  close(): void {
    this.#operations.close()
  }

  /** Of a job that has ended what is kept of it. */
  async statistics(
    request: RequestCheckpointStatisticsRequest,
  ): Promise<RequestCheckpointStatisticsResponse> {
    const ended = this.#options.endedJob(request.jobId)
    if (ended === undefined) {
      return this.#gatewayOf(request.jobId).requestCheckpointStatistics(request)
    }
    const found = archivedStatistics(ended, request)
    return found === undefined ? {} : { json: Buffer.from(JSON.stringify(found)) }
  }

  /** A job that is not there is told at once; all else is what came of the operation. */
  #begin(
    what: string,
    ids: { jobId: string; triggerId: string },
    run: () => Promise<OperationOutcome>,
  ): void {
    if (this.#operations.has(ids.jobId, ids.triggerId)) return
    this.#options.jobMasterOf(ids.jobId)
    this.#operations.begin(what, ids, run())
  }

  #gatewayOf(jobId: string): JobMasterGateway {
    const { address, endpointId, fencingToken } = this.#options.jobMasterOf(jobId)
    return this.#options.rpcService.connect<JobMasterGateway>(
      address,
      endpointId,
      JOB_MASTER_GATEWAY,
      { ...(fencingToken !== undefined && { fencingToken }) },
    )
  }
}

function archivedStatistics(
  { checkpoints }: ExecutionGraphInfo,
  { kind, checkpointId }: RequestCheckpointStatisticsRequest,
): object | undefined {
  switch (kind) {
    case 'OVERVIEW':
      return checkpoints?.overview
    case 'CONFIG':
      return checkpoints?.config
    case 'DETAILS': {
      const overview = checkpoints?.overview as CheckpointingStatistics | undefined
      return overview?.history.find(({ id }) => id === checkpointId)
    }
    default:
      return undefined
  }
}
