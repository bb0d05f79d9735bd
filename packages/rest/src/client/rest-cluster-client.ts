import { Agent } from 'node:http'
import type { AccumulatorSnapshot, Clock } from '@flink-ts/core'
import axios, { type AxiosInstance, type AxiosResponse } from 'axios'
import type { JobAccumulatorsBody } from '../messages/accumulator-messages.js'
import type {
  ClusterOverviewBody,
  ConfigurationEntryBody,
  ErrorResponseBody,
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
import { RestClientError, RestConnectionError } from './rest-client-error.js'

/** Whose cause says nothing that the message does not. */
const KNOWN_CONNECTION_ERRORS = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNABORTED',
  'ETIMEDOUT',
  'ECONNRESET',
  'EPIPE',
  'HPE_INVALID_CONSTANT',
])

export interface RestClusterClientOptions {
  /** `host:port` of the REST endpoint. */
  readonly address: string
  readonly clock: Clock
  /** Path in front of the REST paths (`rest.url-prefix`); default `/`. */
  readonly urlPrefix?: string
  /** How often a call that found nobody, or no leader, is repeated; default 0. */
  readonly retries?: number
  /** Pause before a repetition; default 3 s. */
  readonly retryDelayMs?: number
  /** Largest answer that is accepted; default 100 MiB. */
  readonly maxContentBytes?: number
  /** How long one call may take; default 60 s. */
  readonly timeoutMs?: number
}

/**
 * Speaks the REST API of one cluster.
 *
 * Every method throws RestConnectionError when nobody answers (after the repetitions) and RestClientError when
 * the cluster refuses.
 */
export class RestClusterClient {
  readonly address: string
  readonly #http: AxiosInstance
  readonly #clock: Clock
  readonly #retries: number
  readonly #retryDelayMs: number

