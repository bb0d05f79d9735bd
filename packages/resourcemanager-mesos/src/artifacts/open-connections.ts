import type { Server, Socket } from 'node:net'
import type { Clock } from '@flink-ts/core'

export interface ConnectionLimits {
  /** In all. */
  readonly connections: number
  /** Of strangers; beyond it those make room who have been silent for {@link strangerMs}. */
  readonly strangers: number
  /** In which whoever has something to ask does so, even if hundreds come in the same moment. */
  readonly strangerMs: number
}

/**
 * The connections of a server, from the moment in which they are accepted: with TLS, before anything is agreed. Whoever has not shown
 * that it knows what to ask for is a stranger; strangers make room for newcomers, the oldest first.
 */
export class OpenConnections {
  readonly #limits: ConnectionLimits
  readonly #clock: Clock
  /** In the order in which they came. */
  readonly #strangers = new Map<string, { readonly socket: Socket; readonly sinceMs: number }>()
  readonly #known = new Map<string, Socket>()

  constructor(server: Server, limits: ConnectionLimits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    server.on('connection', (socket: Socket) => this.#accept(socket))
  }

  /** @param socket or what TLS has made of it: it has the same ends */
  know(socket: Socket): void {
    const ends = endsOf(socket)
    const stranger = this.#strangers.get(ends)
    if (stranger === undefined) return
    this.#strangers.delete(ends)
    this.#known.set(ends, stranger.socket)
  }

  destroyAll(): void {
    for (const { socket } of this.#strangers.values()) socket.destroy()
    for (const socket of this.#known.values()) socket.destroy()
  }

  #accept(socket: Socket): void {
    this.#makeRoom()
    if (this.#size >= this.#limits.connections) {
      socket.destroy()
      return
    }
    // A socket that is gone tells its ends no more.
    const ends = endsOf(socket)
    this.#strangers.set(ends, { socket, sinceMs: this.#clock.monotonicNow() })
    socket.once('close', () => {
      // The next one may have come from the same port already.
      if (this.#strangers.get(ends)?.socket === socket) this.#strangers.delete(ends)
      if (this.#known.get(ends) === socket) this.#known.delete(ends)
    })
  }

  #makeRoom(): void {
    const { connections, strangers, strangerMs } = this.#limits
    const silentSinceMs = this.#clock.monotonicNow() - strangerMs
    for (const [ends, { socket, sinceMs }] of this.#strangers) {
      const isTooMany = this.#strangers.size >= strangers && sinceMs <= silentSinceMs
      if (!isTooMany && this.#size < connections) return
      this.#strangers.delete(ends)
      socket.destroy()
    }
  }

  get #size(): number {
    return this.#strangers.size + this.#known.size
  }
}

function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}
