import type { MesosResource, Offer } from '@flink-ts/mesos-client'
import type { PlacementRequest } from '../../dist/offers/placement.js'
import { type AgentResource, agentResources, resourceWire } from '../../dist/testing/agent-spec.js'

type Figures = NonNullable<Parameters<typeof agentResources>[0]>

export interface OfferFigures extends Figures {
  readonly id: string
  /** Default: the offer's id. */
  readonly agentId?: string
  /** That it is for. Default `*`. */
  readonly forRole?: string
  /** Instead of the usual ones. */
  readonly resources?: readonly AgentResource[]
  readonly unavailableFromMs?: number
  readonly unavailableUntilMs?: number
}

/** An offer as a master makes it. */
export function offer(figures: OfferFigures): Offer {
  const { id, agentId = id, forRole = '*', attributes = {} } = figures
  const { unavailableFromMs, unavailableUntilMs } = figures
  return {
    id,
    agentId,
    hostname: `host-${agentId}`,
    role: forRole,
    resources: (figures.resources ?? agentResources(figures)).map(
      (resource): MesosResource => ({
        name: resource.name,
        ...(resource.scalar === undefined ? {} : { scalar: resource.scalar }),
        ...(resource.ranges === undefined ? {} : { ranges: resource.ranges }),
        role: resource.role ?? '*',
        isRevocable: resource.isRevocable ?? false,
        isSpecial: resource.isSpecial ?? false,
        wire: resourceWire(resource, forRole),
      }),
    ),
    attributes: Object.entries(attributes).map(([name, text]) => ({ name, text })),
    ...(unavailableFromMs === undefined ? {} : { unavailableFromMs }),
    ...(unavailableUntilMs === undefined ? {} : { unavailableUntilMs }),
  }
}

export interface RequestFigures {
  readonly cpus?: number
  readonly memoryMb?: number
  readonly diskMb?: number
  readonly gpus?: number
  readonly networkMbps?: number
  readonly portKeys?: readonly string[]
  readonly blockedHosts?: readonly string[]
}

/** A task that wants 1 cpu, 1 GB of memory and two ports, or what `figures` say. */
export function request(taskId: string, figures: RequestFigures = {}): PlacementRequest {
  const { blockedHosts = [], ...needs } = figures
  return {
    taskId,
    needs: {
      cpus: 1,
      memoryMb: 1024,
      diskMb: 0,
      gpus: 0,
      networkMbps: 0,
      portKeys: ['taskmanager.rpc.port', 'taskmanager.data.port'],
      ...needs,
    },
    blockedHosts: new Set(blockedHosts),
  }
}
