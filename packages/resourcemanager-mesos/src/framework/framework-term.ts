import type { Clock, Logger, Random } from '@flink-ts/core'
import {
  type FrameworkInfo,
  MesosCallError,
  type MesosScheduler,
  type SchedulerCall,
  type SchedulerEvent,
} from '@flink-ts/mesos-client'
import {
  LeadershipLostError,
  type ResourceEventHandler,
  type VersionedStore,
  type WorkerHandle,
  type WorkerRequestOptions,
  type WorkerResourceSpec,
} from '@flink-ts/runtime'
import type { WorkerLauncher } from '../launch/worker-launcher.js'
import type {
  HindranceListener,
  OfferTaker,
  PlacementHandler,
  UnsatisfiedListener,
  VoidedListener,
} from '../offers/placement.js'
import { requestWithdrawn } from '../tasks/mesos-task-error.js'
import { type StoredWorkers, WorkerStore } from '../tasks/worker-store.js'
import { WorkerTasks } from '../tasks/worker-tasks.js'
import { EndedSubscriptions } from './ended-subscriptions.js'
import { FrameworkConnection } from './framework-connection.js'
import { endFramework } from './framework-end.js'
import type { FrameworkIdFile } from './framework-id-file.js'
import { FrameworkIdentity } from './framework-identity.js'
import { MaintenanceRequests } from './maintenance-requests.js'
import { asFlinkError } from './mesos-framework-error.js'
import { within } from './within.js'

/** What the launch coordinator is given by the driver. */
export interface OfferTakerSeam {
  readonly call: (call: SchedulerCall) => Promise<void>
  readonly place: PlacementHandler
  readonly onVoided: VoidedListener
  readonly onUnsatisfied: UnsatisfiedListener
  readonly onHindered: HindranceListener
}

export type OfferTakerFactory = (seam: OfferTakerSeam) => OfferTaker

export interface FrameworkTermOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** For the person who watches the console. */
  readonly tell: (line: string) => void
  readonly handler: ResourceEventHandler
  readonly store: VersionedStore
  /** Without an id. */
  readonly framework: FrameworkInfo
  readonly idFile: FrameworkIdFile | undefined
  readonly createScheduler: () => Promise<MesosScheduler>
  readonly createOfferTaker: OfferTakerFactory
  readonly launcher: WorkerLauncher
  /** Resolves when it can launch. */
  readonly launcherStarted: Promise<void>
  readonly taskIdOf: (taskNumber: number) => string
  readonly onTaskFailed: (diagnostics: string) => void
  /** Whether the store tells a leader from a former one. */
  readonly isHighlyAvailable: boolean
}

/** How long a connection that is closed may take to give back what it has. */
const CLOSE_MS = 1_000

/** The framework for as long as one leadership lasts. */
export class FrameworkTerm {
  readonly #options: FrameworkTermOptions
  readonly #log: Logger
  readonly #store: WorkerStore
  readonly #identity: FrameworkIdentity
  readonly #connection: FrameworkConnection
  readonly #ends: EndedSubscriptions
  readonly #maintenance: MaintenanceRequests
  readonly #offers: OfferTaker
  readonly #tasks: WorkerTasks
  /** What this term does is over: it hears of nothing but the end of its framework. */
  #isOver = false
  #troubleOfConnection: string | undefined
  #troubleOfOffers: string | undefined
  /** The master may have heard of it in this term. */
  #hasBegun = false
  #closed: Promise<void> | undefined

