import { Configuration, noopLogger, SeededRandom } from '@flink-ts/core'
import { MesosResourceManagerDriver } from '../../packages/resourcemanager-mesos/dist/framework/mesos-resource-manager-driver.js'
import { LaunchCoordinator } from '../../packages/resourcemanager-mesos/dist/offers/launch-coordinator.js'
import {
  agentSpec,
  SimulatedMesos,
} from '../../packages/resourcemanager-mesos/dist/testing/index.js'
import { VirtualTime } from '../../packages/testing/dist/simulation/time/virtual-time.js'
import { memoryStore } from './memory-store.mjs'

const MB = 2 ** 20
const SPEC = {
  cpuCores: 1,
  totalProcessBytes: 1728 * MB,
  numberOfSlots: 1,
  slotProfile: {},
  totalProfile: {},
  dynamicProperties: {},
}

export const SETTINGS = {
  roles: ['*'],
  constraints: [],
  networkResourceName: 'network',
  declinedOfferRefuseMs: 5_000,
  unusedOfferExpirationMs: 10_000,
}

export const PORT_KEYS = ['taskmanager.rpc.port', 'taskmanager.data.port']

/** Agents with room for four TaskManagers each. */
export function agents(count) {
  return Array.from({ length: count }, (_, i) => agentSpec(`node${i}`, { cpus: 4, memoryMb: 8192 }))
}

/** A driver with the launch coordinator on a simulated Mesos, both on virtual time. */
export class SimulatedFramework {
  time = new VirtualTime({ maxEventsPerInstant: 10_000_000 })
  granted = 0
  terminated = 0
  /** Tasks of which the master has said, when it was asked, what became of them. */
  known = new Set()

  constructor(agentCount) {
    const { time: clock } = this
    const random = new SeededRandom(1)
    this.mesos = new SimulatedMesos({ clock, random, agents: agents(agentCount) })
    this.driver = new MesosResourceManagerDriver({
      configuration: new Configuration(),
      clock,
      random,
      log: noopLogger,
      framework: async () => ({
        name: 'Flink',
        user: 'flink',
        roles: ['*'],
        failoverTimeoutSeconds: 600,
        checkpoint: true,
        capabilities: ['PARTITION_AWARE', 'MULTI_ROLE', 'TASK_KILLING_STATE'],
      }),
      createScheduler: async () => {
        const scheduler = this.mesos.scheduler()
        return {
          start: (info, listener) => scheduler.start(info, this.#noting(listener)),
          call: (call) => scheduler.call(call),
          close: () => scheduler.close(),
        }
      },
      createOfferTaker: (seam) =>
        new LaunchCoordinator({ ...seam, clock, log: noopLogger, settings: SETTINGS }),
      launcher: {
        needsOf: ({ cpuCores, totalProcessBytes }) => ({
          cpus: cpuCores,
          memoryMb: totalProcessBytes / MB,
          diskMb: 0,
          gpus: 0,
          networkMbps: 0,
          portKeys: PORT_KEYS,
        }),
        async prepare() {},
        launch: () => ({
          command: { shell: true, value: 'bin/mesos-taskmanager.sh', environment: {}, uris: [] },
          labels: {},
        }),
        forget() {},
        async start() {},
        async close() {},
      },
    })
  }

  async lead() {
    const ready = this.driver.initialize(
      {
        onPreviousAttemptWorkersRecovered() {},
        onWorkerTerminated: () => void this.terminated++,
        onError(error) {
          throw error
        },
      },
      memoryStore(),
    )
    await this.pass(1_000)
    await ready
  }

  /** Asks for TaskManagers, and lets time pass until all are granted. @returns milliseconds of virtual time */
  async request(count) {
    const begin = this.time.now()
    const until = this.granted + count
    for (let i = 0; i < count; i++) {
      const options = { signal: new AbortController().signal, blockedNodes: new Set() }
      this.driver.requestResource(SPEC, options).then(
        () => void this.granted++,
        (error) => this.time.fail(error),
      )
    }
    await this.time.run({ until: () => this.granted === until, deadlineMs: begin + 120_000 })
    if (this.granted !== until) throw new Error(`${until - this.granted} were not granted`)
    return this.time.now() - begin
  }

  async pass(ms) {
    await this.time.run({ deadlineMs: this.time.now() + ms })
  }

  async close() {
    const closed = this.driver.terminate()
    await this.pass(1_000)
    await closed
    this.mesos.close()
  }

  #noting(listener) {
    return {
      onSubscribed: (subscription) => listener.onSubscribed(subscription),
      onEvent: (event) => {
        const { reason, taskId } = event.status ?? {}
        listener.onEvent(event)
        if (reason === 'REASON_RECONCILIATION') this.known.add(taskId)
      },
      onDisconnected: (why) => listener.onDisconnected(why),
      onEnded: (end) => listener.onEnded(end),
    }
  }
}
