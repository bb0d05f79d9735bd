import { Configuration, type Logger, noopLogger, type ResourceId } from '@flink-ts/core'
import type {
  ResourceEventHandler,
  WorkerHandle,
  WorkerRequestOptions,
  WorkerResourceSpec,
} from '@flink-ts/runtime'
import { YarnResourceManagerDriver } from '../../dist/applicationmaster/yarn-resource-manager-driver.js'
import type { YarnDeployment } from '../../dist/deployment/yarn-deployment.js'
import { SimulatedYarn, type SimulatedYarnOptions } from '../../dist/testing/simulated-yarn.js'
import { VirtualClock } from './virtual-clock.js'

const MB = 1024 * 1024

const profile = {
  cpuCores: 1,
  taskHeapBytes: 1,
  taskOffHeapBytes: 0,
  managedBytes: 0,
  networkBytes: 0,
  extendedResources: {},
}

export function spec(overrides: Partial<WorkerResourceSpec> = {}): WorkerResourceSpec {
  return {
    cpuCores: 1,
    totalProcessBytes: 1000 * MB,
    numberOfSlots: 1,
    slotProfile: profile,
    totalProfile: profile,
    dynamicProperties: {
      'taskmanager.memory.process.size': '1048576000b',
      'taskmanager.memory.managed.size': '64m',
    },
    ...overrides,
  }
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
  readonly clock = new VirtualClock()
  readonly yarn: SimulatedYarn
  driver: YarnResourceManagerDriver
  readonly recovered: WorkerHandle[] = []
  readonly terminated: [string, string][] = []
  readonly errors: Error[] = []
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

  get handler(): ResourceEventHandler {
    return {
      onPreviousAttemptWorkersRecovered: (workers) => void this.recovered.push(...workers),
      onWorkerTerminated: (id: ResourceId, text) => void this.terminated.push([id, text]),
      onError: (error) => void this.errors.push(error),
    }
  }

  async start(): Promise<this> {
    let isReady = false
    const ready = this.driver.initialize(this.handler).then(() => {
      isReady = true
    })
    while (!isReady) await this.clock.advance(10)
    await ready
    return this
  }

  /** Asks for one worker; what comes of it is looked at later. */
  request(wanted = spec(), options: Partial<WorkerRequestOptions> = {}): Requested {
    return new Requested(
      this.driver.requestResource(wanted, {
        signal: new AbortController().signal,
        blockedNodes: new Set(),
        ...options,
      }),
    )
  }

  requestMany(count: number): Requested[] {
    return Array.from({ length: count }, () => this.request())
  }

  async close(): Promise<void> {
    const ended = this.driver.terminate()
    await this.clock.advance(60_000)
    await ended
    this.yarn.close()
  }
}

/** The answer to a request, as far as it has come. */
export class Requested {
  handle: WorkerHandle | undefined
  error: (Error & { code?: string }) | undefined

  constructor(answer: Promise<WorkerHandle>) {
    answer.then(
      (handle) => {
        this.handle = handle
      },
      (error) => {
        this.error = error
      },
    )
  }

  get id(): string {
    return this.handle?.resourceId ?? ''
  }
}
