import {
  type Clock,
  Configuration,
  InMemoryFileSystem,
  type Logger,
  MesosOptions,
  noopLogger,
  SeededRandom,
} from '@flink-ts/core'
import type { MesosScheduler, TaskInfo } from '@flink-ts/mesos-client'
import type { WorkerHandle, WorkerRequestOptions, WorkerResourceSpec } from '@flink-ts/runtime'
import {
  DriverClock,
  RecordedEvents,
  RequestedWorker,
  workerSpec,
} from '@flink-ts/testing/resource-manager-drivers'
import { FrameworkIdFile } from '../../dist/framework/framework-id-file.js'
import { frameworkInfoOf } from '../../dist/framework/framework-info.js'
import type { OfferTakerFactory } from '../../dist/framework/framework-term.js'
import { MesosResourceManagerDriver } from '../../dist/framework/mesos-resource-manager-driver.js'
import type { RunningWorkerLauncher } from '../../dist/launch/worker-launcher.js'
import { LaunchCoordinator } from '../../dist/offers/launch-coordinator.js'
import {
  type AgentSpec,
  agentSpec,
  SimulatedMesos,
  type SimulatedMesosOptions,
  type SimulatedScheduler,
} from '../../dist/testing/index.js'
import { MortalFramework } from './mortal-framework.js'
import { WorkerEntries } from './worker-entries.js'

const MB = 1024 * 1024

export const spec = workerSpec

export function agents(count: number): AgentSpec[] {
  return Array.from({ length: count }, (_, index) => agentSpec(`node${index + 1}`, { cpus: 4 }))
}

/** Remembers which tasks it was asked for, and which are void. */
export class TestLauncher implements RunningWorkerLauncher {
  readonly launched: string[] = []
  readonly forgotten: string[] = []
  isRunning = false
  /** What it says instead of launching. */
  failure: Error | undefined
  exited: (agentId: string, exitStatus: number) => void = () => {}
  beforeClosed: () => Promise<void> = async () => {}

  needsOf({ cpuCores, totalProcessBytes }: WorkerResourceSpec) {
    const memoryMb = totalProcessBytes / MB
    return { cpus: cpuCores, memoryMb, diskMb: 0, gpus: 0, networkMbps: 0, portKeys: [] }
  }

  async prepare(): Promise<void> {}

  launch(taskId: string) {
    if (this.failure !== undefined) throw this.failure
    this.launched.push(taskId)
    const command = { shell: true, value: 'run', environment: {}, uris: [] }
    return { command, labels: {}, killGracePeriodMs: 100 }
  }

  forget(taskId: string): void {
    this.forgotten.push(taskId)
  }

  async start(): Promise<void> {
    this.isRunning = true
  }

  async close(): Promise<void> {
    await this.beforeClosed()
    this.isRunning = false
  }
}

/** As they are shipped. */
const COORDINATOR_SETTINGS = {
  roles: MesosOptions.FRAMEWORK_ROLES.defaultValue,
  constraints: [],
  networkResourceName: MesosOptions.NETWORK_RESOURCE_NAME.defaultValue,
  declinedOfferRefuseMs: MesosOptions.DECLINED_OFFER_REFUSE_DURATION.defaultValue,
  unusedOfferExpirationMs: MesosOptions.UNUSED_OFFER_EXPIRATION.defaultValue,
}

export interface OpenOptions {
  readonly agents?: readonly AgentSpec[]
  readonly configuration?: Readonly<Record<string, string>>
  readonly log?: Logger
  readonly isHighlyAvailable?: boolean
  readonly keepsRegistry?: boolean
  readonly seed?: number
  /** Default: a launch coordinator. */
  readonly createOfferTaker?: OfferTakerFactory
  readonly reregisterWithinMs?: number
  readonly unreachableAfterMs?: number
  readonly refuse?: NonNullable<SimulatedMesosOptions['refuse']>
  /** Default: one of the simulated Mesos. */
  readonly createScheduler?: (clock: Clock) => Promise<MesosScheduler>
}

/** One JobManager process, as far as the driver is concerned. */
export interface DriverProcess {
  readonly mortal: MortalFramework
  readonly driver: MesosResourceManagerDriver
  readonly launcher: TestLauncher
  readonly recovered: readonly WorkerHandle[]
  readonly terminated: readonly (readonly [id: string, diagnostics: string])[]
  readonly errors: Error[]
  readonly events: RecordedEvents
  readonly lines: string[]
  /** What hinders requests, as often as it was told; undefined: nothing does. */
  readonly hindrances: (string | undefined)[]
  /** What is kept without high availability. */
  readonly memory: WorkerEntries
  closedSchedulers: number
}

/** Drivers, one after the other, on a simulated Mesos of their own. */
export class DriverUnderTest {
  readonly clock = new DriverClock()
  readonly random: SeededRandom
  readonly mesos: SimulatedMesos
  readonly files: InMemoryFileSystem
  readonly store = new WorkerEntries()
  readonly schedulers: SimulatedScheduler[] = []
  process: DriverProcess
  readonly #options: OpenOptions

