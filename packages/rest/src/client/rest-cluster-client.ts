import { type AccumulatorSnapshot, type Clock, SystemRandom } from '@flink-ts/core'
import type { CheckpointHistoryEntry, CheckpointingStatistics } from '@flink-ts/runtime'
import type { JobAccumulatorsBody } from '../messages/accumulator-messages.js'
import type {
  AsynchronousOperationBody,
  CheckpointInfoBody,
  CheckpointTriggerRequestBody,
  ManualCheckpointType,
  SavepointDisposalRequestBody,
  SavepointInfoBody,
  SavepointTriggerRequestBody,
  StopWithSavepointRequestBody,
  TriggerResponseBody,
} from '../messages/checkpoint-messages.js'
import type {
  ClusterOverviewBody,
  ConfigurationEntryBody,
  JobDetailsBody,
  JobExceptionsBody,
  JobExecutionResultBody,
  JobOverviewBody,
  JobPlanBody,
  JobResultBody,
  JobStatusBody,
  JobSubmitRequestBody,
  JobsOverviewBody,
  JobVertexDetailsBody,
  MetricBody,
  TaskManagerDetailsBody,
  TaskManagersBody,
} from '../messages/messages.js'
import { accumulatorSnapshots } from './accumulator-snapshots.js'
import { type RestClusterClientOptions, RestTransport } from './rest-transport.js'
import { completedOperation, type OperationPatience } from './triggered-operation.js'

/**
 * Speaks the REST API of one cluster.
 *
 * Every method throws RestConnectionError when nobody answers (after the repetitions) and RestClientError when
 * the cluster refuses.
 */
export class RestClusterClient {
  /** Whether leaders may change while it is used. */
  readonly bearsLeaderChanges: boolean
  readonly #transport: RestTransport
  readonly #clock: Clock

  constructor(options: RestClusterClientOptions) {
    this.bearsLeaderChanges = options.leaderChanges !== undefined
    this.#transport = new RestTransport(options)
    this.#clock = options.clock
  }

  clusterOverview(): Promise<ClusterOverviewBody> {
    return this.#transport.call('GET', '/overview')
  }

  clusterConfiguration(): Promise<ConfigurationEntryBody[]> {
    return this.#transport.call('GET', '/jobmanager/config')
  }

  async listJobs(): Promise<readonly JobOverviewBody[]> {
    return (await this.#transport.call<JobsOverviewBody>('GET', '/jobs/overview')).jobs
  }

  jobDetails(jobId: string): Promise<JobDetailsBody> {
    return this.#transport.call('GET', `/jobs/${jobId}`)
  }

  jobPlan(jobId: string): Promise<JobPlanBody> {
    return this.#transport.call('GET', `/jobs/${jobId}/plan`)
  }

  jobExceptions(jobId: string): Promise<JobExceptionsBody> {
    return this.#transport.call('GET', `/jobs/${jobId}/exceptions`)
  }

  async jobStatus(jobId: string): Promise<string> {
    return (await this.#transport.call<JobStatusBody>('GET', `/jobs/${jobId}/status`)).status
  }

  vertexDetails(jobId: string, vertexId: string): Promise<JobVertexDetailsBody> {
    return this.#transport.call('GET', `/jobs/${jobId}/vertices/${vertexId}`)
  }

  /** @param ids which metrics; all names (without values) if left out */
  subtaskMetrics(
    jobId: string,
    vertexId: string,
    subtaskIndex: number,
    ids?: readonly string[],
  ): Promise<MetricBody[]> {
    const query = ids === undefined ? '' : `?get=${ids.map(encodeURIComponent).join(',')}`
    return this.#transport.call(
      'GET',
      `/jobs/${jobId}/vertices/${vertexId}/subtasks/${subtaskIndex}/metrics${query}`,
    )
  }

  async taskManagers(): Promise<TaskManagersBody['taskmanagers']> {
    return (await this.#transport.call<TaskManagersBody>('GET', '/taskmanagers')).taskmanagers
  }

  taskManagerDetails(resourceId: string): Promise<TaskManagerDetailsBody> {
    return this.#transport.call('GET', `/taskmanagers/${encodeURIComponent(resourceId)}`)
  }

  /** What a job's accumulators hold now. */
  async jobAccumulators(jobId: string): Promise<AccumulatorSnapshot[]> {
    const body = await this.#transport.call<JobAccumulatorsBody>(
      'GET',
      `/jobs/${jobId}/accumulators?includeSerializedValue=true`,
    )
    return accumulatorSnapshots(body['serialized-user-task-accumulators'])
  }

  /** Undefined while the job has not ended. */
  async executionResult(jobId: string): Promise<JobResultBody | undefined> {
    const path = `/jobs/${jobId}/execution-result`
    return (await this.#transport.call<JobExecutionResultBody>('GET', path))['job-execution-result']
  }

  async cancelJob(jobId: string): Promise<void> {
    await this.#transport.call('PATCH', `/jobs/${jobId}?mode=cancel`)
  }

  /** Tells that the client lives: the job is cancelled if nothing is heard until `expiredTimestampMs`. */
  async reportHeartbeat(jobId: string, expiredTimestampMs: number): Promise<void> {
    await this.#transport.call('PATCH', `/jobs/${jobId}/clientHeartbeat`, {
      expiredTimestamp: expiredTimestampMs,
    })
  }

