import type { Clock } from '@flink-ts/core'
import type { MesosResource, Offer } from '@flink-ts/mesos-client'
import { resourceWire } from './agent-spec.js'
import { type Amount, contains, isNothing, nothingOf, writeAmount } from './amounts.js'
import {
  type AgentRecord,
  addAmounts,
  type FrameworkRecord,
  type OfferRecord,
  takeAmounts,
} from './master-records.js'

const DEFAULT_REFUSE_SECONDS = 5
const LONGEST_REFUSE_SECONDS = 365 * 86_400
// Less of both is not worth an offer to Mesos.
const MIN_CPUS_MILLI = 10
const MIN_MEMORY_MILLI = 32_000

export interface AllocatorOptions {
  readonly clock: Clock
  readonly newOfferId: () => string
  /** Milliseconds after which an offer is taken back; undefined: never. */
  readonly offerTimeoutMs: number | undefined
}

/** Who gets what of the agents: offers, what became of them, and filters. */
export class Allocator {
  readonly #options: AllocatorOptions
  /** How often a framework came first, so that several take turns. */
  #turn = 0

  constructor(options: AllocatorOptions) {
    this.#options = options
  }

  /** Offers what is free of some agents; each framework hears of all that is for it at once. */
  allocate(agents: Iterable<AgentRecord>, frameworks: Iterable<FrameworkRecord>): void {
    const takers = [...frameworks].flatMap((framework) => rolesOf(framework))
    if (takers.length === 0) return
    const told = new Map<FrameworkRecord, Offer[]>()
    for (const agent of agents) {
      if (agent.standing !== 'registered') continue
      const first = this.#turn++ % takers.length
      for (let i = 0; i < takers.length; i++) {
        const taker = takers[(first + i) % takers.length]
        const offer = taker && this.#offer(agent, taker.framework, taker.role)
        if (taker === undefined || offer === undefined) continue
        const list = told.get(taker.framework) ?? []
        told.set(taker.framework, list)
        list.push(describeOffer(offer))
      }
    }
    for (const [framework, offers] of told) framework.stream?.send({ type: 'OFFERS', offers })
  }

  /** What was in an offer is free again, and not offered to its role for a while. */
  giveBack(offer: OfferRecord, amounts: readonly Amount[], refuseSeconds?: number): void {
    this.#forget(offer)
    offer.agent.free = addAmounts(offer.agent.free, amounts)
    if (refuseSeconds === undefined || amounts.every(isNothing)) return
    this.#filter(offer, amounts, refuseSeconds)
  }

  /** A task has ended. */
  release(agent: AgentRecord, amounts: readonly Amount[]): void {
    agent.free = addAmounts(agent.free, amounts)
  }

  /** What was in it is used. */
  consume(offer: OfferRecord): void {
    this.#forget(offer)
  }

  /** Takes offers back. @param isTold false when the framework is not there, or knows */
  rescind(offers: Iterable<OfferRecord>, isTold: boolean): void {
    for (const offer of [...offers]) {
      this.giveBack(offer, offer.amounts)
      if (isTold) offer.framework.stream?.send({ type: 'RESCIND', offerId: offer.id })
    }
  }

  /** The usual number of seconds for what was said or not. */
  refuseSeconds(said: number | undefined): number {
    if (said === undefined || said < 0) return DEFAULT_REFUSE_SECONDS
    return Math.min(said, LONGEST_REFUSE_SECONDS)
  }

