import {
  Configuration,
  FileSystemRegistry,
  InMemoryFileSystem,
  noopLogger,
  type Random,
  SeededRandom,
  type SerializedError,
} from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import {
  type CheckpointBarrier,
  InProcessDataTransport,
  inlineNetworkIo,
  ShuffleEnvironment,
} from '@flink-ts/network'
import {
  InlineTaskLauncher,
  type JobCode,
  type RunningTask,
  type TaskDeployment,
} from '@flink-ts/runtime'
import { assignKeyGroups, redistributeOperatorState } from '@flink-ts/state'
import type { SubtaskCheckpointMetrics } from '../../../dist/checkpoint/checkpoint-gateways.js'
import type { SubtaskState } from '../../../dist/checkpoint/pending-checkpoint.js'
import type { OperatorRestore, TaskRestore } from '../../../dist/checkpoint/task-restore.js'

/** One attempt as the test sees it. */
export interface LaunchedTask {
  readonly task: RunningTask
  readonly deployment: TaskDeployment
  readonly states: string[]
  error: SerializedError | undefined
}

/** A checkpoint on its way: what was acknowledged, by attempt. */
export interface TestingCheckpoint {
  readonly id: number
  readonly acknowledged: Map<string, SubtaskState>
  readonly metrics: Map<string, SubtaskCheckpointMetrics>
  readonly declined: string[]
}

/** Two TaskManagers in one process with tasks in turns, and a plain coordinator. */
export class TestingCluster {
  readonly clock = new ManualClock()
  readonly random: Random
  readonly files: InMemoryFileSystem
  readonly checkpoints = new Map<number, TestingCheckpoint>()
  readonly launched: LaunchedTask[] = []
  readonly #shuffles: ShuffleEnvironment[] = []
  #later: { turns: number; readonly action: () => void }[] = []
  readonly #launchers = new Map<string, InlineTaskLauncher>()
  readonly #defer = (action: () => void) => void setImmediate(action)

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.files = new InMemoryFileSystem({ clock: this.clock, random: this.random })
  }

  async start(code: JobCode, numberOfSegments = 64): Promise<void> {
    const transport = new InProcessDataTransport({ deliver: this.#defer })
    for (const resourceId of ['tm1', 'tm2']) {
      const shuffle = await ShuffleEnvironment.start({
        resourceId,
        host: resourceId,
        numberOfSegments,
        segmentBytes: 1024,
        clock: this.clock,
        log: noopLogger,
        defer: this.#defer,
        io: inlineNetworkIo({ transport, bindHost: resourceId, port: 0 }),
      })
      this.#shuffles.push(shuffle)
      this.#launchers.set(
        resourceId,
        new InlineTaskLauncher({
          shuffle,
          defer: this.#defer,
          clock: this.clock,
          random: this.random,
          fileSystems: new FileSystemRegistry([this.files]),
          sockets: { connect: () => Promise.reject(new Error('no sockets')) as never },
          stdout: { writeLine() {}, flush() {} },
          log: noopLogger,
          configuration: new Configuration(),
          codeProvider: () => code,
        }),
      )
    }
  }

  /** Launches all, alternating between the TaskManagers; the gates are told where their producers are. */
  launch(deployments: readonly TaskDeployment[]): void {
    const placeOf = (index: number) => (index % 2 === 0 ? 'tm1' : 'tm2')
    const places = new Map<string, { resourceId: string; dataPort: number }>()
    deployments.forEach(({ producedPartitions }, i) => {
      const resourceId = placeOf(i)
      const { dataPort } = this.#shuffles[i % 2]!
      for (const { partitionId } of producedPartitions)
        places.set(partitionId, { resourceId, dataPort })
    })
    deployments.forEach((deployment, i) => {
      const inputGates = deployment.inputGates.map((gate) => ({
        ...gate,
        producers: gate.producers.map((producer) => {
          const { resourceId, dataPort } = places.get(producer.partitionId)!
          return { ...producer, location: { resourceId, host: resourceId, dataPort } }
        }),
      }))
      this.#launchOne({ ...deployment, inputGates }, placeOf(i))
    })
  }

  get allRun(): boolean {
    return this.launched.every(({ states }) => states.at(-1) === 'RUNNING')
  }

  /** Triggers the tasks without inputs, as a coordinator does; all that run must acknowledge. */
  trigger(id: number, barrier: Partial<CheckpointBarrier> = {}): TestingCheckpoint {
    const checkpoint: TestingCheckpoint = {
      ...{ id, declined: [] },
      acknowledged: new Map(),
      metrics: new Map(),
    }
    this.checkpoints.set(id, checkpoint)
    void this.files.mkdirs(`memory:///checkpoints/job/chk-${id}`)
    const running = this.launched.filter(({ states }) => states.at(-1) === 'RUNNING')
    const ended = new Set(
      this.launched
        .filter((each) => !running.includes(each))
        .flatMap(({ deployment }) =>
          deployment.producedPartitions.map(({ partitionId }) => partitionId),
        ),
    )
    for (const { task, deployment } of running) {
      const producers = deployment.inputGates.flatMap((gate) => gate.producers)
      if (!producers.every(({ partitionId }) => ended.has(partitionId))) continue
      const trigger = (): void =>
        task.triggerCheckpoint({
          type: 'CHECKPOINT_BARRIER',
          checkpointId: BigInt(id),
          timestampMs: this.clock.now(),
          snapshotType: 'CHECKPOINT',
          alignment: 'ALIGNED',
          alignedTimeoutMs: 0,
          ...barrier,
        })
      // Not all at once: otherwise the barriers of a task's channels arrive together.
      this.#later.push({ turns: 1 + 4 * this.#later.length, action: trigger })
    }
    return checkpoint
  }

  /** Whether every task that runs has acknowledged. */
  isComplete({ acknowledged }: TestingCheckpoint): boolean {
    return this.launched.every(
      ({ states, deployment }) =>
        states.at(-1) === 'FINISHED' || acknowledged.has(deployment.executionAttemptId),
    )
  }

  notifyComplete(id: number): void {
    for (const { task } of this.launched) task.notifyCheckpointComplete(BigInt(id))
  }

  notifyAborted(id: number): void {
    for (const { task } of this.launched) task.notifyCheckpointAborted(BigInt(id))
  }

  /** Cancels all and waits until nothing is left of them. */
  async kill(): Promise<void> {
    for (const { task } of this.launched) task.cancel()
    await Promise.all(this.launched.map(({ task }) => task.released))
    this.launched.length = 0
  }

  /** Lets the world go on until `isTrue`, for so many turns at most. */
  async until(isTrue: () => boolean, what: string, turns = 20_000): Promise<void> {
    for (let i = 0; i < turns; i++) {
      if (isTrue()) return
      await this.turn()
    }
    const seen = this.launched.map(
      ({ deployment, states, error }) =>
        `${deployment.executionAttemptId}: ${states.at(-1)} ${error?.message ?? ''}`,
    )
    throw new Error(`never: ${what}; ${seen.join('; ')}`)
  }

  async turn(): Promise<void> {
    await new Promise(setImmediate)
    this.clock.advance(1)
    for (const each of this.#later) if (--each.turns === 0) each.action()
    this.#later = this.#later.filter(({ turns }) => turns > 0)
  }

  async close(): Promise<void> {
    for (const launcher of this.#launchers.values()) await launcher.close()
    for (const shuffle of this.#shuffles) await shuffle.close()
  }

  #launchOne(deployment: TaskDeployment, resourceId: string): void {
    const { executionAttemptId } = deployment
    const one: Omit<LaunchedTask, 'task'> = { deployment, states: [], error: undefined }
    const task = this.#launchers.get(resourceId)!.launch(deployment, {
      onStateChange(state, error) {
        one.states.push(state)
        one.error = error
      },
      onOperatorEvent() {},
      onCheckpointAcknowledged: (id, state, metrics) => {
        this.checkpoints.get(Number(id))?.acknowledged.set(executionAttemptId, state)
        this.checkpoints.get(Number(id))?.metrics.set(executionAttemptId, metrics)
      },
      onCheckpointDeclined: (id, reason, cause) =>
        this.checkpoints
          .get(Number(id))
          ?.declined.push(`${executionAttemptId} ${reason} ${cause?.message ?? ''}`),
      onFatalError: (error) => {
        throw error
      },
    })
    this.launched.push(Object.assign(one, { task }))
  }
}

