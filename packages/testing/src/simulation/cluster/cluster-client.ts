import assert from 'node:assert/strict'
import { FlinkError } from '@flink-ts/core'
import {
  type DispatcherGateway,
  JOB_MASTER_GATEWAY,
  type JobMasterGateway,
  type LeaderAddress,
} from '@flink-ts/runtime'
import type { ClusterTopology } from './cluster-topology.js'
import type { SimulatedJobManager } from './simulated-job-manager.js'
import type { SimulatedWorld } from './simulated-world.js'
import { SimulationTimeoutError } from './simulation-timeout-error.js'

/** No wait of a scenario should take longer, in virtual milliseconds. */
export const DEFAULT_TIMEOUT_MS = 600_000

/** A client that got no answer, or that of a former leader, asks again after this time. */
const RETRY_MS = 500

/** So long a JobMaster is looked for, then again. */
const FIND_JOB_MASTER_MS = 5_000

/** Calls of the leading Dispatcher from within a JobManager's process, as a REST endpoint makes them. */
export class ClusterClient {
  readonly #world: SimulatedWorld
  readonly #topology: ClusterTopology

  constructor(world: SimulatedWorld, topology: ClusterTopology) {
    this.#world = world
    this.#topology = topology
  }

  /**
   * Repeats the call until the leader has answered; virtual time goes on meanwhile.
   *
   * @throws what the leader answered, unless that is worth another try
   */
  call<T>(
    what: string,
    action: (dispatcher: DispatcherGateway) => Promise<T>,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  ): Promise<T> {
    return this.#repeat(what, ({ services }) => action(services.dispatcher.gateway!), timeoutMs)
  }

  /** As {@link call}, with the JobMaster of a job that has not ended. */
  callJobMaster<T>(
    jobId: string,
    what: string,
    action: (jobMaster: JobMasterGateway) => Promise<T>,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  ): Promise<T> {
    const find = async (jobManager: SimulatedJobManager) => {
      const { address, endpointId, token } = await findJobMaster(jobManager, jobId)
      const { rpcService } = jobManager.process
      return action(
        rpcService.connect(address, endpointId, JOB_MASTER_GATEWAY, { fencingToken: token }),
      )
    }
    return this.#repeat(what, find, timeoutMs)
  }

  async #repeat<T>(
    what: string,
    action: (caller: SimulatedJobManager) => Promise<T>,
    timeoutMs: number,
  ): Promise<T> {
    const deadlineMs = this.#world.time.now() + timeoutMs
    for (;;) {
      const caller = this.#caller()
      if (caller !== undefined) {
        const isAlive = () => caller.process.isRunning
        const outcome = await this.#settled(what, () => action(caller), isAlive, timeoutMs)
        if ('value' in outcome) return outcome.value
        if (!isWorthAnotherTry(outcome.error)) throw outcome.error
      }
      const nowMs = this.#world.time.now()
      if (nowMs >= deadlineMs) throw new SimulationTimeoutError({ what, timeoutMs })
      await this.#world.time.run({ deadlineMs: nowMs + RETRY_MS })
    }
  }

  /** Runs `action` as an event and lets virtual time pass until its promise is settled. */
  async run<T>(what: string, action: () => Promise<T>): Promise<T> {
    const outcome = await this.#settled(what, action)
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }

  /** @throws SimulationTimeoutError */
  async until(what: string, condition: () => boolean, timeoutMs: number): Promise<void> {
    const { time } = this.#world
    const outcome = await time.run({ until: condition, deadlineMs: time.now() + timeoutMs })
    if (outcome !== 'CONDITION') throw new SimulationTimeoutError({ what, timeoutMs })
  }

  /** A process that has found a leader. */
  #caller(): SimulatedJobManager | undefined {
    return [...this.#topology.jobManagers.values()].find(
      ({ services }) => services.dispatcher.gateway !== undefined,
    )
  }

  async #settled<T>(
    what: string,
    action: () => Promise<T>,
    isAlive: () => boolean = () => true,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  ): Promise<Outcome<T>> {
    let settled: Outcome<T> | undefined
    this.#world.time.schedule(0, () => {
      action().then(
        (value) => {
          settled = { value }
        },
        (error: unknown) => {
          settled = { error }
        },
      )
    })
    await this.until(what, () => settled !== undefined || !isAlive(), timeoutMs)
    settled ??= { error: new FlinkError(`The process that asked for ${what} died`, RETRIABLE) }
    return settled
  }
}

type Outcome<T> = { readonly value: T } | { readonly error: unknown }

const RETRIABLE = { code: 'FLINK_SIMULATED_CLIENT', retriable: true } as const

function findJobMaster(jobManager: SimulatedJobManager, jobId: string): Promise<LeaderAddress> {
  const { services, process } = jobManager
  const retriever = services.highAvailability.leaderRetriever({ kind: 'jobmanager', jobId })
  return new Promise<LeaderAddress>((resolve, reject) => {
    const cancel = process.clock.schedule(FIND_JOB_MASTER_MS, () =>
      reject(new FlinkError(`No JobMaster of job ${jobId} was found`, RETRIABLE)),
    )
    retriever.start((leader) => {
      if (leader === undefined) return
      cancel()
      resolve(leader)
    })
  }).finally(() => retriever.close())
}

/** The leader is another one, or was not reached. */
function isWorthAnotherTry(error: unknown): boolean {
  assert(error instanceof Error, 'what a call throws is an Error')
  const { code } = error as { code?: unknown }
  return (
    (FlinkError.is(error) && error.retriable) ||
    code === 'FLINK_LEADERSHIP_LOST' ||
    code === 'FLINK_RPC_FENCING_TOKEN'
  )
}
