import type { AccumulatorSnapshot } from '@flink-ts/core'
import type { TaskManagerShuffle } from '@flink-ts/network'
import type { TaskMetrics } from '../messages/messages.generated.js'
import type { TaskThreadDeployment } from './assemble-task.js'
import type { TaskCounters } from './metrics/task-counters.js'
import type { TaskDeployment } from './task-launcher.js'

/** What a task's operators and functions have gathered by themselves. */
export interface UserMetrics {
  /** By operator and name. */
  readonly values: Readonly<Record<string, number>>
  readonly accumulators: readonly AccumulatorSnapshot[]
}

/** The gates and partitions of one task, as its TaskManager's main thread holds them. */
export class TaskNetwork {
  readonly #shuffle: TaskManagerShuffle
  readonly #deployment: TaskDeployment
  readonly threadDeployment: TaskThreadDeployment
  #finalMetrics: TaskMetrics | undefined

  /** @throws InsufficientNetworkBuffersError, having released what was made before */
  constructor(shuffle: TaskManagerShuffle, deployment: TaskDeployment) {
    this.#shuffle = shuffle
    this.#deployment = deployment
    try {
      this.threadDeployment = {
        deployment,
        partitions: deployment.producedPartitions.map((p) => shuffle.createResultPartition(p)),
        gates: deployment.inputGates.map((g) => shuffle.createInputGate(g)),
      }
    } catch (error) {
      this.#release(false)
      throw error
    }
  }

  /** What the task and its channels have counted, also after the release. */
  metrics(counters: TaskCounters, user: UserMetrics): TaskMetrics {
    if (this.#finalMetrics !== undefined) return this.#finalMetrics
    const { executionAttemptId, inputGates, producedPartitions } = this.#deployment
    const metrics = counters.toMetrics(
      executionAttemptId,
      inputGates.map(({ gateId }) => this.#shuffle.gateMetrics(gateId) ?? []),
      producedPartitions.map(
        ({ partitionId }) => this.#shuffle.partitionMetrics(partitionId) ?? [],
      ),
    )
    const values = { ...metrics.values, ...this.#debloating(), ...user.values }
    return { ...metrics, values, accumulators: [...user.accumulators] }
  }

  /** Of all gates: the smallest buffers, and the longest time. Nothing without buffer debloating. */
  #debloating(): Record<string, number> {
    const gates = this.#deployment.inputGates.flatMap(
      ({ gateId }) => this.#shuffle.debloatingMetrics(gateId) ?? [],
    )
    if (gates.length === 0) return {}
    return {
      debloatedBufferSize: Math.min(...gates.map((gate) => gate.debloatedBufferSize)),
      estimatedTimeToConsumeBuffersMs: Math.round(
        Math.max(...gates.map((gate) => gate.estimatedTimeToConsumeBuffersMs)),
      ),
    }
  }

  /**
   * The task's thread does not touch them any more. The partitions of a task that finished stay for
   * their consumers, until the JobMaster has them released.
   */
  release(counters: TaskCounters, finished: boolean, user: UserMetrics): void {
    if (this.#finalMetrics !== undefined) return
    this.#finalMetrics = this.metrics(counters, user)
    this.#release(finished)
  }

  #release(finished: boolean): void {
    for (const { gateId } of this.#deployment.inputGates) this.#shuffle.closeInputGate(gateId)
    if (finished) {
      for (const { partitionId } of this.#deployment.producedPartitions) {
        this.#shuffle.producerEnded(partitionId)
      }
      return
    }
    this.#shuffle.releasePartitions(this.#deployment.producedPartitions.map((p) => p.partitionId))
  }
}
