// node-zookeeper-client 1.1.3 has no types. These are of the parts that the adapter stands on, private ones of the
// library included: the version is pinned, and the tests of the guards fail if another one behaves otherwise.

declare module 'node-zookeeper-client/lib/jute/index.js' {
  /** A message, or a part of one. */
  export interface JuteRecord {
    setChrootPath(path: string): void
    byteLength(): number
  }

  export interface JuteStat {
    readonly czxid: Buffer
    readonly mzxid: Buffer
    readonly version: number
    readonly cversion: number
    readonly ephemeralOwner: Buffer
    readonly dataLength: number
    readonly numChildren: number
  }

  export interface JuteHeader {
    readonly type: number
  }

  export interface JuteRequest {
    readonly header: JuteHeader | null
    /** With four bytes of length. */
    toBuffer(): Buffer
  }

  /** One step of a transaction, with its version as it is. */
  export interface JuteTransactionStep {
    readonly type: number
    readonly path: string
    readonly data?: Buffer
    readonly version?: number
    readonly mode?: number
    readonly acls?: readonly { toRecord(): JuteRecord }[]
  }

  export interface JuteTransactionResult {
    readonly type: number
    readonly path?: string
    readonly stat?: JuteStat
    readonly err?: number
  }

  const jute: {
    readonly OP_CODES: Readonly<
      Record<
        | 'CREATE'
        | 'DELETE'
        | 'EXISTS'
        | 'GET_DATA'
        | 'SET_DATA'
        | 'PING'
        | 'GET_CHILDREN2'
        | 'CHECK'
        | 'MULTI'
        | 'SET_WATCHES'
        | 'CLOSE_SESSION'
        | 'ERROR',
        number
      >
    >
    readonly XID_NOTIFICATION: number
    readonly XID_PING: number
    readonly XID_AUTHENTICATION: number
    readonly Request: new (header: JuteRecord, payload: JuteRecord | null) => JuteRequest
    readonly TransactionRequest: new (steps: readonly JuteTransactionStep[]) => JuteRecord
    readonly data: {
      readonly ACL: new (permissions: number, id: JuteRecord) => JuteRecord
      readonly Id: new (scheme: string, id: string) => JuteRecord
    }
    readonly protocol: {
      readonly RequestHeader: new (xid: number, type: number) => JuteRecord
      readonly CreateRequest: new (
        path: string,
        data: Buffer,
        acl: readonly JuteRecord[],
        flags: number,
      ) => JuteRecord
      readonly DeleteRequest: new (path: string, version: number) => JuteRecord
      readonly SetDataRequest: new (path: string, data: Buffer, version: number) => JuteRecord
      readonly GetDataRequest: new (path: string, watch: boolean) => JuteRecord
      readonly ExistsRequest: new (path: string, watch: boolean) => JuteRecord
      readonly GetChildren2Request: new (path: string, watch: boolean) => JuteRecord
    }
  }
  export default jute
}

declare module 'node-zookeeper-client/lib/ConnectionManager.js' {
  import type { EventEmitter } from 'node:events'
  import type { Socket } from 'node:net'
  import type { JuteRequest } from 'node-zookeeper-client/lib/jute/index.js'

  interface Packet {
    readonly request: JuteRequest
  }

  export interface LibraryEvent {
    readonly type: number
    readonly path: string
  }

  export interface LibraryResponse {
    /** The record of the answer; null for an error, or if there is nothing to say. */
    readonly payload: unknown
  }

  /** Keeps one session with an ensemble. */
  class ConnectionManager extends EventEmitter {
    static readonly STATES: Readonly<
      Record<
        | 'DISCONNECTED'
        | 'CONNECTING'
        | 'CONNECTED'
        | 'CLOSED'
        | 'SESSION_EXPIRED'
        | 'AUTHENTICATION_FAILED',
        number
      >
    >

    constructor(
      connectString: string,
      options: { readonly sessionTimeout: number; readonly spinDelay: number },
      stateListener: (state: number) => void,
    )

    servers: readonly { readonly host: string; readonly port: number }[]
    state: number
    socket: Socket | undefined
    /** Of the session; 0 if it has none yet. */
    sessionId: Buffer
    /** Asked for, then granted. */
    sessionTimeout: number
    /** Of the latest answer. */
    zxid: Buffer
    /** Bytes of an incomplete frame. */
    pendingBuffer: Buffer | null
    /** Packets that are not sent. */
    readonly packetQueue: { queue: Packet[] }
    /** Packets without answer. */
    pendingQueue: Packet[]
    readonly watcherManager: {
      dataWatchers: object
      childWatchers: object
      existenceWatchers: object
    }

    setState(state: number): void
    connect(): void
    addAuthInfo(scheme: string, auth: Buffer): void
    queue(
      request: JuteRequest,
      callback?: (error: Error | null, response?: LibraryResponse) => void,
    ): void
    registerDataWatcher(path: string, watcher: (event: LibraryEvent) => void): void
    registerChildWatcher(path: string, watcher: (event: LibraryEvent) => void): void
    registerExistenceWatcher(path: string, watcher: (event: LibraryEvent) => void): void
    onSocketConnected(): void
    onSocketData(bytes: Buffer): void
    onSocketDrain(): void
    onSocketClosed(): void
    onSocketTimeout(): void
  }
  export default ConnectionManager
}
