import { Worker } from 'node:worker_threads'
import { FlinkError, type Logger } from '@flink-ts/core'
import { type TransportSecurity, transportSecurityHandle } from '@flink-ts/core/security'
import type {
  NetworkIo,
  NetworkIoWorld,
  RemoteGate,
  ServedPartition,
} from '../environment/network-io.js'
import type {
  NetworkThreadCommand,
  NetworkThreadData,
  NetworkThreadReport,
} from './network-thread-messages.js'

export interface ThreadedNetworkIoOptions {
  readonly bindHost: string
  /** 0: any. */
  readonly port: number
  /** What peers are told to connect to; absent: the port that is open. */
  readonly advertisedPort?: number | undefined
  /** Secret and certificates of the cluster; see `TcpDataTransportOptions`. */
  readonly security?: TransportSecurity | undefined
  /** The network thread ended by itself: the TaskManager cannot go on. */
  readonly onFatalError: (error: Error) => void
}

/** Speaks with the network thread, from the main thread. */
export class ThreadedNetworkIo implements NetworkIo {
  readonly dataPort: number
  readonly #worker: Worker
  readonly #log: Logger
  readonly #waiting = new Map<number, () => void>()
  #nextId = 0
  #hasExited = false
  #closing: Promise<void> | undefined

  private constructor(worker: Worker, dataPort: number, log: Logger, onFatal: (e: Error) => void) {
    this.#worker = worker
    this.dataPort = dataPort
    this.#log = log
    worker.on('message', (report: NetworkThreadReport) => this.#onReport(report))
    let failure: Error | undefined
    worker.on('error', (error) => {
      failure = error
    })
    worker.once('exit', (code) => {
      this.#hasExited = true
      for (const resolve of this.#waiting.values()) resolve()
      this.#waiting.clear()
      if (this.#closing !== undefined) return
      onFatal(
        new FlinkError(`The network thread of the TaskManager ended (exit code ${code})`, {
          code: 'FLINK_NETWORK_THREAD_LOST',
          cause: failure,
        }),
      )
    })
  }

  /** @throws FlinkError FLINK_DATA_PORT when the port cannot be opened */
  static async start(
    world: NetworkIoWorld,
    options: ThreadedNetworkIoOptions,
  ): Promise<ThreadedNetworkIo> {
    const data: NetworkThreadData = {
      context: world.context.handle(),
      bell: world.bell,
      resourceId: world.resourceId,
      partitionRequestTimeoutMs: world.partitionRequestTimeoutMs,
      bindHost: options.bindHost,
      port: options.port,
      security: options.security && transportSecurityHandle(options.security),
    }
    const worker = new Worker(new URL('./network-thread.js', import.meta.url), {
      workerData: data,
      name: 'flink-network',
    })
    const first = await firstReport(worker)
    if (first.type === 'started') {
      const port = options.advertisedPort ?? first.dataPort
      return new ThreadedNetworkIo(worker, port, world.log, options.onFatalError)
    }
    await worker.terminate()
    const message = first.type === 'startFailed' ? first.message : `unexpected ${first.type}`
    throw new FlinkError(message, { code: 'FLINK_DATA_PORT' })
  }

  registerPartition(partition: ServedPartition): void {
    this.#send({ type: 'registerPartition', partition })
  }

  releasePartitions(partitionIds: readonly string[]): Promise<void> {
    return this.#call((id) => ({ type: 'releasePartitions', id, partitionIds }))
  }

  openGate(gate: RemoteGate): void {
    this.#send({ type: 'openGate', gate })
  }

  closeGate(gateId: string): Promise<void> {
    return this.#call((id) => ({ type: 'closeGate', id, gateId }))
  }

  failConnection(resourceId: string, reason: string): void {
    this.#send({ type: 'failConnection', resourceId, reason })
  }

  close(): Promise<void> {
    this.#closing ??= this.#call((id) => ({ type: 'close', id })).then(async () => {
      await this.#worker.terminate()
    })
    return this.#closing
  }

  #send(command: NetworkThreadCommand): void {
    this.#worker.postMessage(command)
  }

  #call(command: (id: number) => NetworkThreadCommand): Promise<void> {
    // A thread that is gone touches nothing any more.
    if (this.#hasExited) return Promise.resolve()
    const id = this.#nextId++
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#send(command(id))
    })
  }

  #onReport(report: NetworkThreadReport): void {
    if (report.type === 'log') this.#log[report.level](report.message, report.fields)
    if (report.type !== 'done') return
    this.#waiting.get(report.id)?.()
    this.#waiting.delete(report.id)
  }
}

function firstReport(worker: Worker): Promise<NetworkThreadReport> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (report: NetworkThreadReport) => {
      worker.off('error', reject)
      resolve(report)
    })
  })
}

/** For `ShuffleEnvironmentOptions.io`: connections over TCP in a thread of their own. */
export function threadedNetworkIo(
  options: ThreadedNetworkIoOptions,
): (world: NetworkIoWorld) => Promise<NetworkIo> {
  return (world) => ThreadedNetworkIo.start(world, options)
}
