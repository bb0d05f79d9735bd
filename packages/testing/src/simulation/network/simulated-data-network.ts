import { type Clock, FlinkError, type Random } from '@flink-ts/core'
import type { DataConnection, DataListener, DataTransport } from '@flink-ts/network'
import type { ProcessClock } from '../time/process-clock.js'
import type { SimulationTrace } from '../trace/simulation-trace.js'
import { SimulatedDataConnection } from './simulated-data-connection.js'

/** Probes of a TCP connection without traffic begin after a minute, and ten go without answer. */
const KEEP_ALIVE_MS = 70_000

/** A process as its data connections see it. */
export interface DataHost {
  /** Unique; also the host name. */
  readonly name: string
  /** Dies with the process. */
  readonly clock: Pick<ProcessClock, 'scheduleUntracked'>
}

export interface SimulatedDataNetworkOptions {
  readonly clock: Clock
  readonly random: Random
  readonly trace: SimulationTrace
  /** Milliseconds that a piece of data travels between two hosts. */
  readonly latencyMs: (from: string, to: string, random: Random) => number
}

interface Listening {
  readonly host: DataHost
  readonly onConnection: (connection: DataConnection) => void
}

/**
 * Byte streams between the simulated processes, as TCP gives them: in order, whole or broken. A
 * blocked link holds what is under way, as TCP does by its repetitions, until it is healed or one end
 * gives up.
 */
export class SimulatedDataNetwork {
  readonly #options: SimulatedDataNetworkOptions
  readonly #listeners = new Map<string, Listening>()
  readonly #connections = new Set<SimulatedDataConnection>()
  readonly #dead = new Set<DataHost>()
  readonly #blocked = new Set<string>()
  readonly #held: { readonly link: string; readonly resume: () => void }[] = []
  #nextPort = 40_000
  #nextConnectionId = 0

  constructor(options: SimulatedDataNetworkOptions) {
    this.#options = options
  }

  /** The network as `host` uses it. */
  transportOf(host: DataHost): DataTransport {
    return {
      listen: (address, onConnection) => this.#listen(host, address, onConnection),
      connect: (address) => this.#connect(host, address),
    }
  }

  /** Connections that both ends have not closed. */
  get openConnections(): number {
    return this.#connections.size
  }

  /** Ends a process: its peers see broken connections, or nothing at all if `silent`. */
  crash(host: DataHost, options: { silent: boolean }): void {
    this.#dead.add(host)
    for (const [address, listening] of this.#listeners) {
      if (listening.host === host) this.#listeners.delete(address)
    }
    for (const connection of this.#connections) {
      if (connection.host !== host) continue
      this.#connections.delete(connection)
      if (options.silent) this.#loseSilently(connection.other)
      else connection.reset()
    }
  }

  block(from: string, to: string): void {
    this.#blocked.add(linkKey(from, to))
  }

  /** Ends all blocks; what was held goes on. */
  heal(): void {
    this.#blocked.clear()
    for (const { resume } of this.#held.splice(0)) resume()
  }

  /** @internal Runs `arrive` at the other end, unless an end dies before. */
  travel(from: DataHost, to: DataHost, arrive: () => void, notBeforeMs = 0): number {
    const { clock, random, latencyMs } = this.#options
    const dueMs = Math.max(notBeforeMs, clock.now() + latencyMs(from.name, to.name, random))
    const link = linkKey(from.name, to.name)
    const deliver = (): void => {
      if (this.#blocked.has(link)) {
        this.#held.push({ link, resume: () => void clock.schedule(0, deliver) })
        return
      }
      if (this.#dead.has(to)) return
      arrive()
    }
    clock.schedule(dueMs - clock.now(), deliver)
    return dueMs
  }

  /** @internal */
  trace(from: DataHost, to: DataHost, text: string): void {
    this.#options.trace.add('data', `${from.name} -> ${to.name} ${text}`)
  }

  /** @internal */
  closed(connection: SimulatedDataConnection): void {
    this.#connections.delete(connection)
  }

  /** The peer's kernel gives up when its probes are not answered. */
  #loseSilently(connection: SimulatedDataConnection): void {
    connection.host.clock.scheduleUntracked(KEEP_ALIVE_MS, () =>
      connection.lose(new Error('connection timed out')),
    )
  }

  async #listen(
    host: DataHost,
    address: { port: number },
    onConnection: (connection: DataConnection) => void,
  ): Promise<DataListener> {
    const port = address.port === 0 ? this.#nextPort++ : address.port
    const key = `${host.name}:${port}`
    this.#listeners.set(key, { host, onConnection })
    return {
      port,
      close: async () => {
        this.#listeners.delete(key)
      },
    }
  }

  #connect(from: DataHost, address: { host: string; port: number }): Promise<DataConnection> {
    const key = `${address.host}:${address.port}`
    const to = this.#listeners.get(key)?.host ?? { name: address.host, clock: from.clock }
    return new Promise((resolve, reject) => {
      this.travel(from, to, () => {
        if (this.#dead.has(from)) return
        const listening = this.#listeners.get(key)
        this.trace(from, to, `connect ${key}${listening === undefined ? ' (refused)' : ''}`)
        if (listening === undefined) {
          this.travel(to, from, () => reject(refused(key)))
          return
        }
        const id = this.#nextConnectionId++
        const client = new SimulatedDataConnection(this, from, `${id}`, key)
        const server = new SimulatedDataConnection(this, listening.host, `${id}`, from.name)
        client.other = server
        server.other = client
        this.#connections.add(client).add(server)
        server.holdUntil(this.travel(listening.host, from, () => resolve(client)))
        listening.onConnection(server)
      })
    })
  }
}

function refused(address: string): FlinkError {
  return new FlinkError(`Could not connect to ${address}: nobody listens there`, {
    code: 'FLINK_CONNECTION_REFUSED',
    retriable: true,
  })
}

function linkKey(from: string, to: string): string {
  return `${from} ${to}`
}
