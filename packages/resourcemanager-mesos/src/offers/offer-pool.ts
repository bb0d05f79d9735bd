import assert from 'node:assert/strict'
import type { JsonObject, MesosRange, Offer, TakenResource } from '@flink-ts/mesos-client'
import type { PlacedTask, PlacementRequest } from './placement.js'
import { countPorts, rangesOf, takePorts } from './port-ranges.js'
import { type Dimension, needsVector, type ResourceVector } from './resource-vector.js'

/** A resource in a pool, and what of it has not been given away. */
interface PoolPart {
  readonly name: string
  readonly wire: JsonObject
  readonly isReserved: boolean
  /** Thousandths. */
  milli: number
  ranges: readonly MesosRange[]
}

/** All offers of one agent and one role that are held: their resources may be used together. */
export class OfferPool {
  readonly agentId: string
  readonly role: string
  readonly hostname: string
  /** The earliest moment of which an offer speaks. */
  readonly unavailableFromMs: number | undefined
  readonly offers: readonly Offer[]
  /** What is used: neither revocable nor special resources. */
  readonly free: ResourceVector
  /** Of it, reserved for the role. */
  readonly reserved: ResourceVector
  readonly #networkName: string

  /** @param offers of one agent and one role, one at least */
  constructor(offers: readonly Offer[], networkResourceName: string) {
    const [first] = offers
    assert(first !== undefined, 'a pool of at least one offer')
    this.agentId = first.agentId
    this.role = first.role
    this.hostname = first.hostname
    this.offers = offers
    const windows = offers.flatMap(({ unavailableFromMs }) => unavailableFromMs ?? [])
    this.unavailableFromMs = windows.length === 0 ? undefined : Math.min(...windows)
    this.#networkName = networkResourceName
    const parts = partsOf(offers)
    this.free = this.#total(parts)
    this.reserved = this.#total(parts.filter(({ isReserved }) => isReserved))
  }

  /**
   * Cuts out what the requests need, which together must fit: what is reserved for the role first, since nobody else could use it.
   *
   * @param behindPort ports behind that one come first. Default: the lowest do.
   */
  cut(requests: readonly PlacementRequest[], behindPort = -1): PlacedTask[] {
    const parts = partsOf(this.offers).sort((a, b) => Number(b.isReserved) - Number(a.isReserved))
    return requests.map(({ taskId, needs }) => {
      const { ports: portCount, network, ...scalars } = needsVector(needs)
      const resources = [
        ...(Object.keys(scalars) as (keyof typeof scalars)[]).flatMap((name) =>
          cutScalar(parts, name, scalars[name]),
        ),
        ...cutScalar(parts, this.#networkName, network),
      ]
      const ports = cutPorts(parts, portCount, behindPort)
      return {
        taskId,
        resources: [...resources, ...ports.resources],
        ports: Object.fromEntries(needs.portKeys.map((key, index) => [key, ports.taken[index]!])),
      }
    })
  }

  #total(parts: readonly PoolPart[]): ResourceVector {
    const total: Record<Dimension, number> = {
      cpus: 0,
      mem: 0,
      disk: 0,
      gpus: 0,
      network: 0,
      ports: 0,
    }
    for (const { name, milli, ranges } of parts) {
      if (name === this.#networkName) total.network += milli
      else if (name === 'ports') total.ports += countPorts(ranges)
      else if (name === 'cpus' || name === 'mem' || name === 'disk' || name === 'gpus') {
        total[name] += milli
      }
    }
    return total
  }
}

function partsOf(offers: readonly Offer[]): PoolPart[] {
  return offers.flatMap(({ resources }) =>
    resources
      .filter(({ isRevocable, isSpecial }) => !isRevocable && !isSpecial)
      .map(({ name, wire, role, scalar, ranges }) => ({
        name,
        wire,
        isReserved: role !== '*',
        milli: Math.floor(Math.round((scalar ?? 0) * 1e6) / 1e3),
        ranges: ranges ?? [],
      })),
  )
}

function cutScalar(parts: readonly PoolPart[], name: string, wanted: number): TakenResource[] {
  const taken: TakenResource[] = []
  let missing = wanted
  for (const part of parts) {
    if (missing === 0) break
    if (part.name !== name || part.milli === 0) continue
    const milli = Math.min(missing, part.milli)
    part.milli -= milli
    missing -= milli
    taken.push({ name, scalar: milli / 1000, from: part.wire })
  }
  assert.equal(missing, 0, `more ${name} is taken than was offered`)
  return taken
}

function cutPorts(
  parts: readonly PoolPart[],
  wanted: number,
  behind: number,
): { readonly taken: number[]; readonly resources: TakenResource[] } {
  const all: number[] = []
  const resources: TakenResource[] = []
  for (const part of parts) {
    if (all.length === wanted) break
    if (part.name !== 'ports') continue
    const { taken, left } = takePorts(part.ranges, wanted - all.length, behind)
    part.ranges = left
    if (taken.length === 0) continue
    all.push(...taken)
    resources.push({ name: 'ports', ranges: rangesOf(taken), from: part.wire })
  }
  assert.equal(all.length, wanted, 'more ports are taken than were offered')
  return { taken: all, resources }
}