  /** What is known of the job's checkpoints. @throws RestClientError 404 of a job that takes none */
  checkpoints(jobId: string): Promise<CheckpointingStatistics> {
    return this.#transport.call('GET', `/jobs/${jobId}/checkpoints`)
  }

  /** One checkpoint of the history. */
  checkpointDetails(jobId: string, checkpointId: number): Promise<CheckpointHistoryEntry> {
    return this.#transport.call('GET', `/jobs/${jobId}/checkpoints/details/${checkpointId}`)
  }

  /** Begins a checkpoint; repeated calls are one. @returns the id by which {@link checkpoint} asks for it */
  triggerCheckpoint(jobId: string, type: ManualCheckpointType = 'CONFIGURED'): Promise<string> {
    const request: CheckpointTriggerRequestBody = { checkpointType: type, triggerId: newId() }
    return this.#trigger(`/jobs/${jobId}/checkpoints`, request)
  }

  /** Begins a savepoint. @returns the id by which {@link savepoint} asks for it */
  triggerSavepoint(
    jobId: string,
    options: Omit<SavepointTriggerRequestBody, 'triggerId'> = {},
  ): Promise<string> {
    return this.#trigger(`/jobs/${jobId}/savepoints`, { ...options, triggerId: newId() })
  }

  /** Begins to stop a job with a savepoint. @returns the id by which {@link savepoint} asks for it */
  stopWithSavepoint(
    jobId: string,
    options: Omit<StopWithSavepointRequestBody, 'triggerId'> = {},
  ): Promise<string> {
    return this.#trigger(`/jobs/${jobId}/stop`, { ...options, triggerId: newId() })
  }

  /** Waits for a checkpoint. @returns its id. @throws TriggeredOperationError (FLINK_OPERATION_FAILED) */
  async checkpoint(
    jobId: string,
    triggerId: string,
    patience?: OperationPatience,
  ): Promise<number> {
    const { checkpointId } = await completedOperation(
      `A checkpoint of job ${jobId}`,
      this.#clock,
      () =>
        this.#transport.call<AsynchronousOperationBody<CheckpointInfoBody>>(
          'GET',
          `/jobs/${jobId}/checkpoints/${triggerId}`,
        ),
      patience,
    )
    return checkpointId!
  }

  /** Waits for a savepoint. @returns its folder. @throws TriggeredOperationError (FLINK_OPERATION_FAILED) */
  async savepoint(jobId: string, triggerId: string, patience?: OperationPatience): Promise<string> {
    const { location } = await completedOperation(
      `A savepoint of job ${jobId}`,
      this.#clock,
      () =>
        this.#transport.call<AsynchronousOperationBody<SavepointInfoBody>>(
          'GET',
          `/jobs/${jobId}/savepoints/${triggerId}`,
        ),
      patience,
    )
    return location!
  }

  /** Removes a savepoint with its state. @throws TriggeredOperationError (FLINK_OPERATION_FAILED) */
  async disposeSavepoint(path: string, patience?: OperationPatience): Promise<void> {
    const request: SavepointDisposalRequestBody = { 'savepoint-path': path }
    const triggerId = await this.#trigger('/savepoint-disposal', request)
    await completedOperation(
      `The disposal of savepoint '${path}'`,
      this.#clock,
      () =>
        this.#transport.call<AsynchronousOperationBody<SavepointInfoBody>>(
          'GET',
          `/savepoint-disposal/${triggerId}`,
        ),
      patience,
    )
  }

  async shutDownCluster(): Promise<void> {
    // A repetition would be for the next leader.
    if (this.bearsLeaderChanges) await this.#transport.once('DELETE', '/cluster')
    else await this.#transport.call('DELETE', '/cluster')
  }

  /** `host:port` that was called last; before that, and while nobody leads, words in its place. */
  get address(): string {
    return this.#transport.address
  }

  /**
   * Submits a job graph (JSON text) and the bundle of its program. Where leaders may change it is repeated; the id of the
   * job tells that it was there already.
   */
  async submitJob(jobGraph: string, program: Uint8Array | undefined): Promise<void> {
    await this.#transport.onceThroughChanges(
      'POST',
      '/jobs',
      () => submissionForm(jobGraph, program),
      ({ errors }) => errors.some((text) => text.includes(DUPLICATE_SUBMISSION)),
    )
  }

  async #trigger(path: string, request: object): Promise<string> {
    return (await this.#transport.call<TriggerResponseBody>('POST', path, request))['request-id']
  }
}

/** How the Dispatcher names the refusal of a job that it has. */
const DUPLICATE_SUBMISSION = 'FLINK_DUPLICATE_JOB_SUBMISSION'

function submissionForm(jobGraph: string, program: Uint8Array | undefined): FormData {
  const request: JobSubmitRequestBody = {
    executionPlanFileName: 'jobGraph.json',
    jobJarFileNames: program === undefined ? [] : ['program.mjs'],
  }
  const form = new FormData()
  form.append('request', JSON.stringify(request))
  form.append('file_0', new Blob([jobGraph], { type: 'application/json' }), 'jobGraph.json')
  if (program !== undefined) {
    const bytes = new Blob([program as Uint8Array<ArrayBuffer>], { type: 'text/javascript' })
    form.append('file_1', bytes, 'program.mjs')
  }
  return form
}

const random = new SystemRandom()

/** By which the cluster knows a request that is repeated. */
function newId(): string {
  return random.hex(16)
}
