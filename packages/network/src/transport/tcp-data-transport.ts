import { createConnection, type Socket } from 'node:net'
import { type Clock, FlinkError, type Logger } from '@flink-ts/core'
import { SecureListener, secureConnect, type TransportSecurity } from '@flink-ts/core/security'
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

const SCRATCH_BYTES = 64 * 1024

export interface TcpDataTransportOptions {
  /** Secret and certificates of the cluster. Absent: everybody is believed, as among the threads of one test. */
  readonly security?: TransportSecurity | undefined
  /** How this TaskManager calls itself in a peer's log. */
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
}

/** Data connections over TCP, or TLS, without delay for small frames. Who is no peer of the cluster is refused. */
export function tcpDataTransport(options: TcpDataTransportOptions): DataTransport {
  const { security, name, clock, log } = options
  return {
    async listen({ host, port }, onConnection) {
      try {
        return await SecureListener.listen({
          host,
          port,
          security,
          purpose: 'data',
          clock,
          log,
          socketOptions: SOCKET_OPTIONS,
          onConnection: (socket) => onConnection(new TcpDataConnection(socket)),
        })
      } catch (cause) {
        throw new DataPortError({ host, port, cause: cause as Error })
      }
    },

    async connect({ host, port }) {
      const { socket, connection } = await connected(host, port, security?.tls === undefined)
      if (security === undefined) return connection
      const peer = `${host}:${port}`
      const options = { security, purpose: 'data', name, peer, clock } as const
      const secured = await secureConnect(socket, options)
      return secured === socket ? connection : new TcpDataConnection(secured)
    },
  }
}

/** @param isDirect what arrives goes where the listener wants it; below TLS it could not. */
function connected(
  host: string,
  port: number,
  isDirect: boolean,
): Promise<{ socket: Socket; connection: TcpDataConnection }> {
  return new Promise((resolve, reject) => {
    const unused = Buffer.alloc(1)
    let connection: TcpDataConnection | undefined
    const onread = {
      // Asked for the first time while the socket is being made, and again when it is connected.
      buffer: () => connection?.readTarget() ?? unused,
      callback: (length: number, bytes: Uint8Array) => connection?.onRead(length, bytes) ?? true,
    }
    const socket = createConnection({ ...SOCKET_OPTIONS, host, port, ...(isDirect && { onread }) })
    const created = new TcpDataConnection(socket)
    connection = created
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve({ socket, connection: created })
    })
  })
}

class TcpDataConnection implements DataConnection {
  readonly announcesBurstEnds = true
  readonly #socket: Socket
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
  #peer = ''
  #listener: DataConnectionListener | undefined
  #isDirect = false
  #isBurstEndDue = false
  #error: Error | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    // An error without a listener would end the process; 'close' always follows it.
    socket.on('error', (error) => {
      this.#error ??= error
    })
  }

  get peer(): string {
    return this.#peer
  }

  get bufferedBytes(): number {
    return this.#socket.destroyed ? Number.POSITIVE_INFINITY : this.#socket.writableLength
  }

  start(listener: DataConnectionListener): void {
    const socket = this.#socket
    this.#listener = listener
    this.#peer = `${socket.remoteAddress}:${socket.remotePort}`
    // What came behind the handshake is in the stream; what comes from now on may go elsewhere.
    const early = socket.read() as Buffer | null
    if (early !== null) queueMicrotask(() => listener.onData(early))
    socket.on('data', (chunk) => {
      this.#burst()
      listener.onData(chunk)
    })
    socket.resume()
    // 'end' needs no handler: half-open connections are not allowed, so the socket closes.
    if (socket.closed) queueMicrotask(() => listener.onClose(this.#error))
    else socket.once('close', () => listener.onClose(this.#error))
  }

  /** For `onread`: where the socket reads to next. */
  readTarget(): Uint8Array {
    const target = this.#listener?.readTarget?.()
    this.#isDirect = target !== undefined
    return target ?? this.#scratch
  }

  /** For `onread`: `length` bytes are in what `readTarget` answered. */
  onRead(length: number, bytes: Uint8Array): boolean {
    if (this.#listener === undefined) {
      // The handshake reads from the stream.
      this.#socket.push(Buffer.from(bytes.subarray(0, length)))
      return true
    }
    this.#burst()
    if (this.#isDirect) this.#listener?.onRead?.(length)
    else this.#listener?.onData(bytes.subarray(0, length) as Buffer)
    return true
  }

  /** The socket reads all that has arrived before the event loop comes to its immediates. */
  #burst(): void {
    if (this.#isBurstEndDue || this.#listener?.onBurstEnd === undefined) return
    this.#isBurstEndDue = true
    setImmediate(this.#endBurst)
  }

  readonly #endBurst = (): void => {
    this.#isBurstEndDue = false
    this.#listener?.onBurstEnd?.()
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
