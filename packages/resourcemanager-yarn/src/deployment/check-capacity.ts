import { FlinkError, YarnOptions } from '@flink-ts/core'
import type { YarnClusterMetrics } from '../rest/resource-manager-records.js'
import type { YarnQueue, YarnScheduler } from '../rest/scheduler-info.js'

/** Size of a container. */
export interface ContainerSize {
  readonly memoryMb: number
  readonly vcores: number
}

export interface CapacityFacts {
  /** Undefined: whatever YARN takes. */
  readonly queue: string | undefined
  readonly jobManager: ContainerSize
  readonly taskManager: ContainerSize & { readonly others: Readonly<Record<string, number>> }
  /** Largest container. */
  readonly maximum: ContainerSize & { readonly others: Readonly<Record<string, number>> }
  /** Then the nodes that count are not known. */
  readonly hasNodeLabel: boolean
  readonly scheduler: YarnScheduler
  readonly metrics: YarnClusterMetrics
  /** Sizes are rounded up to a multiple of it; undefined: not known. */
  readonly step: { readonly mb: number; readonly key: string } | undefined
}

/** A cluster that YARN can never give room. */
export class YarnCapacityError extends FlinkError {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    const text =
      problems.length === 1 ? problems[0]! : problems.map((each) => `\n  * ${each}`).join('')
    super(`Cannot deploy on this YARN: ${text}`, { code: 'FLINK_YARN_CAPACITY' })
    this.problems = problems
  }
}

/**
 * Whether YARN can ever give what a cluster needs for its JobManager and a first TaskManager.
 *
 * @returns what a person should know: that it will have to wait, or that sizes are rounded up
 * @throws YarnCapacityError with all figures if it cannot
 */
export function checkCapacity(facts: CapacityFacts): string[] {
  const { jobManager, taskManager, metrics } = facts
  const problems: string[] = []
  const notes: string[] = []
  const roundedUp: string[] = []
  const queue = findQueue(facts, problems)
  const limits = limitsOf(facts, queue)
  const containers: readonly (readonly [string, ContainerSize, string])[] = [
    [
      'JobManager',
      jobManager,
      `jobmanager.memory.process.size or ${YarnOptions.APP_MASTER_VCORES.key}`,
    ],
    [
      'TaskManager',
      taskManager,
      `taskmanager.memory.process.size, taskmanager.numberOfTaskSlots or ${YarnOptions.CONTAINER_VCORES.key}`,
    ],
  ]
  for (const [name, size, keys] of containers) {
    const exceeded = limits.find(
      ({ memoryMb = size.memoryMb, vcores = size.vcores }) =>
        size.memoryMb > memoryMb || size.vcores > vcores,
    )
    if (exceeded !== undefined) {
      problems.push(
        `a ${name} needs ${describe(size)}, but ${exceeded.what} ${describe(exceeded)}: lower ${keys}`,
      )
    }
    const rounded = roundUp(size.memoryMb, facts.step?.mb ?? 1)
    if (rounded > size.memoryMb)
      roundedUp.push(`a ${name} takes ${rounded} MB for its ${size.memoryMb}`)
  }
  for (const [name, amount] of Object.entries(taskManager.others)) {
    const most = facts.maximum.others[name] ?? 0
    if (amount > most) {
      problems.push(
        `a TaskManager needs ${amount} of ${name}, but the largest container that YARN gives has ${most}: lower external-resource.<name>.amount, or have it set up in YARN (resource-types.xml)`,
      )
    }
  }
  if (metrics.activeNodes === 0) problems.push('it has no NodeManager that is active')
  if (facts.step !== undefined && roundedUp.length > 0) {
    notes.push(
      `YARN gives memory in steps of ${facts.step.mb} MB (${facts.step.key}): ${roundedUp.join(', ')}.`,
    )
  }
  if (problems.length > 0) throw new YarnCapacityError(problems)
  if (jobManager.memoryMb > metrics.availableMb) {
    notes.push(
      `YARN has ${metrics.availableMb} of ${metrics.totalMb} MB free, and the JobManager needs ${jobManager.memoryMb} MB: it will have to wait.`,
    )
  }
  return notes
}

/** The queue, if it is there. @param problems gets what keeps applications out of it */
function findQueue(
  { queue: name, scheduler }: CapacityFacts,
  problems: string[],
): YarnQueue | undefined {
  const { queues, makesQueues } = scheduler
  const wanted = name ?? 'default'
  const found = queues.find((queue) => queue.path === wanted || queue.name === wanted)
  const names = () => queues.map((queue) => `${queue.path}${queue.isRunning ? '' : ' (stopped)'}`)
  if (found !== undefined && !found.isRunning) {
    problems.push(`queue '${wanted}' is stopped; there are: ${listed(names())}`)
  }
  // A queue that nobody named may come from a rule of the scheduler.
  if (found === undefined && name !== undefined && queues.length > 0 && !makesQueues) {
    problems.push(
      `there is no queue '${name}' that takes applications; there are: ${listed(names())}; set ${YarnOptions.APPLICATION_QUEUE.key}`,
    )
  }
  return found
}

/** Cores count for the largest container, and where a queue has a limit of them: most schedulers look at memory only otherwise. */
function limitsOf(
  { maximum, metrics, hasNodeLabel }: CapacityFacts,
  queue: YarnQueue | undefined,
): readonly (Partial<ContainerSize> & { readonly what: string })[] {
  const limits: (Partial<ContainerSize> & { what: string })[] = [
    { ...maximum, what: 'the largest container that YARN gives has' },
  ]
  if (metrics.totalMb > 0 && !hasNodeLabel) {
    limits.push({
      memoryMb: metrics.totalMb,
      what: `all its nodes (${metrics.activeNodes}) together have`,
    })
    if (queue?.maxShare !== undefined) {
      const memoryMb = Math.floor(metrics.totalMb * queue.maxShare)
      const share = (queue.maxShare * 100).toFixed(0)
      limits.push({
        memoryMb,
        what: `queue '${queue.path}' may use ${share} % of the cluster, which is`,
      })
    }
  }
  if (queue?.maxMb !== undefined) {
    limits.push({
      memoryMb: queue.maxMb,
      ...(queue.maxVcores === undefined ? {} : { vcores: queue.maxVcores }),
      what: `queue '${queue.path}' may use`,
    })
  }
  return limits
}

function describe({ memoryMb, vcores }: Partial<ContainerSize>): string {
  return vcores === undefined ? `${memoryMb} MB` : `${memoryMb} MB and ${vcores} vcores`
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 20).join(', ')
  return names.length > 20 ? `${shown} and ${names.length - 20} more` : shown
}
