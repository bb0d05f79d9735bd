import { isDeepStrictEqual } from 'node:util'
import type { SchedulerCall, TaskInfo, TaskStatus } from '@flink-ts/mesos-client'
import { isCutFrom } from './agent-spec.js'
import type { Allocator } from './allocator.js'
import {
  type Amount,
  contains,
  isNothing,
  nothingOf,
  overlap,
  plus,
  readAmount,
} from './amounts.js'
import {
  type AgentRecord,
  addAmounts,
  addTask,
  type FrameworkRecord,
  isPartitionAware,
  type OfferRecord,
  takeAmounts,
  tellMadeByMaster,
} from './master-records.js'
import type { TaskLaunch } from './simulated-task.js'

export type AcceptCall = Extract<SchedulerCall, { type: 'ACCEPT' }>

type Refusal = Pick<TaskStatus, 'state' | 'reason' | 'message'>

/**
 * Carries out one ACCEPT: what is wrong with offers or tasks is told as updates, what is left over goes back.
 *
 * @returns the agent and what it is to run
 */
export function acceptOffers(
  framework: FrameworkRecord,
  call: AcceptCall,
  allocator: Allocator,
): { agent: AgentRecord; launches: TaskLaunch[] } | undefined {
  const found = call.offerIds.map((id) => framework.offers.get(id))
  const offers = found.filter((offer) => offer !== undefined)
  const [first] = offers
  const problem = problemOfOffers(call, found)
  if (problem !== undefined || first === undefined) {
    for (const offer of offers) allocator.giveBack(offer, offer.amounts)
    const refusal = refusalOfOffers(framework, problem ?? 'No offers specified')
    for (const { taskId, agentId } of call.launch) {
      tellMadeByMaster(framework, { taskId, agentId, ...refusal })
    }
    return undefined
  }
  const { agent, role } = first
  let left = offers.map(({ amounts }) => amounts).reduce(addAmounts)
  const launches: TaskLaunch[] = []
  for (const info of call.launch) {
    const result = takeFor(info, agent, framework, left)
    if (!Array.isArray(result)) {
      tellMadeByMaster(framework, { taskId: info.taskId, agentId: agent.id, ...result })
      continue
    }
    left = takeAmounts(left, result)
    addTask({
      taskId: info.taskId,
      framework,
      agent,
      role,
      amounts: result,
      state: 'TASK_STAGING',
      holdsResources: true,
      uuid: undefined,
      isKillOwed: false,
    })
    launches.push({
      info,
      frameworkId: framework.id,
      framework: framework.info,
      role,
      amounts: result,
    })
  }
  for (const offer of offers.slice(1)) allocator.consume(offer)
  allocator.giveBack(first, left, allocator.refuseSeconds(call.refuseSeconds))
  return { agent, launches }
}

function problemOfOffers(
  { offerIds }: AcceptCall,
  found: readonly (OfferRecord | undefined)[],
): string | undefined {
  const missing = found.indexOf(undefined)
  if (missing >= 0) return `Offer ${offerIds[missing]} is no longer valid`
  if (new Set(offerIds).size < offerIds.length) return 'Duplicate offer in offer list'
  const [first] = found
  for (const offer of found) {
    if (offer?.agent !== first?.agent) return 'Aggregated offers must belong to one single agent'
    if (offer?.role !== first?.role) return 'Aggregated offers must be allocated to the same role'
  }
  return undefined
}

function refusalOfOffers(framework: FrameworkRecord, problem: string): Refusal {
  return {
    state: isPartitionAware(framework) ? 'TASK_DROPPED' : 'TASK_LOST',
    reason: 'REASON_INVALID_OFFERS',
    message: `Task launched with invalid offers: ${problem}`,
  }
}

function takeFor(
  info: TaskInfo,
  agent: AgentRecord,
  framework: FrameworkRecord,
  left: readonly Amount[],
): Amount[] | Refusal {
  if (agent.standing !== 'registered') {
    return {
      state: isPartitionAware(framework) ? 'TASK_DROPPED' : 'TASK_LOST',
      reason: 'REASON_AGENT_DISCONNECTED',
      message: 'Agent disconnected',
    }
  }
  const invalid = (message: string): Refusal => ({
    state: 'TASK_ERROR',
    reason: 'REASON_TASK_INVALID',
    message,
  })
  const { taskId, agentId, resources } = info
  if (!isValidId(taskId)) return invalid(`Task ID '${taskId}' is invalid`)
  if (framework.tasks.has(taskId)) return invalid(`Task has duplicate ID: ${taskId}`)
  if (agentId !== agent.id) {
    return invalid(`Task uses invalid agent ${agentId} while agent ${agent.id} is expected`)
  }
  if (resources.length === 0) return invalid('Task uses no resources')
  if ((info.killGracePeriodMs ?? 0) < 0) return invalid('Task uses a negative kill grace period')
  const taken = takenAmounts(info, agent)
  if (taken === undefined || !taken.every((amount, index) => contains(left[index]!, amount))) {
    return invalid(
      `Total resources ${JSON.stringify(resources)} required by task and its executor is more than available ` +
        JSON.stringify(left),
    )
  }
  return taken
}

/** @returns undefined if it is not of this agent, or one thing is taken twice */
function takenAmounts({ resources }: TaskInfo, agent: AgentRecord): Amount[] | undefined {
  const taken: Amount[] = agent.agent.total.map(nothingOf)
  for (const resource of resources) {
    const index = agent.agent.spec.resources.findIndex((candidate) =>
      isCutFrom(candidate, resource.from),
    )
    const sum = taken[index]
    if (sum === undefined) return undefined
    const amount = readAmount(resource)
    if (isNothing(amount)) return undefined
    if (!isDeepStrictEqual(Object.keys(amount), Object.keys(sum))) return undefined
    if (overlap(sum, amount)) return undefined
    taken[index] = plus(sum, amount)
  }
  return taken
}

function isValidId(taskId: string): boolean {
  if (taskId === '' || taskId === '.' || taskId === '..' || taskId.length > 255) return false
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is refused
  return !/[/\\\u0000-\u001f\u007f]/.test(taskId)
}
