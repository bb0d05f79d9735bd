import type { AnswerReader } from './answer-reader.js'

/** A queue that applications can be submitted to. */
export interface YarnQueue {
  /** Last part of its path, as `yarn.application.queue` names it. */
  readonly name: string
  /** From the root, such as `root.default`. */
  readonly path: string
  /** Stopped ones take no application. */
  readonly isRunning: boolean
  readonly usedMb: number
  readonly usedVcores: number
  /** What it may use at most, of the whole cluster; undefined: the scheduler does not say. */
  readonly maxMb?: number
  readonly maxVcores?: number
  /** 0 to 1: what it may use at most of the cluster; undefined: the scheduler does not say. */
  readonly maxShare?: number
  /** What ApplicationMasters may use in it together; undefined: the scheduler does not say. */
  readonly amLimitMb?: number
  readonly usedAmMb?: number
}

export interface YarnScheduler {
  /** `capacityScheduler`, `fairScheduler` or `fifoScheduler`. */
  readonly type: string
  /** Those without queues below them; empty where there are no queues. */
  readonly queues: readonly YarnQueue[]
  /** Whether a queue that is not there may be made when an application names it. */
  readonly makesQueues: boolean
}

/** @throws TypeError for an answer that is none */
export function parseScheduler(answer: AnswerReader): YarnScheduler {
  const info = answer.at('scheduler', 'schedulerInfo')
  const type = info.at('type').text()
  const queues: YarnQueue[] = []
  if (type === 'fairScheduler') fairQueues(info.at('rootQueue'), queues)
  if (type !== 'capacityScheduler') return { type, queues, makesQueues: type === 'fairScheduler' }
  capacityQueues(info, 'root', queues)
  return { type, queues, makesQueues: makesCapacityQueues(info) }
}

function makesCapacityQueues(queue: AnswerReader): boolean {
  const eligibility = queue.at('autoCreationEligibility').textOr('off')
  const children = queue.at('queues', 'queue').elements()
  return (
    eligibility !== 'off' ||
    queue.at('autoCreateChildQueueEnabled').isTrue ||
    children.some(makesCapacityQueues)
  )
}

function capacityQueues(parent: AnswerReader, path: string, found: YarnQueue[]): void {
  for (const queue of parent.at('queues', 'queue').elements()) {
    const name = queue.at('queueName').text()
    const ownPath = queue.at('queuePath').textOr(`${path}.${name}`)
    if (queue.at('queues', 'queue').elements().length > 0) {
      capacityQueues(queue, ownPath, found)
      continue
    }
    const share = queue.at('absoluteMaxCapacity')
    const limit = queue.at('AMResourceLimit', 'memory')
    const used = queue.at('usedAMResource', 'memory')
    found.push({
      name,
      path: ownPath,
      isRunning: queue.at('state').textOr('RUNNING') === 'RUNNING',
      usedMb: queue.at('resourcesUsed', 'memory').numberOr(0),
      usedVcores: queue.at('resourcesUsed', 'vCores').numberOr(0),
      ...(share.isPresent ? { maxShare: share.number() / 100 } : {}),
      ...(limit.isPresent ? { amLimitMb: limit.number() } : {}),
      ...(used.isPresent ? { usedAmMb: used.number() } : {}),
    })
  }
}

function fairQueues(queue: AnswerReader, found: YarnQueue[]): void {
  const children = queue.at('childQueues', 'queue').elements()
  if (children.length > 0) {
    for (const child of children) fairQueues(child, found)
    return
  }
  const path = queue.at('queueName').text()
  const max = queue.at('maxResources')
  found.push({
    name: path.slice(path.lastIndexOf('.') + 1),
    path,
    isRunning: true,
    usedMb: queue.at('usedResources', 'memory').numberOr(0),
    usedVcores: queue.at('usedResources', 'vCores').numberOr(0),
    ...(max.isPresent ? { maxMb: max.at('memory').number() } : {}),
    ...(max.isPresent ? { maxVcores: max.at('vCores').number() } : {}),
  })
}
