import jute, { type JuteRecord, type JuteStat } from 'node-zookeeper-client/lib/jute/index.js'
import { NO_NODE, translateCode } from './error-codes.js'
import { createMode, readTransaction, toTransaction } from './multi.js'
import { pathProblem } from './paths.js'
import { createRecursively, removeRecursively } from './recursive.js'
import { ZooKeeperSession } from './session/zookeeper-session.js'
import { toStat } from './stat.js'
import type {
  CreateOptions,
  ZooKeeperClient,
  ZooKeeperOperation,
  ZooKeeperOperationResult,
  ZooKeeperSessionEvent,
  ZooKeeperWatcher,
} from './zookeeper-client.js'
import type { ZooKeeperClientOptions } from './zookeeper-client-options.js'
import { ZooKeeperError } from './zookeeper-error.js'
import type { ZooKeeperStat } from './zookeeper-stat.js'

const { OP_CODES, protocol } = jute
const ALL_PERMISSIONS = 31
const ACL_IDS = { open: ['world', 'anyone'], creator: ['auth', ''] } as const

interface Answer {
  readonly path?: string
  readonly data?: Buffer
  readonly stat?: JuteStat
  readonly children?: readonly string[]
}

type Call = {
  readonly operation: string
  readonly path: string
  readonly type: number
  readonly payload: JuteRecord
  readonly watch?: {
    readonly kind: 'data' | 'children'
    readonly watcher: ZooKeeperWatcher
  }
}

/**
 * The real client: `node-zookeeper-client` behind guards.
 *
 * A connection is given up when no byte has come for two thirds of the session timeout, and an attempt after the
 * connection timeout or a host's share of the session timeout, whichever is shorter. A session is `lost` when
 * the servers say so, or when its timeout has passed since the last request was sent that they have answered; then it is
 * ended, as soon as a server answers, before the next one is opened. Calls made before `lost` that were not sent fail with
 * `session-expired`; they are never carried out in another session.
 *
 * Read-only servers are not used: a client without quorum is suspended.
 */
export class NodeZooKeeperClient implements ZooKeeperClient {
  readonly #session: ZooKeeperSession
  readonly #acl: readonly JuteRecord[]

  /** @throws InvalidConnectStringError */
  constructor(options: ZooKeeperClientOptions) {
    this.#session = new ZooKeeperSession(options)
    const [scheme, id] = ACL_IDS[options.acl]
    this.#acl = [new jute.data.ACL(ALL_PERMISSIONS, new jute.data.Id(scheme, id))]
  }

  get sessionTimeoutMs(): number {
    return this.#session.timeoutMs
  }

  get sessionId(): string | undefined {
    return this.#session.id
  }

  get sessionSafeUntil(): number | undefined {
    return this.#session.safeUntil
  }

  get isConnected(): boolean {
    return this.#session.isConnected
  }

  onSession(listener: (event: ZooKeeperSessionEvent) => void): () => void {
    return this.#session.onSession(listener)
  }

  start(): void {
    this.#session.start()
  }

  async create(path: string, data: Uint8Array, options: CreateOptions = {}): Promise<string> {
    const operation = `create ${path}`
    checkPath(path, operation, options)
    const payload = new protocol.CreateRequest(
      path,
      Buffer.from(data),
      this.#acl,
      createMode(options),
    )
    const answer = await this.#call({ operation, path, type: OP_CODES.CREATE, payload })
    return answer.path!
  }

  createRecursive(path: string): Promise<void> {
    return createRecursively(this, path)
  }

