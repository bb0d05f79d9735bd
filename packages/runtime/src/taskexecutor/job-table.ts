import { type Clock, FlinkError, type Logger } from '@flink-ts/core'
import {
  type FencingToken,
  formatFencingToken,
  type MainThreadExecutor,
  type RpcService,
  sameFencingToken,
} from '@flink-ts/rpc'
import { HeartbeatLostError } from '../heartbeat/heartbeat-lost-error.js'
import { HeartbeatReceiver } from '../heartbeat/heartbeat-receiver.js'
import type { HeartbeatSettings } from '../heartbeat/heartbeat-settings.js'
import type {
  LeaderAddress,
  LeaderComponent,
  LeaderRetriever,
} from '../highavailability/high-availability-services.js'
import { toErrorInfo } from '../messages/error-info.js'
import type { EndpointAddress, TaskManagerLocation } from '../messages/messages.generated.js'
import type { RegistrationSettings } from '../registration/registration-settings.js'
import { JobConnection } from './job-connection.js'
import { reconcileSlots } from './slot/reconcile-slots.js'
import type { TaskSlotTable } from './slot/task-slot-table.js'
import { JobMasterLostError, StaleCallerError } from './task-executor-errors.js'

export interface JobTableOptions {
  readonly resourceId: string
  readonly rpcService: RpcService
  readonly mainThread: MainThreadExecutor
  readonly clock: Clock
  readonly log: Logger
  readonly heartbeat: HeartbeatSettings
  readonly registration: RegistrationSettings
  readonly address: EndpointAddress
  readonly location: () => TaskManagerLocation
  readonly slots: TaskSlotTable
  /** Tasks of the job fail with `cause`; reports about them may still be delivered. */
  readonly failTasks: (jobId: string, cause: Error) => void
  /** Another JobMaster leads the job: what the former one was still to be told concerns nobody. */
  readonly onJobMasterReplaced: (jobId: string) => void
  /** The job has nothing to do with this TaskManager any more. */
  readonly onJobRemoved: (jobId: string, cause: Error) => void
  readonly freeSlot: (allocationId: string, cause: Error) => void
  /** Tells who leads a job; closed with the job. */
  readonly leaderRetriever: (component: LeaderComponent) => LeaderRetriever
}

const OFFER_RETRY_MS = 100

interface Job {
  readonly connection: JobConnection
  readonly retriever: LeaderRetriever
  /** The retriever has named the JobMaster of the connection. */
  announced: boolean
  /** An offer is on its way; `again`: there is more to offer since. */
  offer: 'none' | 'sent' | 'again'
}

/**
 * The JobMasters that this TaskManager works for: registers at each, offers it its slots, and notices
 * its loss. A lost JobMaster may take its slots over again until they time out; one that disconnects
 * by itself loses them at once.
 */
export class JobTable {
  readonly #options: JobTableOptions
  readonly #jobs = new Map<string, Job>()
  readonly #heartbeats: HeartbeatReceiver

