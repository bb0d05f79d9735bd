import {
  ZooKeeperError,
  type ZooKeeperErrorReason,
  type ZooKeeperOperation,
  type ZooKeeperOperationResult,
  type ZooKeeperStat,
} from '@flink-ts/zookeeper-client'
import { nameOf, parentOf } from './zookeeper-path.js'

export interface ZooKeeperNode {
  data: Uint8Array
  readonly czxid: number
  mzxid: number
  /** Transaction that changed its children last. */
  pzxid: number
  version: number
  /** Children ever created: numbers sequential ones. */
  childrenCreated: number
  readonly children: Set<string>
  /** Session. */
  readonly ephemeralOwner: string | undefined
  /** Credentials of the only one who may read and change it. */
  readonly creator: string | undefined
}

/** Who asks. */
export interface ZooKeeperCaller {
  readonly sessionId: string
  /** `<scheme>:<credentials>`. */
  readonly credentials: string | undefined
  /** New nodes are the caller's alone. */
  readonly exclusive: boolean
}

export interface ZooKeeperChange {
  readonly type: 'created' | 'deleted' | 'data-changed'
  readonly path: string
}

export interface ZooKeeperTransaction {
  readonly results: ZooKeeperOperationResult[]
  /** In order. */
  readonly changes: readonly ZooKeeperChange[]
}

/** The nodes of an ensemble and what may be done to them; knows nothing of time and connections. */
export class ZooKeeperTree {
  readonly #nodes = new Map<string, ZooKeeperNode>([['/', newNode(new Uint8Array(), 0)]])
  #zxid: number

  /** @param zxid of the last transaction before */
  constructor(zxid: number) {
    this.#zxid = zxid
  }

  /** Of the last transaction. */
  get zxid(): number {
    return this.#zxid
  }

  /** All that follow are higher than `zxid`. */
  advanceTo(zxid: number): void {
    this.#zxid = Math.max(this.#zxid, zxid)
  }

