import assert from 'node:assert/strict'
import type { DataConnection, DataConnectionListener } from '@flink-ts/network'
import type { DataHost, SimulatedDataNetwork } from './simulated-data-network.js'

/** Bytes leave a process this much later than they were written. Milliseconds. */
const SEND_DELAY_MS = 0.01

/** One end of a simulated data connection. */
export class SimulatedDataConnection implements DataConnection {
  readonly host: DataHost
  readonly peer: string
  other!: SimulatedDataConnection
  readonly #network: SimulatedDataNetwork
  readonly #id: string
  #listener: DataConnectionListener | undefined
  /** Came before the listener. */
  #early: (() => void)[] = []
  readonly #inFlight: { readonly text: string; readonly arrive: () => void }[] = []
  #lastArrivalMs = 0
  #bufferedBytes = 0
  #isStarted = false
  #isClosed = false

  constructor(network: SimulatedDataNetwork, host: DataHost, id: string, peer: string) {
    this.#network = network
    this.host = host
    this.#id = id
    this.peer = peer
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  start(listener: DataConnectionListener): void {
    assert(!this.#isStarted, 'a connection is started once')
    this.#isStarted = true
    // As with sockets, nothing arrives before the caller has returned.
    this.host.clock.scheduleUntracked(0, () => {
      this.#listener = listener
      for (const action of this.#early.splice(0)) action()
    })
  }

  write(chunks: readonly Uint8Array[], onSent: () => void): void {
    if (this.#isClosed) {
      this.host.clock.scheduleUntracked(0, onSent)
      return
    }
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    this.#bufferedBytes += bytes
    this.host.clock.scheduleUntracked(SEND_DELAY_MS, () => {
      this.#bufferedBytes -= bytes
      // Taken only now: whoever changes the chunks before onSent is found out.
      const content = Buffer.concat(chunks)
      onSent()
      if (this.#isClosed) return
      this.#send(`#${this.#id} ${bytes} bytes`, () => this.other.#receive(content))
    })
  }

  end(): void {
    this.host.clock.scheduleUntracked(SEND_DELAY_MS, () => {
      if (this.#isClosed) return
      this.#send(`#${this.#id} end`, () => this.other.#close(undefined))
      this.#close(undefined)
    })
  }

  destroy(cause?: Error): void {
    if (this.#isClosed) return
    this.reset()
    if (this.#isStarted) this.host.clock.scheduleUntracked(0, () => this.#close(cause))
    else this.#leave()
  }

  /** @internal Nothing arrives at the other end before it has learnt of the connection. */
  holdUntil(timeMs: number): void {
    this.#lastArrivalMs = timeMs
  }

  /** @internal The other end learns that this one is gone. */
  reset(): void {
    const reset = () => this.other.#close(new Error('connection reset by peer'))
    this.#send(`#${this.#id} reset`, reset)
  }

  /** @internal The other end is gone without a word. */
  lose(cause: Error): void {
    this.#close(cause)
  }

  #send(text: string, arrive: () => void): void {
    this.#inFlight.push({ text, arrive })
    // Each arrival delivers the oldest piece: times of equal pieces may differ by a rounding error.
    this.#lastArrivalMs = this.#network.travel(
      this.host,
      this.other.host,
      () => {
        const piece = this.#inFlight.shift()!
        this.#network.trace(this.host, this.other.host, piece.text)
        piece.arrive()
      },
      this.#lastArrivalMs,
    )
  }

  #receive(content: Buffer): void {
    if (this.#isClosed) return
    if (this.#listener === undefined) this.#early.push(() => this.#receive(content))
    else this.#listener.onData(content)
  }

  #close(cause: Error | undefined): void {
    if (this.#isClosed) return
    if (this.#listener === undefined) {
      this.#early.push(() => this.#close(cause))
      return
    }
    this.#leave()
    this.#listener.onClose(cause)
  }

  #leave(): void {
    this.#isClosed = true
    this.#network.closed(this)
  }
}
