import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { FlinkError } from '@flink-ts/core'
import type { DataConnection, DataConnectionListener, DataTransport } from './data-transport.js'

/** The data port cannot be opened. */
export class DataPortError extends FlinkError {
  readonly host: string
  readonly port: number

  constructor(facts: { host: string; port: number; cause: Error }) {
    const { host, port, cause } = facts
    super(
      `Could not listen for data connections on ${host}:${port}: ${cause.message}; ` +
        'set taskmanager.data.port to a free port, or to 0 for any',
      { code: 'FLINK_DATA_PORT', cause },
    )
    this.host = host
    this.port = port
  }
}

// A peer whose machine is gone sends no word of it: without probes what it reads would be held for ever.
const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }

/** Data connections over TCP, without delay for small frames. */
export const tcpDataTransport: DataTransport = {
  listen({ host, port }, onConnection) {
    return new Promise((resolve, reject) => {
      const server = createServer(SOCKET_OPTIONS, (socket) =>
        onConnection(new TcpDataConnection(socket)),
      )
      const refuse = (cause: Error) => reject(new DataPortError({ host, port, cause }))
      server.once('error', refuse)
      server.listen({ host, port }, () => {
        server.off('error', refuse)
        resolve({
          port: (server.address() as AddressInfo).port,
          close: () => new Promise((closed) => server.close(() => closed())),
        })
      })
    })
  },

  connect({ host, port }) {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ ...SOCKET_OPTIONS, host, port })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new TcpDataConnection(socket))
      })
    })
  },
}

class TcpDataConnection implements DataConnection {
  readonly peer: string
  readonly #socket: Socket
  #error: Error | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    this.peer = `${socket.remoteAddress}:${socket.remotePort}`
    // An error without a listener would end the process; 'close' always follows it.
    socket.on('error', (error) => {
      this.#error ??= error
    })
  }

  get bufferedBytes(): number {
    return this.#socket.destroyed ? Number.POSITIVE_INFINITY : this.#socket.writableLength
  }

  start(listener: DataConnectionListener): void {
    const socket = this.#socket
    socket.on('data', (chunk) => listener.onData(chunk))
    // 'end' needs no handler: half-open connections are not allowed, so the socket closes.
    if (socket.closed) queueMicrotask(() => listener.onClose(this.#error))
    else socket.once('close', () => listener.onClose(this.#error))
  }

  write(chunks: readonly Uint8Array[], onSent: () => void): void {
    const socket = this.#socket
    socket.cork()
    const last = chunks.length - 1
    for (let i = 0; i < last; i++) socket.write(chunks[i]!)
    socket.write(chunks[last]!, () => onSent())
    socket.uncork()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(cause?: Error): void {
    this.#error ??= cause
    this.#socket.destroy()
  }
}
