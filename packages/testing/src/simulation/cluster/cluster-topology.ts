import assert from 'node:assert/strict'
import type { Configuration } from '@flink-ts/core'
import type { ExecutionGraphInfo, JobCode } from '@flink-ts/runtime'
import type { ClusterManager } from './cluster-manager.js'
import type { ModuleCache } from './module-cache.js'
import { SimulatedJobManager } from './simulated-job-manager.js'
import type { SimulatedProcess } from './simulated-process.js'
import { SimulatedTaskManager } from './simulated-task-manager.js'
import type { SimulatedWorld } from './simulated-world.js'

export interface ClusterTopologyOptions {
  readonly world: SimulatedWorld
  readonly configuration: Configuration
  readonly modules: ModuleCache
  /** Of a job, by its id. */
  readonly code: (jobId: string) => JobCode
  readonly maxTurnMs: number | undefined
  readonly taskDurationMs: number | undefined
  /** Undefined: a standalone cluster. */
  readonly clusterManager: ClusterManager | undefined
  /** It has ended by itself, with its process; {@link ClusterTopology.removeTaskManager} is next. */
  readonly onTaskManagerFailed: (number: number) => void
  readonly onJobEnded: (jobManager: string, info: ExecutionGraphInfo) => void
  /** A JobManager ends the cluster: jobs that have not ended are given up. */
  readonly onShutDown: () => void
  readonly onLine: (line: string) => void
}

/** Which processes there are. Numbers start at 1 and stay with the host of a process when it is restarted. */
export class ClusterTopology {
  readonly #options: ClusterTopologyOptions
  readonly #jobManagers = new Map<number, SimulatedJobManager>()
  readonly #taskManagers = new Map<number, SimulatedTaskManager>()
  readonly #lostJobManagers = new Set<number>()
  readonly #incarnations = new Map<string, number>()
  #nextTaskManager = 1

  constructor(options: ClusterTopologyOptions) {
    this.#options = options
  }

  get jobManagers(): ReadonlyMap<number, SimulatedJobManager> {
    return this.#jobManagers
  }

  get taskManagers(): ReadonlyMap<number, SimulatedTaskManager> {
    return this.#taskManagers
  }

  /** Hosts whose process is gone. */
  get lostTaskManagers(): number[] {
    const known = Array.from({ length: this.#nextTaskManager - 1 }, (_, i) => i + 1)
    return known.filter((number) => !this.#taskManagers.has(number))
  }

  get lostJobManagers(): number[] {
    return [...this.#lostJobManagers]
  }

  /** That run. */
  get processes(): SimulatedProcess[] {
    return [...this.#jobManagers.values(), ...this.#taskManagers.values()]
      .map(({ process }) => process)
      .filter(({ isRunning }) => isRunning)
  }

  /** Blobs that are kept for jobs, anywhere. */
  get blobKeys(): readonly string[] {
    return [...this.#jobManagers.values()].flatMap(({ blobKeys }) => blobKeys)
  }

  async startJobManager(number: number): Promise<void> {
    const { onJobEnded, onShutDown, ...options } = this.#options
    const { world, configuration, modules, clusterManager } = options
    assert(!this.#jobManagers.has(number), `JobManager ${number} does not run yet`)
    const name = this.#jobManagerName(number)
    const jobManager = await SimulatedJobManager.start(world, {
      name,
      configuration,
      modules,
      driver: clusterManager && ((process) => clusterManager.driverOf(process)),
      onJobEnded: (info) => onJobEnded(name, info),
      onShutDown: (status) => {
        onShutDown()
        void jobManager.shutDown(status).then(() => this.#jobManagers.delete(number))
      },
    })
    if (this.#lostJobManagers.delete(number)) world.faults.add('JobManager restart')
    this.#jobManagers.set(number, jobManager)
  }

  /**
   * @param number of a host whose process is gone; default: a new host
   * @param givenId the resource id that a cluster manager has chosen
   * @returns its number
   */
  async startTaskManager(number = this.#nextTaskManager++, givenId?: string): Promise<number> {
    const { onTaskManagerFailed, onLine, ...options } = this.#options
    const { world, configuration, code, maxTurnMs, taskDurationMs } = options
    assert(!this.#taskManagers.has(number), `TaskManager ${number} does not run yet`)
    const name = `tm-${number}`
    const incarnation = 1 + (this.#incarnations.get(name) ?? 0)
    this.#incarnations.set(name, incarnation)
    if (incarnation > 1) world.faults.add('TaskManager restart')
    const taskManager = await SimulatedTaskManager.start(world, {
      name,
      resourceId: givenId ?? (incarnation === 1 ? name : `${name}-${incarnation}`),
      jobManager: this.#jobManagerName(1),
      configuration,
      maxTurnMs,
      taskDurationMs,
      codeProvider: ({ jobId }) => code(jobId),
      onFailed: () => onTaskManagerFailed(number),
      onLine,
    })
    this.#taskManagers.set(number, taskManager)
    return number
  }

  /** The process is gone from the books; its caller has ended it. */
  removeTaskManager(number: number): SimulatedTaskManager {
    const taskManager = this.taskManager(number)
    this.#taskManagers.delete(number)
    return taskManager
  }

  removeJobManager(number: number): SimulatedJobManager {
    const jobManager = this.#jobManagers.get(number)
    assert(jobManager !== undefined, `JobManager ${number} runs`)
    this.#jobManagers.delete(number)
    this.#lostJobManagers.add(number)
    return jobManager
  }

  taskManager(number: number): SimulatedTaskManager {
    const taskManager = this.#taskManagers.get(number)
    assert(taskManager !== undefined, `TaskManager ${number} runs`)
    return taskManager
  }

  #jobManagerName(number: number): string {
    return this.#options.world.coordination === undefined ? 'jm' : `jm-${number}`
  }
}
