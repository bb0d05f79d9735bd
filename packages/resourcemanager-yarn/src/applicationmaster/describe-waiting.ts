import type { AllocateResponse, YarnResource } from '@flink-ts/hadoop-rpc'
import { describeResource } from './container-resource.js'

/** How many sizes are explained at once. */
const MAX_EXPLAINED = 3
const MAX_HOSTS_SHOWN = 5

/** Containers of one size that YARN has been asked for. */
export interface WaitingContainers {
  readonly capability: YarnResource
  /** Above 0. */
  readonly count: number
}

/** What is known while containers do not come. */
export interface WaitingFacts {
  /** Undefined: YARN has not said. */
  readonly queue: string | undefined
  /** Only nodes with this label give containers. */
  readonly nodeLabel: string | undefined
  /** Whether YARN looks at more than memory: otherwise its figures of all else mean nothing. */
  readonly countsAll: boolean
  /** What the application may still get. */
  readonly availableResources: AllocateResponse['availableResources']
  /** Nodes from which no container is taken. */
  readonly excludedHosts: readonly string[]
}

/**
 * Why containers do not come, for people: what YARN says, and no more.
 *
 * @param waiting one at least
 */
export function describeWaiting(
  waiting: readonly WaitingContainers[],
  facts: WaitingFacts,
): string {
  const { excludedHosts: hosts } = facts
  const sizes = waiting.slice(0, MAX_EXPLAINED).map((each) => describeSize(each, facts))
  if (hosts.length > 0) {
    const more = hosts.length - MAX_HOSTS_SHOWN
    const shown = hosts.slice(0, MAX_HOSTS_SHOWN).join(', ')
    sizes.push(`excluded nodes: ${shown}${more > 0 ? ` and ${more} more` : ''}`)
  }
  return sizes.join('; ')
}

/** Whether there is less of something than one of them takes, as far as YARN says. */
export function isShort(waiting: readonly WaitingContainers[], facts: WaitingFacts): boolean {
  const { availableResources: available, nodeLabel, countsAll } = facts
  if (available === undefined || nodeLabel !== undefined) return false
  return waiting.some(({ capability }) =>
    countedAmounts(capability, available, countsAll).some((amount) => amount.isShort),
  )
}

function describeSize({ capability, count }: WaitingContainers, facts: WaitingFacts): string {
  const { queue, nodeLabel, availableResources: available } = facts
  const where = [
    ...(nodeLabel === undefined ? [] : [` on nodes with label '${nodeLabel}'`]),
    ...(queue === undefined ? [] : [` in queue '${queue}'`]),
  ].join('')
  const wanted = `YARN gives no container of ${describeResource(capability)} (${count} wanted)${where}`
  if (available === undefined) return `${wanted}, and does not say why`
  const amounts = countedAmounts(capability, available, facts.countsAll)
  const said = `${wanted}; it says that the application may still get ${amounts.map(({ text }) => text).join(', ')}`
  // The figure may be one of all nodes.
  if (nodeLabel !== undefined) return said
  const short = amounts.filter(({ isShort }) => isShort).map(({ name }) => name)
  if (short.length > 0) {
    return `${said}: too little ${short.join(' and ')} for one, unless YARN already keeps a place for it on a node`
  }
  return `${said}: no node may have as much free, or others come first`
}

/** Of what YARN looks at. */
function countedAmounts(wanted: YarnResource, available: YarnResource, countsAll: boolean) {
  // One that uses more than its share has less than nothing.
  const amount = (name: string, unit: string, most: number, needed: number) => {
    const left = Math.max(0, most)
    const text = unit === '' ? `${name} ${left}` : `${left} ${unit}`
    return { name, text, isShort: left < needed }
  }
  const memory = amount('memory', 'MB', available.memoryMb, wanted.memoryMb)
  if (!countsAll) return [memory]
  const others = Object.entries(wanted.others)
  return [
    memory,
    amount('vcores', 'vcores', available.vcores, wanted.vcores),
    ...others.map(([name, needed]) => amount(name, '', available.others[name] ?? 0, needed)),
  ]
}
