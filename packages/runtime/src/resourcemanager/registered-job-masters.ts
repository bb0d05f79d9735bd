import type { CancelTimer, Clock, Logger } from '@flink-ts/core'
import {
  type FencingToken,
  formatFencingToken,
  type MainThreadExecutor,
  type RpcService,
  sameFencingToken,
} from '@flink-ts/rpc'
import { HeartbeatLostError } from '../heartbeat/heartbeat-lost-error.js'
import { HeartbeatSender } from '../heartbeat/heartbeat-sender.js'
import type { HeartbeatSettings } from '../heartbeat/heartbeat-settings.js'
import { toErrorInfo } from '../messages/error-info.js'
import { JOB_MASTER_GATEWAY } from '../messages/gateways.js'
import type {
  Acknowledge,
  EndpointAddress,
  JobMasterGateway,
  RegisterJobMasterRequest,
  RegisterJobMasterResponse,
} from '../messages/messages.generated.js'
import { UnknownJobMasterError } from './resource-manager-errors.js'

export interface RegisteredJobMastersOptions {
  readonly rpcService: RpcService
  readonly mainThread: MainThreadExecutor
  readonly clock: Clock
  readonly log: Logger
  readonly settings: HeartbeatSettings
  /** Of the ResourceManager. */
  readonly resourceId: string
  /** `resourcemanager.job.timeout`, in milliseconds. */
  readonly jobTimeoutMs: number
  /** Whether {@link RegisteredJobMasters.taskManagerEnded} follows when a TaskManager ends. */
  readonly explainsEnds: boolean
  /** The job has no JobMaster now; another one may come. */
  readonly onSuspended: (jobId: string) => void
  /** The job has ended, or had no JobMaster for too long. */
  readonly onForgotten: (jobId: string) => void
}

/** One registration of a JobMaster at the ResourceManager. */
export interface JobMasterRegistration {
  readonly address: EndpointAddress
  readonly token: FencingToken
  readonly gateway: JobMasterGateway
  readonly unsubscribe: () => void
  lastVersion: number
}

/** The JobMasters that a ResourceManager serves, one per job; notices the loss of each. */
export class RegisteredJobMasters {
  readonly #options: RegisteredJobMastersOptions
  readonly #byJob = new Map<string, JobMasterRegistration>()
  readonly #heartbeats: HeartbeatSender<Acknowledge>
  /** Of jobs that wait for another JobMaster. */
  readonly #timeouts = new Map<string, CancelTimer>()

  constructor(options: RegisteredJobMastersOptions) {
    this.#options = options
    const { timeoutMs } = options.settings
    this.#heartbeats = new HeartbeatSender({
      ...options,
      onHeartbeat: () => {},
      onLost: (jobId, state) => {
        const peer = `JobMaster of job ${jobId}`
        this.#lose(jobId, new HeartbeatLostError({ peer, state, timeoutMs }))
      },
    })
  }

  get(jobId: string): JobMasterRegistration | undefined {
    return this.#byJob.get(jobId)
  }

  /** The later JobMaster of a job wins, in whichever order they come. */
  register(request: RegisterJobMasterRequest): RegisterJobMasterResponse {
    const { jobId, jobMaster: address, jobMasterToken: token } = request
    const { rpcService, mainThread, log, explainsEnds } = this.#options
    const { resourceId: resourceManagerId } = this.#options
    const known = this.#byJob.get(jobId)
    if (known !== undefined && token.epoch < known.token.epoch) {
      return {
        rejection: `the JobMaster of job ${jobId} with the later token ${formatFencingToken(known.token)} is registered`,
      }
    }
    const success = { resourceManagerId, explainsEnds }
    if (known !== undefined && sameFencingToken(known.token, token)) return { success }
    this.#suspend(jobId)
    this.#cancelTimeout(jobId)
    const gateway = rpcService.connect<JobMasterGateway>(
      address.address,
      address.endpointId,
      JOB_MASTER_GATEWAY,
      { fencingToken: token },
    )
    const whenLost = (reason: Error) =>
      mainThread.execute(() => {
        if (this.#byJob.get(jobId)?.token === token) this.#lose(jobId, reason)
      })
    const unsubscribe = rpcService.onConnectionLost(address.address, whenLost)
    this.#byJob.set(jobId, { address, token, gateway, unsubscribe, lastVersion: -1 })
    this.#heartbeats.monitorPeer(jobId, (timeoutMs) =>
      gateway.heartbeatFromResourceManager({ resourceManagerId }, { timeoutMs }),
    )
    log.info('JobMaster registered', { jobId, address: address.address })
    return { success }
  }

  /**
   * Whether a declaration is later than all before; it counts as the last one then.
   *
   * @throws UnknownJobMasterError
   */
  isNewVersion(jobId: string, token: FencingToken, version: number): boolean {
    const registration = this.#byJob.get(jobId)
    if (registration === undefined || !sameFencingToken(registration.token, token)) {
      throw new UnknownJobMasterError({ jobId, token: formatFencingToken(token) })
    }
    if (version <= registration.lastVersion) return false
    registration.lastVersion = version
    return true
  }

  /**
   * @param hasEnded the job will have no other JobMaster
   * @returns false if another JobMaster, or none, is registered
   */
  disconnect(jobId: string, token: FencingToken, hasEnded: boolean): boolean {
    if (!sameFencingToken(this.#byJob.get(jobId)?.token, token)) return false
    if (hasEnded) {
      this.#remove(jobId)
      this.#options.onForgotten(jobId)
    } else this.#suspend(jobId)
    return true
  }

  /** Tells all; who had nothing there ignores it. */
  taskManagerEnded(resourceId: string, diagnostics: string): void {
    const { log } = this.#options
    for (const [jobId, { gateway }] of this.#byJob) {
      gateway.notifyTaskManagerEnded({ resourceId, diagnostics }).catch((error) => {
        log.info('A JobMaster was not told why a TaskManager has ended', {
          jobId,
          resourceId,
          error,
        })
      })
    }
  }

  clear(): void {
    for (const jobId of [...this.#byJob.keys()]) this.#remove(jobId)
    for (const jobId of [...this.#timeouts.keys()]) this.#cancelTimeout(jobId)
  }

  #lose(jobId: string, cause: Error): void {
    const registration = this.#byJob.get(jobId)
    if (registration === undefined) return
    const { log } = this.#options
    log.warn('Lost a JobMaster', { jobId, error: cause })
    this.#suspend(jobId)
    registration.gateway
      .disconnectResourceManager({ cause: toErrorInfo(cause) })
      .catch((error) => log.debug('A lost JobMaster was not told', { jobId, error }))
  }

  #suspend(jobId: string): void {
    if (!this.#remove(jobId)) return
    const { mainThread, jobTimeoutMs, onSuspended, onForgotten, log } = this.#options
    onSuspended(jobId)
    const cancel = mainThread.schedule(jobTimeoutMs, () => {
      this.#timeouts.delete(jobId)
      log.warn('A job had no JobMaster for too long', { jobId, timeoutMs: jobTimeoutMs })
      onForgotten(jobId)
    })
    this.#timeouts.set(jobId, cancel)
  }

  #cancelTimeout(jobId: string): void {
    this.#timeouts.get(jobId)?.()
    this.#timeouts.delete(jobId)
  }

  #remove(jobId: string): boolean {
    const registration = this.#byJob.get(jobId)
    if (registration === undefined) return false
    this.#byJob.delete(jobId)
    registration.unsubscribe()
    this.#heartbeats.unmonitorPeer(jobId)
    return true
  }
}
