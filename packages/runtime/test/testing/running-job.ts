import { type Logger, noopLogger } from '@flink-ts/core'
import {
  type ErrorInfo,
  type ExecutionGraphInfo,
  type JobGraph,
  JobMaster,
  type TaskDeploymentDescriptor,
} from '@flink-ts/runtime'
import { settle, TestingCluster, type TestingTaskManager } from './cluster.js'

/** A job under a JobMaster of its own, in a cluster that does what a test says. */
export class RunningJob {
  readonly cluster: TestingCluster
  readonly jobMaster: JobMaster
  /** How it ended, at most once. */
  readonly ended: ExecutionGraphInfo[]

  constructor(cluster: TestingCluster, jobMaster: JobMaster, ended: ExecutionGraphInfo[]) {
    this.cluster = cluster
    this.jobMaster = jobMaster
    this.ended = ended
  }

  static async start(
    t: { teardown(fn: () => unknown): void },
    graph: JobGraph,
    configuration: Readonly<Record<string, string>> = {},
    loadModule: (module: string) => Promise<Record<string, unknown>> = async () => ({}),
    log: Logger = noopLogger,
  ): Promise<RunningJob> {
    const cluster = new TestingCluster()
    await cluster.resourceManager.start()
    const job = await RunningJob.startIn(cluster, graph, { configuration, loadModule, log })
    t.teardown(async () => {
      await job.jobMaster.close()
      await cluster.close()
      if (cluster.clock.pendingTimers !== 0) throw new Error('a closed JobMaster left timers')
    })
    return job
  }

  /** A JobMaster for the job in a cluster that is there, as of a term of leadership; whoever starts it closes it. */
  static async startIn(
    cluster: TestingCluster,
    graph: JobGraph,
    options: {
      readonly configuration?: Readonly<Record<string, string>>
      readonly loadModule?: (module: string) => Promise<Record<string, unknown>>
      readonly log?: Logger
      readonly epoch?: number
    } = {},
  ): Promise<RunningJob> {
    const { configuration = {}, loadModule = async () => ({}), log = noopLogger } = options
    cluster.configure(configuration)
    const ended: ExecutionGraphInfo[] = []
    const jobMaster = new JobMaster({
      jobGraph: graph,
      ...cluster.jobManagerServices,
      loadModule,
      log,
      fencingToken: { epoch: options.epoch ?? 3, uuid: 'jm-token' },
      onJobTerminated: (info) => ended.push(info),
    })
    await jobMaster.start()
    await settle()
    return new RunningJob(cluster, jobMaster, ended)
  }

  get info(): ExecutionGraphInfo {
    return this.jobMaster.executionGraphInfo()
  }

  get states(): string[] {
    return this.info.vertices.flatMap(({ subtasks }) =>
      subtasks.map(({ current }) => current.state),
    )
  }

  get attempts(): number[] {
    return this.info.vertices.flatMap(({ subtasks }) =>
      subtasks.map(({ current }) => current.attemptNumber),
    )
  }

  /** The current attempt of a subtask: its TaskManager and what was deployed there. */
  task(
    vertex: number,
    subtask: number,
  ): {
    readonly taskManager: TestingTaskManager
    readonly descriptor: TaskDeploymentDescriptor
    /** Of its result partitions, in the order of its outputs. */
    readonly partitionIds: string[]
  } {
    const { executionAttemptId } = this.info.vertices[vertex]!.subtasks[subtask]!.current
    for (const taskManager of this.cluster.taskManagers) {
      const descriptor = taskManager.deployed.find(
        (candidate) => candidate.executionAttemptId === executionAttemptId,
      )
      if (descriptor === undefined) continue
      const partitions = JSON.parse(Buffer.from(descriptor.producedPartitions).toString())
      const partitionIds = partitions.map((p: { partitionId: string }) => p.partitionId)
      return { taskManager, descriptor, partitionIds }
    }
    throw new Error(`attempt ${executionAttemptId} was not deployed`)
  }

  async report(
    vertex: number,
    subtask: number,
    state: 'FINISHED' | 'FAILED' | 'CANCELED',
    error?: ErrorInfo,
  ): Promise<void> {
    const { taskManager, descriptor } = this.task(vertex, subtask)
    await taskManager.report(descriptor.executionAttemptId, state, error)
    await settle()
  }
}
