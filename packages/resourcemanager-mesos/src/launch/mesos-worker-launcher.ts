import assert from 'node:assert/strict'
import { type CancelTimer, type FileSystems, type Logger, MesosOptions } from '@flink-ts/core'
import type { ContainerInfo, Offer } from '@flink-ts/mesos-client'
import type { WorkerResourceSpec } from '@flink-ts/runtime'
import { newTicket, ticketOfSecret } from '../artifacts/sealing.js'
import { TicketOffice } from '../artifacts/ticket-office.js'
import { type AgentRuntime, pastCache } from './agent-runtime.js'
import { ArtifactService } from './artifact-service.js'
import type { WorkerLauncherOptions } from './create-worker-launcher.js'
import { exitStatusMeaning } from './exit-status-meaning.js'
import { BAD_ARTIFACT_STATUS } from './fetched-files.js'
import {
  checkLocalInstallation,
  type LocalInstallation,
  type LocalInstallationOptions,
  localInstallation,
} from './local-installation.js'
import { taskContainer } from './task-container.js'
import type { LaunchedWorker, RunningWorkerLauncher, WorkerNeeds } from './worker-launcher.js'
import { workerNeeds } from './worker-needs.js'
import { workerTask } from './worker-task.js'

/** The machine of the JobManager, as far as it is handed to tasks. */
export interface LauncherWorld {
  readonly files: FileSystems
  readonly flinkHome: string | undefined
  readonly nodeProgram: string
  /** In whose name tasks make files in Hadoop; undefined: whoever they run as. */
  readonly userName: string | undefined
}

/** A start has better things to do; the first task may want it before. */
const PREPARE_AFTER_MS = 1_000

/** What there is while tasks can be launched. */
interface Serving {
  readonly service: ArtifactService
  readonly cancelPreparing: CancelTimer
  /** Undefined until what agents fetch is made. */
  runtime: AgentRuntime | undefined
  /** Why it could not be made, the last time. */
  failure: unknown
  /** Agents that have given a task something else; the next term has other URIs, which no cache knows. */
  readonly spoiledCaches: Set<string>
}

/** See {@link createWorkerLauncher}. */
export class MesosWorkerLauncher implements RunningWorkerLauncher {
  readonly #options: WorkerLauncherOptions
  readonly #world: LauncherWorld
  readonly #log: Logger
  readonly #container: ContainerInfo | undefined
  readonly #tickets = new TicketOffice()
  /** What agents fetch does not change while the process runs. */
  #installation: Promise<LocalInstallation> | undefined
  #starting: Promise<Serving> | undefined
  #serving: Serving | undefined

  /** @throws IllegalConfigurationError */
  constructor(options: WorkerLauncherOptions, world: LauncherWorld) {
    this.#options = options
    this.#world = world
    this.#log = options.log.child({ component: 'ArtifactServer' })
    this.#container = taskContainer(options.configuration)
  }

  /**
   * Whether what tasks start with can be handed out; quick, for before a framework registers.
   *
   * @throws FlinkError FLINK_MESOS_CONFIGURATION with what to do
   */
  check(): Promise<void> {
    return checkLocalInstallation(this.#local)
  }

  async start(): Promise<void> {
    this.#starting ??= this.#serve()
    const starting = this.#starting
    try {
      const serving = await starting
      if (this.#starting === starting) this.#serving = serving
    } catch (error) {
      if (this.#starting === starting) this.#starting = undefined
      throw error
    }
  }

  async close(): Promise<void> {
    const starting = this.#starting
    this.#starting = undefined
    this.#serving = undefined
    this.#tickets.revokeAll()
    // Whoever waits for the start is told if it fails.
    const serving = await starting?.catch(() => undefined)
    serving?.cancelPreparing()
    await serving?.service.close()
  }

  needsOf(spec: WorkerResourceSpec): WorkerNeeds {
    return workerNeeds(spec, this.#options.configuration)
  }

  meaningOf(exitStatus: number): string | undefined {
    return exitStatusMeaning(exitStatus, this.#options.configuration)
  }

  async prepare(): Promise<void> {
    if (this.#serving !== undefined) await this.#prepare(this.#serving)
  }

  launch(
    taskId: string,
    spec: WorkerResourceSpec,
    offer: Offer,
    ports: Readonly<Record<string, number>>,
  ): LaunchedWorker {
    const serving = this.#serving
    assert(serving !== undefined, `the launcher was not started when ${taskId} was launched`)
    const { service, runtime, failure, spoiledCaches } = serving
    if (failure !== undefined) throw failure
    assert(runtime !== undefined, `the launcher was not prepared when ${taskId} was launched`)
    const { configuration } = this.#options
    const isOnAgent = configuration.contains(MesosOptions.SECRET_PATH)
    const ticket = isOnAgent ? ticketOfSecret(service.secret, taskId) : newTicket()
    const launched = workerTask({
      configuration,
      taskId,
      spec,
      offer,
      ports,
      runtime: spoiledCaches.has(offer.agentId) ? pastCache(runtime) : runtime,
      container: this.#container,
      ticket: isOnAgent ? undefined : ticket,
      artifacts: service.base,
      jobManager: service.jobManager,
      userName: this.#world.userName,
    })
    this.#tickets.issue(taskId, ticket)
    return launched
  }

  /** What an agent has damaged in its cache, every task there would get again. */
  exited(agentId: string, exitStatus: number): void {
    const isCacheSpoiled = exitStatus === BAD_ARTIFACT_STATUS
    if (!isCacheSpoiled || this.#serving === undefined) return
    const { spoiledCaches } = this.#serving
    if (spoiledCaches.has(agentId)) return
    spoiledCaches.add(agentId)
    this.#log.warn(
      'What an agent has fetched is not what is served: it fetches past its cache from now on',
      { agentId },
    )
  }

  forget(taskId: string): void {
    this.#tickets.revoke(taskId)
  }

  get #local(): LocalInstallationOptions {
    const { configuration, folder } = this.#options
    return { configuration, folder, log: this.#log, ...this.#world }
  }

  async #serve(): Promise<Serving> {
    const { configuration, clock, addresses } = this.#options
    this.#installation ??= localInstallation(this.#local)
    const [{ rpc }, installation] = await Promise.all([addresses(), this.#installation]).catch(
      (error) => {
        this.#installation = undefined
        throw error
      },
    )
    const service = await ArtifactService.start({
      configuration,
      clock,
      log: this.#log,
      jobManager: rpc,
      installation,
      tickets: this.#tickets,
    })
    const serving: Serving = {
      service,
      cancelPreparing: clock.schedule(PREPARE_AFTER_MS, () => void this.#prepare(serving)),
      runtime: undefined,
      failure: undefined,
      spoiledCaches: new Set(),
    }
    return serving
  }

  /** Never rejects: whoever launches is told. */
  async #prepare(serving: Serving): Promise<void> {
    if (serving.runtime !== undefined) return
    const { configuration } = this.#options
    try {
      serving.runtime = {
        homePath: configuration.get(MesosOptions.HOME_PATH),
        nodePath: configuration.get(MesosOptions.NODE_PATH),
        fetched: await serving.service.fetched(),
      }
      serving.failure = undefined
    } catch (error) {
      serving.failure = error
      this.#log.warn('Could not make what agents fetch', { error })
    }
  }
}
