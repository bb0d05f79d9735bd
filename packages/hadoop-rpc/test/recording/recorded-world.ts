import assert from 'node:assert/strict'
import type { IpcSocketConnector, IpcSocketHandlers } from '@flink-ts/hadoop-rpc'

/** What happened on one connection, in order; `data` is hex. */
export interface RecordedConnection {
  readonly address: string
  readonly events: RecordedEvent[]
}

export type RecordedEvent =
  | { readonly kind: 'sent' | 'received'; data: string }
  | { readonly kind: 'closed' }

/** Notes what goes over real connections. */
export function recordingConnector(
  real: IpcSocketConnector,
  connections: RecordedConnection[],
): IpcSocketConnector {
  return (host, port, handlers) => {
    const events: RecordedEvent[] = []
    connections.push({ address: `${host}:${port}`, events })
    const note = (kind: 'sent' | 'received', bytes: Uint8Array) => {
      const hex = Buffer.from(bytes).toString('hex')
      const last = events.at(-1)
      if (last?.kind === kind) last.data += hex
      else events.push({ kind, data: hex })
    }
    const socket = real(host, port, {
      opened: () => handlers.opened(),
      data: (bytes) => {
        note('received', bytes)
        handlers.data(bytes)
      },
      closed: (error) => {
        events.push({ kind: 'closed' })
        handlers.closed(error)
      },
    })
    return {
      write: (bytes) => {
        note('sent', bytes)
        socket.write(bytes)
      },
      destroy: () => socket.destroy(),
    }
  }
}

/** Plays recorded servers: answers what they answered, and insists on getting what they got, byte for byte. */
export function replayingConnector(connections: readonly RecordedConnection[]): {
  readonly connectSocket: IpcSocketConnector
  /** How many connections are still to come. */
  readonly remaining: () => number
} {
  let next = 0
  const connectSocket: IpcSocketConnector = (host, port, handlers) => {
    const connection = connections[next++]
    assert.equal(`${host}:${port}`, connection?.address)
    return new ReplayedSocket(connection!.events, handlers)
  }
  return { connectSocket, remaining: () => connections.length - next }
}

class ReplayedSocket {
  readonly #events: readonly RecordedEvent[]
  readonly #handlers: IpcSocketHandlers
  #next = 0
  #sent = ''
  #isDestroyed = false

  constructor(events: readonly RecordedEvent[], handlers: IpcSocketHandlers) {
    this.#events = events
    this.#handlers = handlers
    setImmediate(() => {
      if (events.some(({ kind }) => kind !== 'closed')) handlers.opened()
      this.#play()
    })
  }

  write(bytes: Uint8Array): void {
    this.#sent += Buffer.from(bytes).toString('hex')
    setImmediate(() => this.#play())
  }

  destroy(): void {
    this.#isDestroyed = true
  }

  #play(): void {
    for (; !this.#isDestroyed; this.#next++) {
      const event = this.#events[this.#next]
      if (event === undefined) return
      if (event.kind === 'received') this.#handlers.data(Buffer.from(event.data, 'hex'))
      else if (event.kind === 'closed') this.#handlers.closed(undefined)
      else {
        assert.ok(
          event.data.startsWith(this.#sent) || this.#sent.startsWith(event.data),
          `sent ${this.#sent}, recorded ${event.data}`,
        )
        if (this.#sent.length < event.data.length) return
        this.#sent = this.#sent.slice(event.data.length)
      }
    }
  }
}
