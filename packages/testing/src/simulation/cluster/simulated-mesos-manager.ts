import { Configuration, type Random } from '@flink-ts/core'
import type { MesosScheduler, SchedulerListener } from '@flink-ts/mesos-client'
import {
  frameworkInfoOf,
  LaunchCoordinator,
  MesosResourceManagerDriver,
  type RunningWorkerLauncher,
} from '@flink-ts/resourcemanager-mesos'
import {
  agentSpec,
  type SimulatedAgent,
  SimulatedMesos,
  type TaskBehaviour,
  type TaskLaunch,
} from '@flink-ts/resourcemanager-mesos/testing'
import type { ApplicationStatus, ResourceManagerDriver } from '@flink-ts/runtime'
import {
  type ClusterManager,
  type ClusterManagerOptions,
  type ContainerFaults,
  RELIABLE_CONTAINERS,
} from './cluster-manager.js'
import type { SimulatedProcess } from './simulated-process.js'

/** With so few most have a task. */
const DEFAULT_AGENTS = 4
const MB = 1024 * 1024

/** A Mesos whose tasks are simulated TaskManagers, and whose frameworks are simulated JobManagers with the driver of real ones. */
export class SimulatedMesosManager implements ClusterManager {
  readonly mesos: SimulatedMesos
  readonly #options: ClusterManagerOptions
  readonly #random: Random
  /** How a TaskManager tells its executor that it has ended, by its number. */
  readonly #exits = new Map<number, () => void>()
  #finalStatus: ApplicationStatus | undefined
  faults: ContainerFaults = RELIABLE_CONTAINERS

  constructor(options: ClusterManagerOptions) {
    const { world, mesosAgents = DEFAULT_AGENTS } = options
    this.#options = options
    this.#random = world.forkRandom()
    this.mesos = new SimulatedMesos({
      clock: world.time,
      random: this.#random,
      agents: Array.from({ length: mesosAgents }, (_, i) => agentSpec(`node-${i + 1}`)),
      unreachableAfterMs: 20_000,
    })
    this.mesos.behaviour = (launch) => this.#behaviourOf(launch)
  }

  get containers(): readonly string[] {
    return this.mesos.tasks.map(({ id }) => id)
  }

  get finalStatus(): ApplicationStatus | undefined {
    return this.#finalStatus
  }

  driverOf(process: SimulatedProcess): ResourceManagerDriver {
    const { clock, random, log } = process
    const configuration = Configuration.fromMap(
      this.#options.world.coordination === undefined
        ? {}
        : { 'high-availability.type': 'zookeeper' },
    )
    const settings = {
      roles: ['*'],
      constraints: [],
      networkResourceName: 'network',
      declinedOfferRefuseMs: 5_000,
      unusedOfferExpirationMs: 10_000,
    }
    const driver = new MesosResourceManagerDriver({
      configuration,
      clock,
      random,
      log,
      framework: async () => frameworkInfoOf(configuration, { user: 'flink', needsGpus: false }),
      createScheduler: async () => schedulerOf(process, this.mesos.scheduler()),
      createOfferTaker: (seam) => new LaunchCoordinator({ ...seam, clock, log, settings }),
      launcher: LAUNCHER,
    })
    const deregister = driver.deregisterApplication.bind(driver)
    driver.deregisterApplication = (status, diagnostics) => {
      this.#finalStatus ??= status
      return deregister(status, diagnostics)
    }
    return driver
  }

  workerEnded(number: number): void {
    const exit = this.#exits.get(number)
    this.#exits.delete(number)
    exit?.()
  }

