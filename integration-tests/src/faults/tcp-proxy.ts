import { type AddressInfo, createServer, type Server, Socket } from 'node:net'

/** What a proxy does with the bytes of its connections: they pass, pass later, or wait for better times. */
export type ProxyMode =
  | { readonly kind: 'pass' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'stall' }

const PASS: ProxyMode = { kind: 'pass' }

interface Pair {
  readonly client: Socket
  readonly server: Socket
}

/**
 * Stands between two processes: takes connections on a port of 127.0.0.1 and makes one each to the port behind. The
 * processes see what a bad network would show them: connections that break, bytes that come late or not at all.
 */
export class TcpProxy {
  readonly port: number
  readonly #listener: Server
  readonly #pairs = new Set<Pair>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #mode: ProxyMode = PASS
  #refuses = false
  /** What waits while the mode is `stall`. */
  #waiting: (() => void)[] = []

  /** @param targetPort asked at each connection: the process behind may not have started yet */
  static async listen(targetPort: () => number): Promise<TcpProxy> {
    const listener = createServer({ allowHalfOpen: true })
    await new Promise<void>((resolve, reject) => {
      listener.on('error', reject)
      listener.listen(0, '127.0.0.1', resolve)
    })
    return new TcpProxy(listener, targetPort)
  }

  private constructor(listener: Server, targetPort: () => number) {
    this.#listener = listener
    this.port = (listener.address() as AddressInfo).port
    listener.on('connection', (client) => this.#connect(client, targetPort()))
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#pairs.size
  }

  /** From now on; what has waited goes out when bytes pass again. */
  setMode(mode: ProxyMode): void {
    this.#mode = mode
    if (mode.kind === 'stall') return
    const waiting = this.#waiting
    this.#waiting = []
    for (const action of waiting) action()
  }

  /** Breaks all connections; what was under way in them is lost. */
  breakConnections(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
    this.#waiting = []
  }

  /** Whether new connections are broken as they come. */
  setRefusing(refuses: boolean): void {
    this.#refuses = refuses
  }

  /** Everything as it should be. */
  heal(): void {
    this.setRefusing(false)
    this.setMode(PASS)
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    for (const { client, server } of this.#pairs) {
      client.destroy()
      server.destroy()
    }
    await new Promise((resolve) => this.#listener.close(resolve))
  }

  #connect(client: Socket, port: number): void {
    if (this.#refuses) {
      client.on('error', () => {})
      client.resetAndDestroy()
      return
    }
    const server = new Socket({ allowHalfOpen: true })
    const pair = { client, server }
    this.#pairs.add(pair)
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      // What goes wrong on one side is seen on the other.
      socket.on('error', () => this.#drop(pair))
      socket.on('close', () => this.#drop(pair))
    }
    this.#pipe(client, server)
    this.#pipe(server, client)
    server.connect(port, '127.0.0.1')
  }

  #pipe(from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      // One piece at a time: pieces of one connection must not overtake each other.
      from.pause()
      this.#pass(() => {
        if (to.destroyed) return
        if (to.write(bytes)) from.resume()
        else to.once('drain', () => from.resume())
      })
    })
    from.on('end', () => this.#pass(() => to.end()))
  }

  #pass(action: () => void): void {
    switch (this.#mode.kind) {
      case 'pass':
        action()
        return
      case 'stall':
        this.#waiting.push(() => this.#pass(action))
        return
      case 'delay': {
        const timer = setTimeout(() => {
          this.#timers.delete(timer)
          action()
        }, this.#mode.ms)
        this.#timers.add(timer)
      }
    }
  }

  #drop(pair: Pair): void {
    this.#pairs.delete(pair)
    pair.client.destroy()
    pair.server.destroy()
  }
}
