import type { LeaderComponent } from '@flink-ts/runtime'
import { childPath } from '@flink-ts/zookeeper-client'

/** Names of the nodes of leaders; they are Flink's. */
const COMPONENT_NODES = {
  dispatcher: 'dispatcher',
  resourcemanager: 'resource_manager',
  rest_server: 'rest_server',
} as const

const LATCH = /^latch-(.+)-(\d{10})$/

/** Where things of one cluster are in ZooKeeper. */
export class ClusterPaths {
  readonly root: string
  readonly cluster: string
  /** Election and addresses. */
  readonly leader: string
  readonly latch: string
  /** What a leader keeps for the next. */
  readonly entries: string

  constructor(rootPath: string, clusterId: string) {
    this.root = rootPath
    this.cluster = childPath(rootPath, encodeNodeName(clusterId))
    this.leader = `${this.cluster}/leader`
    this.latch = `${this.leader}/latch`
    this.entries = `${this.cluster}/entries`
  }

  /** Digits follow. */
  latchPrefix(processUuid: string): string {
    return `${this.latch}/latch-${processUuid}-`
  }

  /** Node of a component of the leader; its address is in `connection_info` below it. */
  component(component: LeaderComponent): string {
    const node =
      component.kind === 'jobmanager'
        ? encodeNodeName(component.jobId)
        : COMPONENT_NODES[component.kind]
    return `${this.leader}/${node}`
  }

  connectionInfo(component: LeaderComponent): string {
    return `${this.component(component)}/connection_info`
  }

  /** Node of a namespace, whose parts stand between slashes. */
  namespace(namespace: string): string {
    return `${this.entries}/${namespace.split('/').map(encodeNodeName).join('/')}`
  }
}

export interface LatchNode {
  readonly name: string
  readonly processUuid: string
  readonly sequence: number
}

/** @returns undefined if no process of this system has made a node with this name */
export function parseLatchNode(name: string): LatchNode | undefined {
  const match = LATCH.exec(name)
  return match === null ? undefined : { name, processUuid: match[1]!, sequence: Number(match[2]) }
}

/** Contenders in the order of their turns. */
export function latchQueue(names: readonly string[]): LatchNode[] {
  return names.flatMap((name) => parseLatchNode(name) ?? []).sort((a, b) => a.sequence - b.sequence)
}

/** A name that is legal and harmless as that of a node: what is not is percent-encoded. */
export function encodeNodeName(name: string): string {
  if (name === '') return '%'
  if (name === '.' || name === '..') return name.replaceAll('.', '%2E')
  return encodeURIComponent(name)
}

/** Reads what {@link encodeNodeName} wrote; a name that somebody else has made stays as it is. */
export function decodeNodeName(node: string): string {
  if (node === '%') return ''
  try {
    return decodeURIComponent(node)
  } catch {
    return node
  }
}
