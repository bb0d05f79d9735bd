import type { JsonObject, MesosRange } from '@flink-ts/mesos-client'

/** One resource of a simulated agent; exactly one of `scalar`, `ranges` and `set`. */
export interface AgentResource {
  readonly name: string
  readonly scalar?: number
  readonly ranges?: readonly MesosRange[]
  readonly set?: readonly string[]
  /** For whom it is reserved; otherwise for nobody. */
  readonly role?: string
  readonly isRevocable?: boolean
  /** A disk of its own. */
  readonly isSpecial?: boolean
}

/** What a simulated agent is started with. */
export interface AgentSpec {
  readonly hostname: string
  readonly resources: readonly AgentResource[]
  readonly attributes?: Readonly<Record<string, string>>
  readonly unavailableFromMs?: number
}

/** Figures of a simulated agent with the usual resources. */
export interface AgentFigures {
  readonly cpus?: number
  readonly memoryMb?: number
  readonly diskMb?: number
  readonly gpus?: number
  /** Both included; default 31000 to 32000. */
  readonly ports?: readonly [number, number]
  /** For whom all of it is reserved. */
  readonly role?: string
  readonly attributes?: Readonly<Record<string, string>>
}

/** An agent with 8 cpus, 16 GB of memory and 100 GB of disk, or what `figures` say. */
export function agentSpec(hostname: string, figures: AgentFigures = {}): AgentSpec {
  const { attributes } = figures
  return {
    hostname,
    resources: agentResources(figures),
    ...(attributes === undefined ? {} : { attributes }),
  }
}

/** The usual resources, for agents that have several reservations. */
export function agentResources(figures: AgentFigures = {}): AgentResource[] {
  const { cpus = 8, memoryMb = 16_384, diskMb = 102_400, gpus = 0, ports, role } = figures
  const [begin, end] = ports ?? [31_000, 32_000]
  const reserved = role === undefined ? {} : { role }
  return [
    { name: 'cpus', scalar: cpus, ...reserved },
    { name: 'mem', scalar: memoryMb, ...reserved },
    { name: 'disk', scalar: diskMb, ...reserved },
    ...(gpus === 0 ? [] : [{ name: 'gpus', scalar: gpus, ...reserved }]),
    ...(begin > end ? [] : [{ name: 'ports', ranges: [{ begin, end }], ...reserved }]),
  ]
}

/** As a master writes it in an offer, without the amount. */
export function resourceWire(resource: AgentResource, allocatedTo: string): JsonObject {
  const { name, role, scalar, ranges } = resource
  return {
    name,
    type: scalar !== undefined ? 'SCALAR' : ranges !== undefined ? 'RANGES' : 'SET',
    allocation_info: { role: allocatedTo },
    ...(role === undefined ? {} : { reservations: [{ type: 'STATIC', role }] }),
    ...(resource.isRevocable === true ? { revocable: {} } : {}),
    ...(resource.isSpecial === true ? { disk: { source: { type: 'MOUNT' } } } : {}),
  }
}

/** Whether something that is launched says that it is cut from this resource. */
export function isCutFrom(resource: AgentResource, wire: JsonObject): boolean {
  const { allocation_info: _, ...own } = resourceWire(resource, '')
  return ['name', 'reservations', 'revocable', 'disk'].every(
    (field) => JSON.stringify(own[field]) === JSON.stringify(wire[field]),
  )
}