  constructor(options: RestClusterClientOptions) {
    this.address = options.address
    this.#clock = options.clock
    this.#retries = options.retries ?? 0
    this.#retryDelayMs = options.retryDelayMs ?? 3000
    const prefix = (options.urlPrefix ?? '/').replace(/\/$/, '')
    this.#http = axios.create({
      // A kept connection that the server closes meanwhile would fail the next call.
      httpAgent: new Agent({ keepAlive: false }),
      baseURL: `http://${options.address}${prefix}`,
      timeout: options.timeoutMs ?? 60_000,
      maxContentLength: options.maxContentBytes ?? 104_857_600,
      maxBodyLength: Number.POSITIVE_INFINITY,
      maxRedirects: 0,
      proxy: false,
      validateStatus: () => true,
    })
  }

  clusterOverview(): Promise<ClusterOverviewBody> {
    return this.#call('GET', '/overview')
  }

  clusterConfiguration(): Promise<ConfigurationEntryBody[]> {
    return this.#call('GET', '/jobmanager/config')
  }

  async listJobs(): Promise<readonly JobOverviewBody[]> {
    return (await this.#call<JobsOverviewBody>('GET', '/jobs/overview')).jobs
  }

  jobDetails(jobId: string): Promise<JobDetailsBody> {
    return this.#call('GET', `/jobs/${jobId}`)
  }

  jobPlan(jobId: string): Promise<JobPlanBody> {
    return this.#call('GET', `/jobs/${jobId}/plan`)
  }

  jobExceptions(jobId: string): Promise<JobExceptionsBody> {
    return this.#call('GET', `/jobs/${jobId}/exceptions`)
  }

  async jobStatus(jobId: string): Promise<string> {
    return (await this.#call<JobStatusBody>('GET', `/jobs/${jobId}/status`)).status
  }

  vertexDetails(jobId: string, vertexId: string): Promise<JobVertexDetailsBody> {
    return this.#call('GET', `/jobs/${jobId}/vertices/${vertexId}`)
  }

  /** @param ids which metrics; all names (without values) if left out */
  subtaskMetrics(
    jobId: string,
    vertexId: string,
    subtaskIndex: number,
    ids?: readonly string[],
  ): Promise<MetricBody[]> {
    const query = ids === undefined ? '' : `?get=${ids.map(encodeURIComponent).join(',')}`
    return this.#call(
      'GET',
      `/jobs/${jobId}/vertices/${vertexId}/subtasks/${subtaskIndex}/metrics${query}`,
    )
  }

  async taskManagers(): Promise<TaskManagersBody['taskmanagers']> {
    return (await this.#call<TaskManagersBody>('GET', '/taskmanagers')).taskmanagers
  }

  taskManagerDetails(resourceId: string): Promise<TaskManagerDetailsBody> {
    return this.#call('GET', `/taskmanagers/${encodeURIComponent(resourceId)}`)
  }

  /** What a job's accumulators hold now. */
  async jobAccumulators(jobId: string): Promise<AccumulatorSnapshot[]> {
    const body = await this.#call<JobAccumulatorsBody>(
      'GET',
      `/jobs/${jobId}/accumulators?includeSerializedValue=true`,
    )
    return accumulatorSnapshots(body['serialized-user-task-accumulators'])
  }

  /** Undefined while the job has not ended. */
  async executionResult(jobId: string): Promise<JobResultBody | undefined> {
    const path = `/jobs/${jobId}/execution-result`
    return (await this.#call<JobExecutionResultBody>('GET', path))['job-execution-result']
  }

  async cancelJob(jobId: string): Promise<void> {
    await this.#call('PATCH', `/jobs/${jobId}?mode=cancel`)
  }

  /** Tells that the client lives: the job is cancelled if nothing is heard until `expiredTimestampMs`. */
  async reportHeartbeat(jobId: string, expiredTimestampMs: number): Promise<void> {
    await this.#call('PATCH', `/jobs/${jobId}/clientHeartbeat`, {
      expiredTimestamp: expiredTimestampMs,
    })
  }

  async shutDownCluster(): Promise<void> {
    await this.#call('DELETE', '/cluster')
  }

  /** Submits a job graph (JSON text) and the bundle of its program. Never repeated: a job would run twice. */
  async submitJob(jobGraph: string, program: Uint8Array | undefined): Promise<void> {
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
    await this.#once('POST', '/jobs', form)
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#once<T>(method, path, body)
      } catch (error) {
        const retriable = (error as { retriable?: boolean }).retriable === true
        if (!retriable || attempt >= this.#retries) throw error
        await this.#pause(this.#retryDelayMs)
      }
    }
  }

  async #once<T>(method: string, path: string, body?: unknown): Promise<T> {
    let response: AxiosResponse<unknown>
    try {
      response = await this.#http.request({ method, url: path, data: body })
    } catch (error) {
      throw this.#connectionError(error)
    }
    const { status, data } = response
    if (status >= 200 && status < 300 && typeof data === 'object' && data !== null) return data as T
    const errors = (data as Partial<ErrorResponseBody> | undefined)?.errors
    if (Array.isArray(errors)) throw new RestClientError(`${method} ${path}`, status, errors)
    throw new RestConnectionError(
      `What answers at ${this.address} is no Flink REST endpoint (${method} ${path}: status ${status})`,
      this.address,
    )
  }

  #connectionError(error: unknown): RestConnectionError {
    const { code, message } = error as { code?: string; message?: string }
    const isKnown = code !== undefined && KNOWN_CONNECTION_ERRORS.has(code)
    const reason =
      code === 'ECONNREFUSED'
        ? 'connection refused: no JobManager listens there'
        : code === 'ENOTFOUND' || code === 'EAI_AGAIN'
          ? 'there is no such host'
          : code === 'ECONNABORTED' || code === 'ETIMEDOUT'
            ? 'no answer in time'
            : isKnown
              ? 'what listens there broke the connection off: either it has just ended, or its port is not that of REST (rest.port)'
              : (message ?? String(error))
    return new RestConnectionError(
      `Cannot reach the JobManager at ${this.address}: ${reason}`,
      this.address,
      isKnown ? undefined : error,
    )
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.schedule(ms, resolve))
  }
}
