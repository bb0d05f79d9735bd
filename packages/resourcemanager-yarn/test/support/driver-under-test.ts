import { Configuration, type Logger, noopLogger } from '@flink-ts/core'
import type {
  ResourceManagerDriver,
  WorkerHandle,
  WorkerRequestOptions,
  WorkerResourceSpec,
} from '@flink-ts/runtime'
import {
  DriverClock,
  DriverStore,
  RecordedEvents,
  RequestedWorker,
  workerSpec,
} from '@flink-ts/testing/resource-manager-drivers'
import { YarnResourceManagerDriver } from '../../dist/applicationmaster/yarn-resource-manager-driver.js'
import type { YarnDeployment } from '../../dist/deployment/yarn-deployment.js'
import { SimulatedYarn, type SimulatedYarnOptions } from '../../dist/testing/simulated-yarn.js'

export function spec(overrides: Partial<WorkerResourceSpec> = {}): WorkerResourceSpec {
  return workerSpec({
    dynamicProperties: {
      'taskmanager.memory.process.size': '1048576000b',
      'taskmanager.memory.managed.size': '64m',
    },
    ...overrides,
  })
}

export function nodes(count: number, memoryMb = 8192): SimulatedYarnOptions['nodes'] {
  return Array.from({ length: count }, (_, index) => ({
    host: `node${index + 1}`,
    memoryMb,
    vcores: 64,
  }))
}

export const DEPLOYMENT: YarnDeployment = {
  formatVersion: 1,
  applicationId: 'application_1700000000000_0001',
  nodePath: '/usr/bin/node',
  homePath: './flink-ts',
  mainsPath: './flink-ts/mains',
  localResources: {},
  environment: { A: 'b' },
  schedulerAddresses: ['rm:8030'],
}

export interface OpenOptions extends Partial<SimulatedYarnOptions> {
  readonly configuration?: Readonly<Record<string, string>>
  readonly log?: Logger
  readonly mayBeFollowed?: boolean
}

/** A driver on a simulated YARN of its own. */
export class DriverUnderTest {
  readonly clock = new DriverClock()
  readonly yarn: SimulatedYarn
  driver: YarnResourceManagerDriver
  readonly store = new DriverStore()
  readonly events = new RecordedEvents()
  /** Why requests wait, as the driver has told; undefined: nothing hinders them. */
  readonly hindrances: (string | undefined)[] = []
  stagingRemovals = 0
  readonly #options: OpenOptions
  #attempts = 0

  constructor(options: OpenOptions = {}) {
    this.#options = options
    this.yarn = new SimulatedYarn({ nodes: nodes(2), ...options, clock: this.clock })
    this.driver = this.#newDriver()
  }

  /** A driver in the process of the next attempt. */
  nextAttempt(keep: boolean): void {
    this.yarn.newAttempt(keep)
    this.driver = this.#newDriver()
  }

  #newDriver(): YarnResourceManagerDriver {
    return new YarnResourceManagerDriver({
      configuration: Configuration.fromMap(this.#options.configuration ?? {}),
      clock: this.clock,
      log: this.#options.log ?? noopLogger,
      deployment: DEPLOYMENT,
      protocol: this.yarn.applicationMaster(),
      connect: this.yarn.nodeManagers,
      addresses: async () => ({ rpc: 'jm-host:6123', rest: 'jm-host:8081' }),
      removeStagingFolder: async () => void this.stagingRemovals++,
      isFirstAttempt: this.#attempts++ === 0,
      mayBeFollowed: this.#options.mayBeFollowed ?? false,
    })
  }

  get recovered(): readonly WorkerHandle[] {
    return this.events.recovered
  }

  get terminated(): readonly (readonly [id: string, diagnostics: string])[] {
    return this.events.terminated
  }

  get errors(): readonly Error[] {
    return this.events.errors
  }

  /** It leads; who does not wait for it lets time pass. */
  initialize(): Promise<void> {
    const driver: ResourceManagerDriver = this.driver
    const onRequestsHindered = (why: string | undefined) => void this.hindrances.push(why)
    return driver.initialize({ ...this.events.handler, onRequestsHindered }, this.store.lead())
  }

  async start(): Promise<this> {
    let isReady = false
    const ready = this.initialize().then(() => {
      isReady = true
    })
    while (!isReady) await this.clock.advance(10)
    await ready
    return this
  }

  /** Asks for one worker; what comes of it is looked at later. */
  request(wanted = spec(), options: Partial<WorkerRequestOptions> = {}): RequestedWorker {
    return new RequestedWorker(this.driver, wanted, options)
  }

  requestMany(count: number): RequestedWorker[] {
    return Array.from({ length: count }, () => this.request())
  }

  async close(): Promise<void> {
    const ended = this.driver.terminate()
    await this.clock.advance(60_000)
    await ended
    this.yarn.close()
  }
}