  /** All paths but the root, sorted. */
  get paths(): string[] {
    return [...this.#nodes.keys()].filter((path) => path !== '/').sort()
  }

  node(path: string): ZooKeeperNode | undefined {
    return this.#nodes.get(path)
  }

  /** @throws ZooKeeperError no-node, no-auth */
  read(path: string, caller: ZooKeeperCaller, operation: string): ZooKeeperNode {
    const node = this.#nodes.get(path)
    if (node === undefined) throw new ZooKeeperError({ reason: 'no-node', operation, path })
    if (!mayAccess(node, caller)) throw new ZooKeeperError({ reason: 'no-auth', operation, path })
    return node
  }

  /**
   * All steps or none, as one transaction. `single`: it is no `multi`, and errors name no step.
   *
   * @throws ZooKeeperError of the first step that is refused
   */
  transact(
    operations: readonly ZooKeeperOperation[],
    caller: ZooKeeperCaller,
    operation: string,
    { single = false }: { readonly single?: boolean } = {},
  ): ZooKeeperTransaction {
    this.#zxid++
    const undo: (() => void)[] = []
    const changes: ZooKeeperChange[] = []
    const results: ZooKeeperOperationResult[] = []
    for (const [operationIndex, step] of operations.entries()) {
      try {
        results.push(this.#apply(step, caller, changes, undo))
      } catch (error) {
        for (const undoStep of undo.reverse()) undoStep()
        if (!(error instanceof Refusal)) throw error
        const { reason, path } = error
        throw new ZooKeeperError({ reason, operation, path, ...(!single && { operationIndex }) })
      }
    }
    return { results, changes }
  }

  /** Removes a node and all below it, whoever they are of; one transaction. */
  prune(path: string): ZooKeeperChange[] {
    this.#zxid++
    const changes: ZooKeeperChange[] = []
    const prefix = path === '/' ? path : `${path}/`
    const doomed = this.paths.filter((each) => each === path || each.startsWith(prefix))
    for (const each of doomed.reverse()) this.#delete(each, changes, [])
    return changes
  }

  /** Removes the ephemeral nodes of a session; one transaction. */
  endSession(sessionId: string): ZooKeeperChange[] {
    this.#zxid++
    const changes: ZooKeeperChange[] = []
    for (const path of this.paths) {
      if (this.#nodes.get(path)!.ephemeralOwner === sessionId) this.#delete(path, changes, [])
    }
    return changes
  }

  #apply(
    step: ZooKeeperOperation,
    caller: ZooKeeperCaller,
    changes: ZooKeeperChange[],
    undo: (() => void)[],
  ): ZooKeeperOperationResult {
    const { path } = step
    if (step.type === 'create') return this.#create(step, caller, changes, undo)
    const node = this.#nodes.get(path)
    if (node === undefined) throw new Refusal('no-node', path)
    const guard = step.type === 'remove' ? this.#nodes.get(parentOf(path))! : node
    if (!mayAccess(guard, caller)) throw new Refusal('no-auth', path)
    if (step.version !== -1 && step.version !== node.version) {
      throw new Refusal('bad-version', path)
    }
    if (step.type === 'check') return { type: 'check' }
    if (step.type === 'remove') {
      if (node.children.size > 0) throw new Refusal('not-empty', path)
      this.#delete(path, changes, undo)
      return { type: 'remove' }
    }
    const { data, version, mzxid } = node
    undo.push(() => Object.assign(node, { data, version, mzxid }))
    Object.assign(node, {
      data: Uint8Array.from(step.data),
      version: version + 1,
      mzxid: this.#zxid,
    })
    changes.push({ type: 'data-changed', path })
    return { type: 'set-data', stat: statOf(node) }
  }

  #create(
    step: Extract<ZooKeeperOperation, { type: 'create' }>,
    caller: ZooKeeperCaller,
    changes: ZooKeeperChange[],
    undo: (() => void)[],
  ): ZooKeeperOperationResult {
    const { ephemeral = false, sequential = false } = step
    const parentPath = parentOf(step.path)
    const parent = this.#nodes.get(parentPath)
    if (parent === undefined) throw new Refusal('no-node', step.path)
    if (!mayAccess(parent, caller)) throw new Refusal('no-auth', step.path)
    const path = sequential
      ? `${step.path}${String(parent.childrenCreated).padStart(10, '0')}`
      : step.path
    if (this.#nodes.has(path)) throw new Refusal('node-exists', path)
    if (parent.ephemeralOwner !== undefined) throw new Refusal('no-children-for-ephemerals', path)
    const node = newNode(
      Uint8Array.from(step.data),
      this.#zxid,
      ephemeral ? caller.sessionId : undefined,
      caller.exclusive ? caller.credentials : undefined,
    )
    const { pzxid, childrenCreated } = parent
    this.#nodes.set(path, node)
    parent.children.add(nameOf(path))
    Object.assign(parent, { pzxid: this.#zxid, childrenCreated: childrenCreated + 1 })
    undo.push(() => {
      this.#nodes.delete(path)
      parent.children.delete(nameOf(path))
      Object.assign(parent, { pzxid, childrenCreated })
    })
    changes.push({ type: 'created', path })
    return { type: 'create', path }
  }

  #delete(path: string, changes: ZooKeeperChange[], undo: (() => void)[]): void {
    const node = this.#nodes.get(path)!
    const parent = this.#nodes.get(parentOf(path))!
    const { pzxid } = parent
    this.#nodes.delete(path)
    parent.children.delete(nameOf(path))
    parent.pzxid = this.#zxid
    undo.push(() => {
      this.#nodes.set(path, node)
      parent.children.add(nameOf(path))
      parent.pzxid = pzxid
    })
    changes.push({ type: 'deleted', path })
  }
}

export function statOf(node: ZooKeeperNode): ZooKeeperStat {
  return {
    czxid: node.czxid,
    mzxid: node.mzxid,
    version: node.version,
    // Each child that came, and each that went.
    cversion: 2 * node.childrenCreated - node.children.size,
    numChildren: node.children.size,
    dataLength: node.data.length,
    ephemeralOwner: node.ephemeralOwner,
  }
}

class Refusal extends Error {
  readonly reason: ZooKeeperErrorReason
  readonly path: string

  constructor(reason: ZooKeeperErrorReason, path: string) {
    super(`${reason} ${path}`)
    this.reason = reason
    this.path = path
  }
}

function newNode(
  data: Uint8Array,
  zxid: number,
  ephemeralOwner?: string,
  creator?: string,
): ZooKeeperNode {
  return {
    data,
    czxid: zxid,
    mzxid: zxid,
    pzxid: zxid,
    version: 0,
    childrenCreated: 0,
    children: new Set(),
    ephemeralOwner,
    creator,
  }
}

function mayAccess(node: ZooKeeperNode, { credentials }: ZooKeeperCaller): boolean {
  return node.creator === undefined || node.creator === credentials
}
