import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { IpcSocketConnector, IpcSocketHandlers, Token } from '@flink-ts/hadoop-rpc'
import protobuf from 'protobufjs'

const PROTO = fileURLToPath(new URL('../../proto/hadoop_rpc.proto', import.meta.url))
const root = protobuf.loadSync(PROTO)

type Fields = Record<string, unknown>

export const encode = (name: string, fields: Fields): Uint8Array => {
  const type = root.lookupType(`hadoop.${name}`)
  return type.encode(type.fromObject(fields)).finish()
}

export const decode = (name: string, bytes: Uint8Array): Fields => {
  const type = root.lookupType(`hadoop.${name}`)
  return type.toObject(type.decode(bytes), { longs: String, enums: String, bytes: Buffer })
}

export const delimited = (...messages: readonly Uint8Array[]): Buffer => {
  const writer = protobuf.Writer.create()
  for (const message of messages) writer.bytes(message)
  return Buffer.from(writer.finish())
}

export const packet = (...messages: readonly Uint8Array[]): Buffer => {
  const body = delimited(...messages)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

export const TOKEN: Token = {
  identifier: Uint8Array.of(1, 2, 3, 250),
  password: Uint8Array.of(9, 8, 7),
  kind: 'YARN_AM_RM_TOKEN',
  service: '',
}

/** A call as a server sees it. */
export interface ReceivedCall {
  readonly callId: number
  readonly method: string
  readonly argument: Uint8Array
  readonly connection: FakeConnection
}

/** How a fake server behaves. */
export interface FakeServer {
  /** Refuses connections. */
  isDown?: boolean
  /** Takes connections, and says nothing. */
  isSilent?: boolean
  token?: Token
  qop?: string
  auths?: Fields[]
  rspauth?: string
  /** In place of the answer to the first thing that the client says. */
  greeting?: Uint8Array
  onCall?: (call: ReceivedCall) => void
}

/** Servers of Hadoop IPC by their addresses, written a second time for tests. */
export class FakeHadoop {
  readonly servers: Record<string, FakeServer>
  readonly connections: FakeConnection[] = []

  constructor(servers: Record<string, FakeServer>) {
    this.servers = servers
  }

  readonly connectSocket: IpcSocketConnector = (host, port, handlers) => {
    const address = `${host}:${port}`
    const connection = new FakeConnection(
      address,
      this.servers[address] ?? { isDown: true },
      handlers,
    )
    this.connections.push(connection)
    return connection
  }
}

export class FakeConnection {
  readonly address: string
  readonly #server: FakeServer
  readonly #handlers: IpcSocketHandlers
  #received: Buffer = Buffer.alloc(0)
  #isGreeted = false
  isDestroyed = false
  readonly context: Fields[] = []
  readonly calls: ReceivedCall[] = []
  pings = 0
  authByte = -1

  constructor(address: string, server: FakeServer, handlers: IpcSocketHandlers) {
    this.address = address
    this.#server = server
    this.#handlers = handlers
    setImmediate(() => {
      if (this.isDestroyed) return
      if (server.isDown === true) this.close(new Error(`connect ECONNREFUSED ${address}`))
      else handlers.opened()
    })
  }

  write(bytes: Uint8Array): void {
    this.#received = Buffer.concat([this.#received, bytes])
    setImmediate(() => this.#read())
  }

  destroy(): void {
    this.isDestroyed = true
  }

  /** What the client gets, whatever it is. */
  send(bytes: Uint8Array): void {
    if (!this.isDestroyed) this.#handlers.data(bytes)
  }

  close(error?: Error): void {
    if (this.isDestroyed) return
    this.isDestroyed = true
    this.#handlers.closed(error)
  }

  answer(callId: number, result: Uint8Array = new Uint8Array(0)): void {
    this.send(
      packet(encode('RpcResponseHeader', { callId: callId >>> 0, status: 'SUCCESS' }), result),
    )
  }

  fail(callId: number, exceptionClassName: string, errorMsg: string, status = 'ERROR'): void {
    const header = { callId: callId >>> 0, status, exceptionClassName, errorMsg }
    this.send(packet(encode('RpcResponseHeader', header)))
  }

  #read(): void {
    if (this.isDestroyed || this.#server.isSilent === true) return
    if (this.authByte < 0) {
      if (this.#received.length < 7) return
      this.authByte = this.#received[6]!
      this.#received = this.#received.subarray(7)
    }
    if (this.#server.greeting !== undefined && !this.#isGreeted) {
      this.#isGreeted = true
      this.send(this.#server.greeting)
    }
    while (this.#received.length >= 4 && !this.isDestroyed) {
      const length = this.#received.readUInt32BE(0)
      if (this.#received.length < 4 + length) return
      const reader = protobuf.Reader.create(this.#received.subarray(4, 4 + length))
      this.#received = this.#received.subarray(4 + length)
      this.#packet(reader)
    }
  }

  #packet(reader: protobuf.Reader): void {
    const callId = decode('RpcRequestHeader', reader.bytes())['callId'] as number
    if (callId === -33) this.#sasl(decode('RpcSasl', reader.bytes()))
    else if (callId === -3) this.context.push(decode('IpcConnectionContext', reader.bytes()))
    else if (callId === -4) this.pings++
    else {
      const { methodName } = decode('RequestHeader', reader.bytes())
      const argument = reader.bytes()
      const call = { callId, method: methodName as string, argument, connection: this }
      this.calls.push(call)
      this.#server.onCall?.(call)
    }
  }

  #sasl(message: Fields): void {
    const { token = TOKEN, qop = 'auth', auths, rspauth } = this.#server
    const challenge = `realm="default",nonce="N+/=",qop="${qop}",charset=utf-8,algorithm=md5-sess`
    if (message['state'] === 'NEGOTIATE') {
      const auth = { method: 'TOKEN', mechanism: 'DIGEST-MD5', protocol: '', serverId: 'default' }
      this.#reply({
        state: 'NEGOTIATE',
        auths: auths ?? [{ ...auth, challenge: Buffer.from(challenge) }],
      })
      return
    }
    const text = (message['token'] as Buffer).toString()
    const field = (name: string) => new RegExp(`(?:^|,)${name}="?([^",]*)"?`).exec(text)?.[1] ?? ''
    const digest = (method: string) => responseOf(token, field('cnonce'), method)
    if (field('response') !== digest('AUTHENTICATE')) {
      this.fail(-33, 'javax.security.sasl.SaslException', 'Mismatched response.', 'FATAL')
      this.close()
      return
    }
    this.#reply({ state: 'SASL_SUCCESS', token: Buffer.from(`rspauth=${rspauth ?? digest('')}`) })
  }

  #reply(message: Fields): void {
    const header = encode('RpcResponseHeader', { callId: -33 >>> 0, status: 'SUCCESS' })
    this.send(packet(header, encode('RpcSasl', message)))
  }
}

const md5 = (data: string | Buffer) => createHash('md5').update(data)

function responseOf(token: Token, cnonce: string, method: string): string {
  const user = Buffer.from(token.identifier).toString('base64')
  const password = Buffer.from(token.password).toString('base64')
  const a1 = Buffer.concat([
    md5(`${user}:default:${password}`).digest(),
    Buffer.from(`:N+/=:${cnonce}`),
  ])
  const parts = [md5(a1).digest('hex'), 'N+/=', '00000001', cnonce, 'auth']
  return md5([...parts, md5(`${method}:/default`).digest('hex')].join(':')).digest('hex')
}

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
}