  constructor(options: FrameworkTermOptions) {
    const { handler, tell } = options
    this.#options = options
    this.#log = options.log
    this.#store = new WorkerStore(options)
    this.#identity = new FrameworkIdentity(this.#store, options.idFile)
    this.#connection = new FrameworkConnection({
      ...options,
      identity: this.#identity,
      onTrouble: (why) => {
        this.#troubleOfConnection = why
        this.#tellHindrance()
      },
      handler: {
        onConnected: (isKnown) => this.#connected(isKnown),
        onDisconnected: () => this.#disconnected(),
        onEvent: (event) => this.#event(event),
        onEnded: (end) => this.#ends.ended(end),
        onFailed: (error) => this.#failed(error),
      },
    })
    this.#ends = new EndedSubscriptions({
      ...options,
      identity: this.#identity,
      isOver: () => this.#isOver,
      onTasksGone: (why) => this.#tasks.frameworkGone(why),
      subscribe: () => this.#connection.open(),
      onEnd: (error) => {
        this.#end()
        handler.onError(error)
      },
      onFailed: (error) => this.#failed(error),
    })
    this.#maintenance = new MaintenanceRequests({
      log: options.log,
      call: (call) => this.#connection.call(call),
    })
    this.#offers = options.createOfferTaker({
      call: (call) => this.#callOfOffers(call),
      place: (placement) => this.#tasks.place(placement),
      onVoided: (taskIds) => this.#tasks.voided(taskIds),
      onUnsatisfied: (taskIds, why) => {
        this.#log.warn('No offer satisfies what is wanted', { tasks: taskIds.length, why })
        tell(`Mesos offers nothing that a TaskManager fits in: ${why}`)
      },
      onHindered: (why) => {
        this.#troubleOfOffers = why
        this.#tellHindrance()
      },
    })
    this.#tasks = new WorkerTasks({
      ...options,
      store: this.#store,
      offers: this.#offers,
      call: (call) => this.#connection.call(call),
      onTerminated: (resourceId, diagnostics) =>
        handler.onWorkerTerminated(resourceId, diagnostics),
      onStoreFailed: (error) => this.#failed(error),
    })
  }

  /** Tasks of which nobody knows yet what became of them. */
  get unanswered(): number {
    return this.#tasks.unanswered
  }

  /**
   * Tells of the workers of an earlier term, and begins to subscribe.
   *
   * @throws if what is kept cannot be read, or no master is named
   */
  async begin(): Promise<void> {
    const stored = await this.#recalled()
    if (stored === undefined) return
    const recovered = this.#tasks.recover(stored)
    const { frameworkId } = this.#identity
    if (frameworkId === undefined) this.#log.info('The framework is new to Mesos')
    else {
      this.#log.info('The framework goes on where it was', {
        frameworkId,
        takenOver: recovered.length,
        notWanted: stored.workers.length + stored.corrupt.length - recovered.length,
      })
    }
    this.#options.handler.onPreviousAttemptWorkersRecovered(recovered)
    try {
      // A former leader that has not heard of its end registers nothing, and takes nothing over.
      await this.#identity.confirm()
    } catch (error) {
      this.#failed(error)
      return
    }
    if (this.#isOver) return
    this.#hasBegun = true
    try {
      await this.#connection.open()
    } catch (error) {
      this.#hasBegun = false
      throw error
    }
  }

  /** @throws FlinkError FLINK_MESOS_TASK, FLINK_MESOS_REQUEST_WITHDRAWN, IllegalConfigurationError */
  async request(
    spec: WorkerResourceSpec,
    { signal, blockedNodes }: WorkerRequestOptions,
  ): Promise<WorkerHandle> {
    await this.#options.launcherStarted
    if (this.#isOver || signal.aborted) throw requestWithdrawn()
    return this.#tasks.request(spec, signal, blockedNodes)
  }

  release(taskId: string): void {
    this.#tasks.release(taskId)
  }

  /**
   * The cluster ends: so do the framework, all its tasks and what is kept of them. Takes 25 seconds at most, with {@link close} after it; 3
   * where no master is known to know the framework.
   */
  async tearDown(): Promise<void> {
    if (this.#isOver) return
    this.#stop()
    await endFramework({
      ...this.#options,
      log: this.#log,
      store: this.#store,
      identity: this.#identity,
      connection: this.#connection,
      hasBegun: this.#hasBegun,
      isGone: () => this.#ends.isGone,
      closeConnection: () => this.#close(),
    })
  }

  /** Leaves everything to the next term, in 1 second at most; idempotent. */
  async close(): Promise<void> {
    this.#end()
    await this.#closed
  }

  #close(): void {
    this.#closed ??= this.#connectionClosed()
  }

  /** What is not given back in time, such as a session with a ZooKeeper that is mute, goes on by itself, or with the process. */
  async #connectionClosed(): Promise<void> {
    const { clock } = this.#options
    const untilMs = clock.monotonicNow() + CLOSE_MS
    if (await within(clock, untilMs, this.#connection.close())) return
    this.#log.info('What connects with Mesos, or with its ZooKeeper, is still being closed')
  }

  /** @returns undefined: the term is over */
  async #recalled(): Promise<StoredWorkers | undefined> {
    try {
      const stored = await this.#store.read()
      await this.#identity.recall(stored.frameworkId)
      return this.#isOver ? undefined : stored
    } catch (error) {
      if (this.#isOver) return undefined
      throw error
    }
  }

  #tellHindrance(): void {
    if (this.#isOver) return
    this.#options.handler.onRequestsHindered?.(this.#troubleOfConnection ?? this.#troubleOfOffers)
  }

  #connected(isKnown: boolean): void {
    if (this.#isOver) return
    this.#offers.connected()
    this.#tasks.subscribed(isKnown)
  }

  #disconnected(): void {
    if (this.#isOver) return
    this.#offers.disconnected()
    this.#tasks.disconnected()
  }

  #event(event: SchedulerEvent): void {
    if (this.#isOver) return
    switch (event.type) {
      case 'OFFERS':
        this.#offers.offersReceived(event.offers)
        break
      case 'RESCIND':
        this.#offers.offerRescinded(event.offerId)
        break
      case 'UPDATE':
        this.#tasks.updated(event.status)
        break
      case 'FAILURE':
        // What becomes of tasks is told by updates.
        this.#log.info('An agent or executor is gone', { ...event, type: undefined })
        if (event.agentId !== undefined && event.executorId === undefined) {
          this.#offers.agentLost(event.agentId)
        }
        break
      case 'INVERSE_OFFERS':
        this.#maintenance.asked(event.inverseOffers)
        break
      case 'RESCIND_INVERSE_OFFER':
      case 'MESSAGE':
        this.#log.debug('Mesos tells something that is not for us', { type: event.type })
        break
    }
  }

  async #callOfOffers(call: SchedulerCall): Promise<void> {
    if (call.type !== 'ACCEPT') return this.#connection.call(call)
    if (!this.#connection.isConnected) {
      this.#tasks.launchRefused(call.launch, 'the master was lost before it could be told')
    }
    const launch = this.#tasks.accepting(call.launch)
    try {
      await this.#connection.call({ ...call, launch })
    } catch (error) {
      const isRefused = error instanceof MesosCallError && error.reason === 'refused'
      // Otherwise nobody knows whether it was launched: that is asked on the next subscription.
      if (isRefused) this.#tasks.launchRefused(launch, error.message)
      throw error
    }
  }

  #failed(error: unknown): void {
    if (this.#isOver) return
    if (error instanceof LeadershipLostError) {
      this.#log.info('Another JobManager leads: the framework is left to it', {
        why: error.message,
      })
      this.#end()
    } else this.#options.handler.onError(asFlinkError(error))
  }

  /** Requests are refused, and nothing is heard of tasks and offers; what is kept, and the connection, are still there. */
  #stop(): void {
    this.#isOver = true
    this.#offers.close()
    this.#tasks.close()
  }

  #end(): void {
    if (!this.#isOver) this.#stop()
    this.#ends.close()
    this.#store.close()
    this.#close()
  }
}
