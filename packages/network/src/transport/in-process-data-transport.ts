import assert from 'node:assert/strict'
import { FlinkError } from '@flink-ts/core'
import type { Defer } from '../wakeup/doorbell-board.js'
import type { DataConnection, DataConnectionListener, DataTransport } from './data-transport.js'

/** Connections within one process; bytes are copied as a wire would do. Each test or simulation makes its own. */
export class InProcessDataTransport implements DataTransport {
  readonly #deliver: (action: () => void, link: { from: string; to: string }) => void
  readonly #listeners = new Map<string, (connection: DataConnection) => void>()
  readonly #connections = new Set<InProcessConnection>()
  #nextPort = 1

  /**
   * @param deliver runs what arrives at the other end, later, in the order of the calls for each
   *   link. A simulator puts latency in here, or drops a link by never running its actions and
   *   breaking its connections with {@link breakConnections}.
   */
  constructor(options: {
    deliver: Defer | ((action: () => void, link: { from: string; to: string }) => void)
  }) {
    this.#deliver = options.deliver
  }

  async listen(
    { host, port }: { host: string; port: number },
    onConnection: (connection: DataConnection) => void,
  ) {
    const chosen = port === 0 ? this.#nextPort++ : port
    const address = `${host}:${chosen}`
    assert(!this.#listeners.has(address), `${address} is in use`)
    this.#listeners.set(address, onConnection)
    return {
      port: chosen,
      close: async () => {
        this.#listeners.delete(address)
      },
    }
  }

  connect({ host, port }: { host: string; port: number }): Promise<DataConnection> {
    const address = `${host}:${port}`
    return new Promise((resolve, reject) => {
      this.#deliver(
        () => {
          const accept = this.#listeners.get(address)
          if (accept === undefined) {
            reject(new FlinkError(`nobody listens on ${address}`, { code: 'FLINK_DATA_PORT' }))
            return
          }
          const client = new InProcessConnection('client', address, this.#deliver)
          const server = new InProcessConnection(address, 'client', this.#deliver)
          client.other = server
          server.other = client
          this.#connections.add(client)
          accept(server)
          resolve(client)
        },
        { from: 'client', to: address },
      )
    })
  }

  /** Breaks all connections to an address, as a crash of its process does. */
  breakConnections(address: string, cause: Error): void {
    for (const connection of this.#connections) {
      if (connection.peer !== address) continue
      this.#connections.delete(connection)
      connection.destroy(cause)
    }
  }
}

class InProcessConnection implements DataConnection {
  readonly peer: string
  readonly bufferedBytes = 0
  other!: InProcessConnection
  readonly #own: string
  readonly #deliver: (action: () => void, link: { from: string; to: string }) => void
  #listener: DataConnectionListener | undefined
  /** What came before anybody listened. */
  readonly #early: ((listener: DataConnectionListener) => void)[] = []
  #isClosed = false

  constructor(
    own: string,
    peer: string,
    deliver: (action: () => void, link: { from: string; to: string }) => void,
  ) {
    this.#own = own
    this.peer = peer
    this.#deliver = deliver
  }

  start(listener: DataConnectionListener): void {
    // What came before goes first, and what comes until then waits behind it.
    const flush = () => {
      this.#listener = listener
      for (const tell of this.#early.splice(0)) tell(listener)
    }
    this.#deliver(flush, { from: this.#own, to: this.#own })
  }

  write(chunks: readonly Uint8Array[], onSent: () => void): void {
    const bytes = Buffer.concat(chunks)
    this.#toOther((other) => other.#tell((listener) => listener.onData(bytes)))
    this.#deliver(onSent, { from: this.#own, to: this.#own })
  }

  end(): void {
    this.#toOther((other) => other.#close(undefined))
    this.#deliver(() => this.#close(undefined), { from: this.#own, to: this.#own })
  }

  destroy(cause?: Error): void {
    if (this.#isClosed) return
    this.#toOther((other) => other.#close(new Error('connection reset by peer')))
    this.#deliver(() => this.#close(cause), { from: this.#own, to: this.#own })
  }

  #toOther(action: (other: InProcessConnection) => void): void {
    this.#deliver(
      () => {
        if (!this.other.#isClosed) action(this.other)
      },
      { from: this.#own, to: this.peer },
    )
  }

  #close(cause: Error | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#tell((listener) => listener.onClose(cause))
  }

  #tell(what: (listener: DataConnectionListener) => void): void {
    if (this.#listener === undefined) this.#early.push(what)
    else what(this.#listener)
  }
}