/** What a subtask of a vertex begins with, at the parallelism of `deployment`. */
export function restoreOf(
  checkpoint: TestingCheckpoint,
  deployments: readonly TaskDeployment[],
  deployment: TaskDeployment,
): TaskRestore {
  const { vertex } = deployment.task
  const old = deployments.filter(({ task }) => task.vertex.id === vertex.id)
  const operators = new Map<string, OperatorRestore>()
  const sources = deployment.task.inputEdges.map(({ sourceVertexId }) => sourceVertexId)
  const inFlight = deployments
    .filter(({ task }) => task.vertex.id === vertex.id || sources.includes(task.vertex.id))
    .flatMap(({ executionAttemptId, task }) => {
      const head = task.vertex.operators[0]!.operatorId
      return checkpoint.acknowledged.get(executionAttemptId)?.get(head)?.inFlight ?? []
    })
  for (const { operatorId } of vertex.operators) {
    const stored = old.map(({ executionAttemptId }) =>
      checkpoint.acknowledged.get(executionAttemptId)?.get(operatorId),
    )
    const keyed = assignKeyGroups(
      stored.flatMap((state) => state?.keyed ?? []),
      vertex,
    )
    const lists = new Map(
      stored.flatMap((state, i) => (state?.operator ? [[i, state.operator] as const] : [])),
    )
    const parallelism = { old: old.length, new: vertex.parallelism }
    const finished = old.every(
      ({ executionAttemptId }, i) =>
        !checkpoint.acknowledged.has(executionAttemptId) || stored[i]?.finished === true,
    )
    operators.set(operatorId, {
      keyed: keyed[deployment.subtaskIndex]!,
      operatorState: redistributeOperatorState(lists, parallelism)[deployment.subtaskIndex]!,
      inFlight: operatorId === vertex.operators[0]!.operatorId ? inFlight : [],
      finished,
    })
  }
  return { checkpointId: BigInt(checkpoint.id), operators }
}
