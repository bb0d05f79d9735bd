import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

export const AUTH = 100
export const SET_WATCHES = 101
export const CLOSE_SESSION = -11
export const EXISTS = 3
export const PING = 11
const XID_PING = -2
const XID_AUTH = -4
const XID_NOTIFICATION = -1
const STAT_BYTES = 68

export interface FakeRequest {
  readonly xid: number
  readonly type: number
  readonly body: Buffer
}

/** One connection, as the server sees it. */
export class FakeConnection {
  readonly socket: Socket
  /** Types of the requests behind the handshake, pings left out. */
  readonly types: number[] = []
  readonly requests: FakeRequest[] = []
  pings = 0
  hello: Buffer | undefined

  constructor(socket: Socket) {
    this.socket = socket
  }

  send(...fields: readonly Buffer[]): void {
    if (!this.socket.destroyed) this.socket.write(frame(...fields))
  }

  /** A session timeout of 0 says that the session has expired. */
  accept(sessionId: bigint, timeoutMs: number): void {
    this.send(int(0), int(timeoutMs), long(sessionId), int(16), Buffer.alloc(16))
  }

  reply(xid: number, code: number, ...body: readonly Buffer[]): void {
    this.send(int(xid), long(code === 0 ? 7n : 0n), int(code), ...body)
  }

  notify(type: number, path: string): void {
    this.send(int(XID_NOTIFICATION), long(-1n), int(0), int(type), int(3), string(path))
  }
}

/** Speaks as much of ZooKeeper's protocol as tests of a client need, and everything wrong that they ask for. */
export class FakeZooKeeperServer {
  readonly #server: Server
  readonly connections: FakeConnection[] = []
  sessionId = 0xabcn
  timeoutMs = 3_000
  /** Default: a session, or the former one again. */
  onHello = (connection: FakeConnection): void => {
    connection.accept(this.sessionId, this.timeoutMs)
  }
  /** Default: pings, credentials, watches and the end of the session as a server does; `exists` finds a node. */
  onRequest = (connection: FakeConnection, request: FakeRequest): void => {
    this.answer(connection, request)
  }

  private constructor() {
    this.#server = createServer((socket) => this.#onConnection(socket))
  }

  static async start(): Promise<FakeZooKeeperServer> {
    const fake = new FakeZooKeeperServer()
    await new Promise<void>((resolve) => fake.#server.listen(0, '127.0.0.1', resolve))
    return fake
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get last(): FakeConnection {
    const last = this.connections.at(-1)
    if (last === undefined) throw new Error('Nobody has connected')
    return last
  }

  answer(connection: FakeConnection, { xid, type }: FakeRequest): void {
    if (type === PING) connection.reply(XID_PING, 0)
    else if (type === AUTH) connection.reply(XID_AUTH, 0)
    else if (type === EXISTS) connection.reply(xid, 0, Buffer.alloc(STAT_BYTES))
    else connection.reply(xid, 0)
    if (type === CLOSE_SESSION) connection.socket.end()
  }

  async close(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #onConnection(socket: Socket): void {
    const connection = new FakeConnection(socket)
    this.connections.push(connection)
    let rest = Buffer.alloc(0)
    // Else the second of two answers waits while a test's clock runs.
    socket.setNoDelay()
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
        const length = rest.readInt32BE(0)
        const body = rest.subarray(4, 4 + length)
        rest = rest.subarray(4 + length)
        this.#onFrame(connection, body)
      }
    })
  }

  #onFrame(connection: FakeConnection, body: Buffer): void {
    if (connection.hello === undefined) {
      connection.hello = body
      this.onHello(connection)
      return
    }
    const request = { xid: body.readInt32BE(0), type: body.readInt32BE(4), body: body.subarray(8) }
    if (request.type === PING) connection.pings++
    else {
      connection.types.push(request.type)
      connection.requests.push(request)
    }
    this.onRequest(connection, request)
  }
}

export function frame(...fields: readonly Buffer[]): Buffer {
  const body = Buffer.concat(fields)
  return Buffer.concat([int(body.length), body])
}

export function int(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function long(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(value)
  return bytes
}

function string(text: string): Buffer {
  return Buffer.concat([int(Buffer.byteLength(text)), Buffer.from(text)])
}