  constructor(options: OpenOptions = {}) {
    this.#options = options
    this.random = new SeededRandom(options.seed ?? 1)
    this.files = new InMemoryFileSystem({ clock: this.clock, random: this.random, scheme: 'file' })
    this.mesos = new SimulatedMesos({
      agents: agents(2),
      ...options,
      clock: this.clock,
      random: this.random,
    })
    this.process = this.newProcess()
  }

  get configuration(): Configuration {
    const { configuration = {}, isHighlyAvailable = true } = this.#options
    return Configuration.fromMap({
      ...(isHighlyAvailable ? { 'high-availability.type': 'zookeeper' } : {}),
      ...configuration,
    })
  }

  newProcess(): DriverProcess {
    const { log = noopLogger } = this.#options
    const { configuration } = this
    const mortal = new MortalFramework()
    const clock = mortal.clock(this.clock)
    const launcher = new TestLauncher()
    const events = new RecordedEvents(() => mortal.isAlive)
    const lines: string[] = []
    const idFile = configuration.getString('mesos.framework-id-file')
    const driver = new MesosResourceManagerDriver({
      configuration,
      clock,
      random: this.random,
      log,
      tell: (line) => void lines.push(line),
      framework: async () =>
        frameworkInfoOf(configuration, { user: 'flink', rest: 'jm:8081', needsGpus: false }),
      ...(idFile === undefined ? {} : { idFile: new FrameworkIdFile(this.files, idFile) }),
      createScheduler: async () => {
        const { createScheduler } = this.#options
        if (createScheduler !== undefined) return createScheduler(clock)
        const scheduler = this.mesos.scheduler()
        this.schedulers.push(scheduler)
        const mortalScheduler = mortal.scheduler(scheduler)
        return {
          ...mortalScheduler,
          close: () => {
            this.process.closedSchedulers++
            return mortalScheduler.close()
          },
        }
      },
      createOfferTaker:
        this.#options.createOfferTaker ??
        ((seam) => new LaunchCoordinator({ ...seam, clock, log, settings: COORDINATOR_SETTINGS })),
      launcher,
    })
    this.process = {
      mortal,
      driver,
      launcher,
      recovered: events.recovered,
      terminated: events.terminated,
      errors: events.errors,
      events,
      lines,
      hindrances: [],
      memory: new WorkerEntries(),
      closedSchedulers: 0,
    }
    return this.process
  }

  get driver(): MesosResourceManagerDriver {
    return this.process.driver
  }

  /** The term begins, and Mesos has heard of it. */
  async lead(ms = 200): Promise<this> {
    const { mortal, driver, events, hindrances, memory } = this.process
    const { isHighlyAvailable = true } = this.#options
    const store = (isHighlyAvailable ? this.store : memory).lead()
    const onRequestsHindered = mortal.ifAlive((why?: string) => void hindrances.push(why))
    driver
      .initialize({ ...events.handler, onRequestsHindered }, mortal.store(store))
      .catch((error) => this.process.errors.push(error))
    await this.clock.advance(ms)
    return this
  }

  async terminate(): Promise<void> {
    const ended = this.driver.terminate()
    await this.clock.advance(50)
    await ended
  }

  /** The process dies, and another one leads. */
  async restart(ms = 200): Promise<void> {
    this.process.mortal.die()
    this.newProcess()
    await this.lead(ms)
  }

  /** Asks for one worker; what comes of it is looked at later. */
  request(wanted = spec(), options: Partial<WorkerRequestOptions> = {}): RequestedWorker {
    return new RequestedWorker(this.driver, wanted, options)
  }

  requestMany(count: number): RequestedWorker[] {
    return Array.from({ length: count }, () => this.request())
  }

  /** Asks for workers until they run. @returns their ids */
  async running(count: number): Promise<string[]> {
    const wanted = this.requestMany(count)
    for (let i = 0; i < 20 && wanted.some(({ id }) => id === ''); i++) await this.clock.advance(500)
    return wanted.map(({ id }) => id)
  }

  /** Ids of the tasks of the framework that have not ended. */
  get tasks(): string[] {
    return this.mesos.tasks.map(({ id }) => id).sort()
  }

  get frameworkId(): string {
    return this.mesos.frameworks[0]!.id
  }

  /** Calls of a kind, of all schedulers. */
  calls(type: string): unknown[] {
    return this.schedulers.flatMap(({ calls }) => calls.filter((call) => call.type === type))
  }

  infos(): TaskInfo[] {
    return this.schedulers.flatMap(({ calls }) =>
      calls.flatMap((call) => (call.type === 'ACCEPT' ? call.launch : [])),
    )
  }

  async close(): Promise<void> {
    if (this.process.mortal.isAlive) {
      const ended = this.driver.terminate()
      await this.clock.advance(30_000)
      await ended
    }
    this.mesos.close()
  }
}