  #filter(offer: OfferRecord, amounts: readonly Amount[], seconds: number): void {
    if (seconds === 0) return
    const untilMs = this.#options.clock.monotonicNow() + seconds * 1000
    offer.framework.filters.set(filterKey(offer.agent, offer.role), { amounts, untilMs })
  }

  #offer(agent: AgentRecord, framework: FrameworkRecord, role: string): OfferRecord | undefined {
    const amounts = offerable(agent, framework, role)
    if (!isWorthAnOffer(agent, amounts) || this.#isFiltered(agent, framework, role, amounts)) {
      return undefined
    }
    agent.free = takeAmounts(agent.free, amounts)
    const { clock, newOfferId, offerTimeoutMs } = this.#options
    const offer: OfferRecord = {
      id: newOfferId(),
      framework,
      agent,
      role,
      amounts,
      cancelTimeout: () => {},
    }
    framework.offers.set(offer.id, offer)
    agent.offers.add(offer)
    if (offerTimeoutMs !== undefined) {
      offer.cancelTimeout = clock.schedule(offerTimeoutMs, () => this.rescind([offer], true))
    }
    return offer
  }

  #isFiltered(
    agent: AgentRecord,
    framework: FrameworkRecord,
    role: string,
    amounts: readonly Amount[],
  ): boolean {
    const key = filterKey(agent, role)
    const filter = framework.filters.get(key)
    if (filter === undefined) return false
    if (filter.untilMs <= this.#options.clock.monotonicNow()) {
      framework.filters.delete(key)
      return false
    }
    // More than what was refused is offered all the same.
    return filter.amounts.every((refused, index) => {
      const amount = amounts[index]
      return amount === undefined || contains(refused, amount)
    })
  }

  #forget(offer: OfferRecord): void {
    offer.cancelTimeout()
    offer.framework.offers.delete(offer.id)
    offer.agent.offers.delete(offer)
  }
}

function rolesOf(framework: FrameworkRecord): { framework: FrameworkRecord; role: string }[] {
  if (framework.stream === undefined) return []
  const { info, suppressed } = framework
  return info.roles.filter((role) => !suppressed.has(role)).map((role) => ({ framework, role }))
}

function offerable(agent: AgentRecord, { info }: FrameworkRecord, role: string): Amount[] {
  const { resources } = agent.agent.spec
  const hasGpus = resources.some(({ name }) => name === 'gpus')
  const isRefused = hasGpus && !info.capabilities.includes('GPU_RESOURCES')
  return agent.free.map((amount, index) => {
    const resource = resources[index]
    const isForRole =
      resource !== undefined &&
      (resource.role === undefined || resource.role === role) &&
      (resource.isRevocable !== true || info.capabilities.includes('REVOCABLE_RESOURCES'))
    return isForRole && !isRefused ? amount : nothingOf(amount)
  })
}

function isWorthAnOffer(agent: AgentRecord, amounts: readonly Amount[]): boolean {
  const sum = (name: string) =>
    amounts.reduce((total, amount, index) => {
      const isIt = agent.agent.spec.resources[index]?.name === name
      return isIt && 'milli' in amount ? total + amount.milli : total
    }, 0)
  return sum('cpus') >= MIN_CPUS_MILLI || sum('mem') >= MIN_MEMORY_MILLI
}

function filterKey(agent: AgentRecord, role: string): string {
  return `${agent.id} ${role}`
}

function describeOffer({ id, agent, role, amounts }: OfferRecord): Offer {
  const { spec } = agent.agent
  const resources = spec.resources.flatMap((resource, index): MesosResource[] => {
    const amount = amounts[index]
    if (amount === undefined || isNothing(amount)) return []
    return [
      {
        name: resource.name,
        ...writeAmount(amount),
        role: resource.role ?? '*',
        isRevocable: resource.isRevocable ?? false,
        isSpecial: resource.isSpecial ?? false,
        wire: resourceWire(resource, role),
      },
    ]
  })
  const { unavailableFromMs } = agent.agent
  return {
    id,
    agentId: agent.id,
    hostname: spec.hostname,
    agentAddress: `${spec.hostname}:5051`,
    role,
    resources,
    attributes: Object.entries(spec.attributes ?? {}).map(([name, text]) => ({ name, text })),
    ...(unavailableFromMs === undefined ? {} : { unavailableFromMs }),
  }
}