  async getData(
    path: string,
    watcher?: ZooKeeperWatcher,
  ): Promise<{ readonly data: Uint8Array; readonly stat: ZooKeeperStat }> {
    const operation = `read ${path}`
    checkPath(path, operation)
    const answer = await this.#call({
      operation,
      path,
      type: OP_CODES.GET_DATA,
      payload: new protocol.GetDataRequest(path, watcher !== undefined),
      ...(watcher === undefined ? {} : { watch: { kind: 'data', watcher } }),
    })
    return { data: answer.data ?? new Uint8Array(), stat: toStat(answer.stat!) }
  }

  async exists(path: string, watcher?: ZooKeeperWatcher): Promise<ZooKeeperStat | undefined> {
    const operation = `look for ${path}`
    checkPath(path, operation)
    const answer = await this.#call(
      {
        operation,
        path,
        type: OP_CODES.EXISTS,
        payload: new protocol.ExistsRequest(path, watcher !== undefined),
        ...(watcher === undefined ? {} : { watch: { kind: 'data', watcher } }),
      },
      [NO_NODE],
    )
    return answer.stat === undefined ? undefined : toStat(answer.stat)
  }

  async getChildren(
    path: string,
    watcher?: ZooKeeperWatcher,
  ): Promise<{ readonly children: readonly string[]; readonly stat: ZooKeeperStat }> {
    const operation = `list ${path}`
    checkPath(path, operation)
    const answer = await this.#call({
      operation,
      path,
      type: OP_CODES.GET_CHILDREN2,
      payload: new protocol.GetChildren2Request(path, watcher !== undefined),
      ...(watcher === undefined ? {} : { watch: { kind: 'children', watcher } }),
    })
    return { children: [...(answer.children ?? [])].sort(), stat: toStat(answer.stat!) }
  }

  async setData(path: string, data: Uint8Array, version: number): Promise<ZooKeeperStat> {
    const operation = `change ${path}${ofVersion(version)}`
    checkPath(path, operation)
    const payload = new protocol.SetDataRequest(path, Buffer.from(data), version)
    const answer = await this.#call({ operation, path, type: OP_CODES.SET_DATA, payload })
    return toStat(answer.stat!)
  }

  async remove(path: string, version: number): Promise<void> {
    const operation = `remove ${path}${ofVersion(version)}`
    checkPath(path, operation)
    const payload = new protocol.DeleteRequest(path, version)
    await this.#call({ operation, path, type: OP_CODES.DELETE, payload })
  }

  removeRecursive(path: string): Promise<void> {
    return removeRecursively(this, path)
  }

  async multi(operations: readonly ZooKeeperOperation[]): Promise<ZooKeeperOperationResult[]> {
    if (operations.length === 0) return []
    for (const [index, each] of operations.entries()) {
      const operation = `${each.type} ${each.path}, step ${index} of a transaction`
      checkPath(each.path, operation, each.type === 'create' ? each : {}, index)
    }
    const operation = `make a transaction of ${operations.length} (${operations[0]?.type} ${operations[0]?.path}, …)`
    const payload = toTransaction(operations, this.#acl)
    return this.#session.call({
      operation,
      path: undefined,
      type: OP_CODES.MULTI,
      payload,
      read: (code, answer) => {
        if (code !== 0) throw new ZooKeeperError({ ...translateCode(code), operation })
        return readTransaction(operations, (answer as { results: [] }).results)
      },
    })
  }

  /** Waits for the servers' word for 3 s at most, 1 s if none answers now, and never longer than the connection timeout. */
  close(): Promise<void> {
    return this.#session.close()
  }

  #call(call: Call, harmless: readonly number[] = []): Promise<Answer> {
    const { operation, path } = call
    return this.#session.call({
      ...call,
      read: (code, answer) => {
        if (code === 0 || harmless.includes(code)) return (answer ?? {}) as Answer
        throw new ZooKeeperError({ ...translateCode(code), operation, path })
      },
    })
  }
}

/** @throws ZooKeeperError, as the library would end the process for some and the servers the connection for others */
function checkPath(path: string, operation: string, options: CreateOptions = {}, index?: number) {
  // The servers look at sequential ones with digits behind.
  const detail = pathProblem(options.sequential ? `${path}0` : path)
  if (detail === undefined) return
  throw new ZooKeeperError({
    reason: 'bad-arguments',
    operation,
    path,
    detail,
    ...(index === undefined ? {} : { operationIndex: index }),
  })
}

const ofVersion = (version: number) => (version === -1 ? '' : ` of version ${version}`)