  /** Something happens to Mesos itself. */
  harm(): void {
    const { mesos } = this
    const kinds = Object.keys(HARMS)
    const kind = kinds[this.#random.nextInt(kinds.length)]!
    this.#options.world.faults.add(`Mesos: ${kind}`)
    this.#options.world.trace.add('manager', kind)
    HARMS[kind]?.(mesos, this.#random)
  }

  heal(): void {
    const { mesos } = this
    this.faults = RELIABLE_CONTAINERS
    Object.assign(mesos, NO_LOSSES)
    for (const agent of mesos.agents) if (!agent.isUp) mesos.startAgent(agent)
  }

  close(): void {
    this.mesos.close()
  }

  #behaviourOf({ info }: TaskLaunch): TaskBehaviour {
    const { refused, lost, late, duplicated } = this.faults
    const isLate = this.#happens('container late', late)
    const stagingMs = this.#random.next() * (isLate ? 120_000 : 2_000)
    if (this.#happens('container duplicated', duplicated)) this.mesos.updatesToRepeat++
    if (this.#happens('container refused', refused)) {
      const launchFailure = { message: 'no disk', reason: 'REASON_CONTAINER_LAUNCH_FAILED' }
      return { stagingMs, launchFailure }
    }
    if (this.#happens('container lost', lost)) {
      const afterMs = this.#random.next() * 60_000
      return {
        stagingMs,
        run: ({ exit }) => this.#options.world.time.schedule(afterMs, () => exit(1)),
      }
    }
    return { stagingMs, run: ({ exit }) => this.#run(info.taskId, exit) }
  }

  /** @returns how it is ended */
  #run(taskId: string, exit: (status: number) => void): () => void {
    const { startWorker, stopWorker } = this.#options
    let number: number | undefined
    let hasEnded = false
    void startWorker(taskId).then((started) => {
      if (hasEnded) return stopWorker(started)
      number = started
      this.#exits.set(started, () => exit(137))
    })
    return () => {
      hasEnded = true
      if (number === undefined) return
      this.#exits.delete(number)
      stopWorker(number)
    }
  }

  #happens(kind: string, probability: number): boolean {
    if (probability === 0 || this.#random.next() >= probability) return false
    this.#options.world.faults.add(kind)
    return true
  }
}

const NO_LOSSES = { updatesToLose: 0, updatesToRepeat: 0, callsToLose: 0, answersToLose: 0 }

const HARMS: Readonly<Record<string, (mesos: SimulatedMesos, random: Random) => void>> = {
  'master fails over': (mesos, random) => {
    if (mesos.frameworks.length > 0) mesos.failOver(random.next() * 20_000)
  },
  'agent stops': (mesos, random) => {
    const agent = anAgent(mesos, random)
    if (agent.isUp) mesos.stopAgent(agent)
    else mesos.startAgent(agent)
  },
  'agent is given up': (mesos, random) => {
    const agent = anAgent(mesos, random)
    if (agent.isUp) mesos.stopAgent(agent)
    mesos.giveUpAgent(agent)
  },
  'task ends': (mesos, random) => {
    const task = mesos.tasks[random.nextInt(Math.max(1, mesos.tasks.length))]
    if (task === undefined) return
    for (const agent of mesos.agents) agent.endTask(task.id, 'TASK_FAILED', { message: 'killed' })
  },
  'connection breaks': (mesos) => {
    for (const { id, stream } of mesos.frameworks) if (stream?.isOpen) mesos.cutConnection(id)
  },
  'calls and updates get lost': (mesos, random) => {
    mesos.updatesToLose += random.nextInt(3)
    mesos.callsToLose += random.nextInt(2)
    mesos.answersToLose += random.nextInt(2)
    mesos.updatesToRepeat += random.nextInt(3)
  },
}

/** Of many, one that has tasks or is down: nobody would notice what happens to another one. */
function anAgent({ agents, tasks }: SimulatedMesos, random: Random): SimulatedAgent {
  const busy = new Set(tasks.map(({ hostname }) => hostname))
  const noticed = agents.filter(({ isUp, spec }) => !isUp || busy.has(spec.hostname))
  const from = agents.length > DEFAULT_AGENTS && noticed.length > 0 ? noticed : agents
  return from[random.nextInt(from.length)]!
}

/** What comes waits for a process that stands still, and dies with it. */
function schedulerOf(process: SimulatedProcess, scheduler: MesosScheduler): MesosScheduler {
  const { clock } = process
  const queue: (() => void)[] = []
  const heard =
    <A extends unknown[]>(listener: (...args: A) => void) =>
    (...args: A) => {
      if (!process.isRunning) return void scheduler.close()
      queue.push(() => listener(...args))
      clock.scheduleUntracked(0, () => queue.shift()?.())
    }
  return {
    start: (framework, listener: SchedulerListener) =>
      scheduler.start(framework, {
        onSubscribed: heard((subscription) => listener.onSubscribed(subscription)),
        onEvent: heard((event) => listener.onEvent(event)),
        onDisconnected: heard((reason) => listener.onDisconnected(reason)),
        onEnded: heard((end) => listener.onEnded(end)),
      }),
    call: (call) => (process.isRunning ? scheduler.call(call) : new Promise(() => {})),
    close: () => scheduler.close(),
  }
}

/** Nothing of a simulated TaskManager comes from anywhere. */
const LAUNCHER: RunningWorkerLauncher = {
  needsOf: ({ cpuCores, totalProcessBytes }) => ({
    cpus: cpuCores,
    memoryMb: Math.ceil(totalProcessBytes / MB),
    diskMb: 0,
    gpus: 0,
    networkMbps: 0,
    portKeys: [],
  }),
  prepare: async () => {},
  launch: () => ({
    command: { shell: true, value: 'mesos-taskmanager.sh', environment: {}, uris: [] },
    labels: {},
    killGracePeriodMs: 1_000,
  }),
  forget() {},
  start: async () => {},
  close: async () => {},
}
