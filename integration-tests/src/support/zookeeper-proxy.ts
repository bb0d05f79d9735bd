import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** What a server answers to a client that connects: length, protocol, timeout, session, length of the password, password. */
const SESSION_AT = 12
const PASSWORD_AT = 24
const PASSWORD_BYTES = 16
const CLOSE_SESSION = -11

interface Link {
  readonly client: Socket
  readonly server: Socket
}

/** A network between one client and a ZooKeeper server, which can be cut or swallow everything. */
export class ZooKeeperProxy {
  readonly #server: Server
  readonly #targetPort: number
  readonly #links = new Set<Link>()
  readonly #knocking: Socket[] = []
  #state: 'open' | 'cut' | 'silent' = 'open'
  #session: { readonly id: Buffer; readonly password: Buffer } | undefined

  private constructor(server: Server, targetPort: number) {
    this.#server = server
    this.#targetPort = targetPort
    server.on('connection', (client) => this.#onConnection(client))
  }

  static async listen(targetPort: number): Promise<ZooKeeperProxy> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new ZooKeeperProxy(server, targetPort)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Connections break, and new ones do as well. */
  cut(): void {
    this.#state = 'cut'
    for (const link of this.#links) destroy(link)
  }

  /** Connections stand, and new ones open, but nothing passes. */
  silence(): void {
    this.#state = 'silent'
    for (const { client, server } of this.#links) {
      client.pause()
      server.pause()
    }
  }

  /** What was swallowed passes now. */
  restore(): void {
    this.#state = 'open'
    for (const { client, server } of this.#links) {
      client.resume()
      server.resume()
    }
    for (const client of this.#knocking.splice(0)) this.#link(client)
  }

  /** Ends the session that the client was given last, in its name. */
  endSession(): Promise<void> {
    const session = this.#session
    if (session === undefined) throw new Error('The client has no session yet')
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: this.#targetPort })
      socket.on('error', reject)
      socket.on('close', () => resolve())
      socket.on('data', () => {})
      const request = Buffer.alloc(48 + 12)
      request.writeInt32BE(44, 0)
      request.writeInt32BE(10_000, 16)
      session.id.copy(request, 20)
      request.writeInt32BE(PASSWORD_BYTES, 28)
      session.password.copy(request, 32)
      request.writeInt32BE(8, 48)
      request.writeInt32BE(1, 52)
      request.writeInt32BE(CLOSE_SESSION, 56)
      socket.write(request)
    })
  }

  close(): Promise<void> {
    this.cut()
    for (const client of this.#knocking.splice(0)) client.destroy()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #onConnection(client: Socket): void {
    client.on('error', () => {})
    if (this.#state === 'cut') client.destroy()
    else if (this.#state === 'silent') this.#knocking.push(client)
    else this.#link(client)
  }

  #link(client: Socket): void {
    const server = connect({ host: '127.0.0.1', port: this.#targetPort })
    const link = { client, server }
    this.#links.add(link)
    let head: Buffer | undefined = Buffer.alloc(0)
    client.on('data', (chunk) => void server.write(chunk))
    server.on('data', (chunk) => {
      client.write(chunk)
      if (head === undefined) return
      head = Buffer.concat([head, chunk])
      if (head.length < PASSWORD_AT + 4 + PASSWORD_BYTES) return
      this.#remember(head)
      head = undefined
    })
    for (const socket of [client, server]) {
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#links.delete(link)
        destroy(link)
      })
    }
  }

  #remember(head: Buffer): void {
    const at = SESSION_AT
    const id = Buffer.from(head.subarray(at, at + 8))
    if (id.readBigInt64BE() === 0n) return
    this.#session = {
      id,
      password: Buffer.from(head.subarray(PASSWORD_AT, PASSWORD_AT + PASSWORD_BYTES)),
    }
  }
}

function destroy({ client, server }: Link): void {
  client.destroy()
  server.destroy()
}
