import type { CancelTimer, Clock, Logger, Random, ResourceId } from '@flink-ts/core'
import type {
  ApplicationStatus,
  ResourceEventHandler,
  ResourceManagerDriver,
  VersionedStore,
  WorkerHandle,
  WorkerRequestOptions,
  WorkerResourceSpec,
} from '@flink-ts/runtime'
import type { LocalProcesses, Termination, WorkerProcess } from './local-processes.js'
import type { WorkerRecords } from './records/worker-records.js'

export interface ProcessResourceManagerDriverOptions {
  readonly processes: LocalProcesses
  /** @param store of the term of leadership that begins */
  readonly records: (store: VersionedStore) => WorkerRecords
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Milliseconds in which a process that was asked to end does so by itself. */
  readonly shutdownTimeoutMs: number
}

const POLL_MS = 500

/**
 * Starts TaskManagers as processes of this machine. They outlive a JobManager that was killed: the next one on this machine finds
 * them by their process ids and start times, which are kept in a file, or where the cluster keeps its jobs if it has several
 * JobManagers. Without a next one they end after `taskmanager.registration.timeout`. In the end of the application all of them end.
 */
export class ProcessResourceManagerDriver implements ResourceManagerDriver {
  readonly name = 'process'
  readonly canStartWorkers = true
  readonly #options: ProcessResourceManagerDriverOptions
  readonly #workers = new Map<string, WorkerProcess>()
  /** Were asked to end, and when they are killed. */
  readonly #ending = new Map<WorkerProcess, CancelTimer>()
  readonly #recovered = new Set<WorkerProcess>()
  readonly #removals = new Set<Promise<void>>()
  #handler: ResourceEventHandler | undefined
  #records: WorkerRecords | undefined
  #cancelPoll: CancelTimer | undefined

  constructor(options: ProcessResourceManagerDriverOptions) {
    this.#options = options
  }

  async initialize(handler: ResourceEventHandler, store: VersionedStore): Promise<void> {
    this.#handler = handler
    this.#records = this.#options.records(store)
    const found = await this.#records.read()
    // Children of this process that another leader has released meanwhile are nobody's.
    const known = new Set(found.map(({ resourceId }) => resourceId))
    for (const resourceId of this.#workers.keys()) {
      if (!known.has(resourceId)) this.#workers.delete(resourceId)
    }
    for (const worker of found) {
      if (this.#workers.has(worker.resourceId)) continue
      this.#workers.set(worker.resourceId, worker)
      this.#recovered.add(worker)
    }
    const ids = [...this.#workers.keys()] as ResourceId[]
    handler.onPreviousAttemptWorkersRecovered(ids.map((resourceId) => ({ resourceId })))
    this.#poll()
  }

  /** @throws if the process cannot be started */
  async requestResource(
    spec: WorkerResourceSpec,
    { signal }: WorkerRequestOptions,
  ): Promise<WorkerHandle> {
    const { processes, random } = this.#options
    const records = this.#records
    if (records === undefined) throw new Error('This JobManager does not lead')
    const resourceId = `tm-${random.hex(6)}` as ResourceId
    const properties = { ...spec.dynamicProperties, 'taskmanager.resource-id': resourceId }
    let ended: Termination | undefined
    let worker: WorkerProcess | undefined
    worker = await processes.start(resourceId, properties, (termination) => {
      ended = termination
      if (worker !== undefined) this.#onEnded(worker, describeTermination(termination))
    })
    if (ended !== undefined) throw new Error(describeTermination(ended))
    this.#workers.set(resourceId, worker)
    try {
      await records.add(worker)
    } catch (error) {
      this.#end(worker)
      throw error
    }
    if (ended !== undefined) throw new Error(describeTermination(ended))
    if (signal.aborted) {
      this.#end(worker)
      throw new Error('The worker is not wanted any more')
    }
    return { resourceId }
  }

  releaseResource({ resourceId }: WorkerHandle): void {
    const worker = this.#workers.get(resourceId)
    if (worker !== undefined) this.#end(worker)
  }

  /** Resolves when no worker is left. */
  async deregisterApplication(status: ApplicationStatus, diagnostics: string): Promise<void> {
    const { log, clock } = this.#options
    log.info('The cluster ends, and its TaskManagers', { status, diagnostics })
    for (const worker of this.#workers.values()) this.#end(worker)
    while (this.#ending.size > 0) {
      await new Promise<void>((resolve) => void clock.schedule(20, resolve))
      this.#removeEnded()
    }
    await Promise.all(this.#removals)
  }

  async terminate(): Promise<void> {
    this.#handler = undefined
    this.#records?.close()
    await Promise.all(this.#removals)
    this.#records = undefined
    this.#cancelPoll?.()
    this.#cancelPoll = undefined
    for (const cancel of this.#ending.values()) cancel()
    this.#ending.clear()
  }

  #end(worker: WorkerProcess): void {
    if (this.#ending.has(worker)) return
    const { processes, clock, shutdownTimeoutMs, log } = this.#options
    processes.signal(worker, 'SIGTERM')
    const cancel = clock.schedule(shutdownTimeoutMs, () => {
      log.warn('A TaskManager did not end in time and is killed', { ...worker })
      processes.signal(worker, 'SIGKILL')
    })
    this.#ending.set(worker, cancel)
  }

  #onEnded(worker: WorkerProcess, diagnostics: string): void {
    if (this.#workers.get(worker.resourceId) !== worker) return
    this.#workers.delete(worker.resourceId)
    this.#recovered.delete(worker)
    this.#ending.get(worker)?.()
    this.#ending.delete(worker)
    const removal = this.#records?.remove(worker).finally(() => this.#removals.delete(removal!))
    if (removal !== undefined) this.#removals.add(removal)
    this.#handler?.onWorkerTerminated(worker.resourceId as ResourceId, diagnostics)
  }

  /** The end of processes that are not our children is not told to us. */
  #poll(): void {
    this.#removeEnded()
    if (this.#recovered.size === 0) return
    this.#cancelPoll = this.#options.clock.schedule(POLL_MS, () => this.#poll())
  }

  #removeEnded(): void {
    for (const worker of [...this.#recovered]) {
      if (this.#options.processes.isAlive(worker)) continue
      this.#onEnded(worker, 'it was started by an earlier JobManager: its exit code is not known')
    }
  }
}

/** What the end of a TaskManager process means, for people. */
export function describeTermination({ exitCode, signal }: Termination): string {
  if (signal === 'SIGABRT' || exitCode === 134) {
    return `process ended with ${signal ?? 'exit code 134'}: Node.js aborted, most likely because its heap was full (one growing array or Map is enough); see its .out file, and raise the memory of the TaskManager`
  }
  if (signal === 'SIGKILL' || exitCode === 137) {
    return `process ended with ${signal ?? 'exit code 137'}: it was killed, by somebody or by the system for want of memory`
  }
  return signal === null
    ? `process ended with exit code ${exitCode}`
    : `process ended with ${signal}`
}