  constructor(options: JobTableOptions) {
    this.#options = options
    const { timeoutMs } = options.heartbeat
    this.#heartbeats = new HeartbeatReceiver({
      ...options,
      settings: options.heartbeat,
      onLost: (jobId) => {
        const peer = `JobMaster of job ${jobId}`
        this.#onLost(jobId, new HeartbeatLostError({ peer, state: 'TIMEOUT', timeoutMs }))
      },
    })
  }

  /** The connection of the job, if its JobMaster has registered us and holds `token`. */
  registered(jobId: string, token: FencingToken): JobConnection | undefined {
    const connection = this.#jobs.get(jobId)?.connection
    if (!connection?.isRegistered || !sameFencingToken(connection.token, token)) return undefined
    return connection
  }

  /** @throws StaleCallerError if the JobMaster that is known for the job holds another token */
  checkCaller(jobId: string, token: FencingToken | undefined): void {
    const known = this.#jobs.get(jobId)?.connection.token
    if (known === undefined || sameFencingToken(known, token)) return
    throw new StaleCallerError({
      caller: `JobMaster of job ${jobId} with token ${formatFencingToken(token)}`,
      why: `TaskManager ${this.#options.resourceId} works for the one with ${formatFencingToken(known)}`,
    })
  }

  /** @throws StaleCallerError if a later JobMaster of the job is known than the one with `token` */
  refuseEarlier(jobId: string, token: FencingToken): void {
    const known = this.#jobs.get(jobId)?.connection.token
    if (known === undefined || known.epoch <= token.epoch) return
    throw new StaleCallerError({
      caller: `JobMaster ${formatFencingToken(token)} of job ${jobId}`,
      why: `a later one, ${formatFencingToken(known)}, leads`,
    })
  }

  /** Connects to the JobMaster if need be, and offers it what is allocated for its job. */
  offerTo(jobId: string, jobMaster: EndpointAddress, token: FencingToken): void {
    const known = this.#jobs.get(jobId)
    if (known !== undefined && sameFencingToken(known.connection.token, token)) {
      this.#offerSlots(known)
      return
    }
    this.#connect(jobId, jobMaster, token)
  }

  /**
   * Afterwards the job's slots are those that its JobMaster knows.
   *
   * @param claimed allocations that it believes to hold
   * @throws StaleCallerError unless it has registered us
   */
  receiveHeartbeat(jobId: string, claimed: readonly string[]): void {
    this.#heartbeats.receiveHeartbeat(jobId)
    const connection = this.#jobs.get(jobId)?.connection
    if (!connection?.isRegistered) {
      const why = `TaskManager ${this.#options.resourceId} is not registered at it`
      throw new StaleCallerError({ caller: `JobMaster of job ${jobId}`, why })
    }
    reconcileSlots(connection, claimed, this.#options)
  }

  /**
   * The JobMaster wants nothing more of us: tasks fail, and slots are free for other jobs, or, if the job
   * is only `suspended`, kept for the next JobMaster until they time out.
   */
  disconnect(jobId: string, cause: Error, suspended = false): void {
    if (!this.#jobs.has(jobId)) return
    this.#options.log.info('A JobMaster disconnected', { jobId, suspended, cause: cause.message })
    if (suspended) this.#onLost(jobId, cause)
    else this.#end(jobId, cause)
  }

  /** A slot of the job is gone; a JobMaster that is lost and has no slot left is given up. */
  slotFreed(jobId: string): void {
    const job = this.#jobs.get(jobId)
    if (job === undefined || job.connection.isRegistered) return
    if (this.#options.slots.slotsOf(jobId).length === 0) {
      this.#end(jobId, new Error('its JobMaster is gone and no slot is left'))
    }
  }

  /** Ends everything and tells the JobMasters so. */
  close(cause: Error): Promise<unknown> {
    const { resourceId } = this.#options
    const told = [...this.#jobs.values()]
      .filter(({ connection }) => connection.isRegistered)
      .map(({ connection: { gateway } }) =>
        gateway.disconnectTaskManager({ resourceId, cause: toErrorInfo(cause) }),
      )
    for (const jobId of [...this.#jobs.keys()]) this.#end(jobId, cause)
    this.#heartbeats.close()
    return Promise.allSettled(told)
  }

  #connect(
    jobId: string,
    jobMaster: EndpointAddress,
    token: FencingToken,
    announced = false,
  ): void {
    const known = this.#jobs.get(jobId)
    if (known !== undefined) {
      this.#onLost(jobId, new Error('another JobMaster leads the job now'))
      known.connection.close()
      this.#options.onJobMasterReplaced(jobId)
    }
    const { leaderRetriever, mainThread } = this.#options
    const retriever = known?.retriever ?? leaderRetriever({ kind: 'jobmanager', jobId })
    const connection = new JobConnection({
      ...this.#options,
      jobId,
      jobMaster,
      token,
      onRegistered: () => this.#onRegistered(jobId, connection),
      onLost: (cause) => this.#onLost(jobId, cause),
    })
    this.#jobs.set(jobId, { connection, retriever, announced, offer: 'none' })
    connection.connect()
    if (known === undefined) {
      retriever.start((leader) =>
        mainThread.execute(() => this.#onLeader(jobId, retriever, leader)),
      )
    }
  }

  // A JobMaster that asked for slots may not be announced yet, and a late announcement may be of an
  // earlier one than asked for slots since.
  #onLeader(jobId: string, retriever: LeaderRetriever, leader: LeaderAddress | undefined): void {
    const job = this.#jobs.get(jobId)
    if (job === undefined || job.retriever !== retriever) return
    const { token } = job.connection
    if (leader === undefined) {
      if (job.announced) this.#onLost(jobId, new Error('it does not lead the job any more'))
      job.announced = false
    } else if (sameFencingToken(leader.token, token)) {
      job.announced = true
    } else if (leader.token.epoch > token.epoch) {
      if (this.#options.slots.slotsOf(jobId).length > 0) {
        this.#connect(jobId, leader, leader.token, true)
      } else {
        this.#end(jobId, new Error('another JobMaster leads the job, which has no slot here'))
      }
    }
  }

  #onRegistered(jobId: string, connection: JobConnection): void {
    const job = this.#jobs.get(jobId)
    if (job?.connection !== connection) return
    this.#heartbeats.monitorPeer(jobId)
    this.#offerSlots(job)
  }

  #onLost(jobId: string, reason: Error): void {
    const { resourceId, slots, log, failTasks } = this.#options
    const job = this.#jobs.get(jobId)
    if (!job?.connection.isRegistered) return
    const cause = new JobMasterLostError({ jobId, resourceId, cause: reason })
    log.warn('Lost a JobMaster', { jobId, error: reason })
    this.#heartbeats.unmonitorPeer(jobId)
    failTasks(jobId, cause)
    for (const slot of slots.slotsOf(jobId, 'ACTIVE')) slots.markInactive(slot.allocationId)
    job.connection.connect()
    this.slotFreed(jobId)
  }

  #end(jobId: string, cause: Error): void {
    this.#options.failTasks(jobId, cause)
    this.#remove(jobId)
    this.#options.onJobRemoved(jobId, cause)
    for (const { allocationId } of this.#options.slots.slotsOf(jobId)) {
      this.#options.freeSlot(allocationId, cause)
    }
  }

  #remove(jobId: string): void {
    this.#heartbeats.unmonitorPeer(jobId)
    const job = this.#jobs.get(jobId)
    this.#jobs.delete(jobId)
    job?.connection.close()
    void job?.retriever.close()
  }

  #offerSlots(job: Job): void {
    const { slots, resourceId, mainThread } = this.#options
    const { connection } = job
    if (!connection.isRegistered || this.#jobs.get(connection.jobId) !== job) return
    if (job.offer !== 'none') {
      job.offer = 'again'
      return
    }
    const offers = slots.offersFor(connection.jobId)
    if (offers.length === 0) return
    job.offer = 'sent'
    const offered = offers.map(({ allocationId }) => allocationId)
    connection.gateway.offerSlots({ resourceId, offers }).then(
      ({ acceptedAllocationIds: accepted }) =>
        mainThread.execute(() => this.#onOffered(job, offered, accepted)),
      (error) => mainThread.execute(() => this.#onOfferFailed(job, error)),
    )
  }

  #onOffered(job: Job, offered: readonly string[], accepted: readonly string[]): void {
    const again = job.offer === 'again'
    job.offer = 'none'
    const { jobId, isRegistered } = job.connection
    if (this.#jobs.get(jobId) !== job || !isRegistered) return
    for (const allocationId of offered) {
      if (accepted.includes(allocationId)) this.#options.slots.markActive(allocationId)
      else this.#options.freeSlot(allocationId, new Error('its JobMaster rejected the slot'))
    }
    if (again) this.#offerSlots(job)
  }

  #onOfferFailed(job: Job, error: unknown): void {
    const { log, mainThread } = this.#options
    const { jobId } = job.connection
    if (this.#jobs.get(jobId) !== job) return
    log.debug('Slots could not be offered', { jobId, error })
    if (FlinkError.is(error) && error.retriable) {
      mainThread.schedule(OFFER_RETRY_MS, () => {
        job.offer = 'none'
        this.#offerSlots(job)
      })
      return
    }
    // It does not know us, or is not the leader any more.
    job.offer = 'none'
    this.#onLost(jobId, error instanceof Error ? error : new Error(String(error)))
  }
}
