import assert from 'node:assert/strict'
import type { SimulatedNetworkEvent } from '@flink-ts/rpc'
import type { ZooKeeperOperation } from '@flink-ts/zookeeper-client'
import type { FileObserver } from '../cluster/process-file-system.js'
import { HA_STORAGE } from '../cluster/simulated-coordination.js'
import type { LogObservation, SimulatedWorld } from '../cluster/simulated-world.js'
import type { ZooKeeperObserver } from '../zookeeper/zookeeper-observer.js'

export interface CrashPointsOptions {
  readonly world: SimulatedWorld
  /** Name of the process whose steps count. */
  readonly process: string
  /** Kills it. */
  readonly crash: () => void
  /** Number of the step at which it dies, from 0. Default: at none, as when steps are counted. */
  readonly at?: number | undefined
  /** Calls of the process, whose arrival and answer are steps. */
  readonly methods?: readonly string[]
  /** Messages of log lines that are steps, as they say that something is done. */
  readonly messages?: readonly string[]
}

/**
 * The steps of one process between {@link begin} and {@link end} that others can see or that outlive it: each change in
 * ZooKeeper and each file operation, before and after it, calls and answers, and what it says. At one of them it dies.
 * The same run without the death has the same steps up to there.
 */
export class CrashPoints implements FileObserver, ZooKeeperObserver {
  readonly #options: CrashPointsOptions
  readonly #steps: string[] = []
  #isActive = false
  #diedAt: string | undefined

  constructor(options: CrashPointsOptions) {
    this.#options = options
    const { world } = options
    assert(world.coordination !== undefined, 'the cluster is highly available')
    world.coordination.observers.add(this)
    world.fileObservers.add(this)
    const { onLog, onRpc } = world
    world.onLog = (observation) => {
      onLog(observation)
      this.#onLog(observation)
    }
    world.onRpc = (event) => {
      onRpc(event)
      this.#onRpc(event)
    }
  }

  /** What was done, in order, without what differs between jobs and terms. */
  get steps(): readonly string[] {
    return this.#steps
  }

  /** The step at which the process died, if it did. */
  get diedAt(): string | undefined {
    return this.#diedAt
  }

  begin(): void {
    this.#isActive = true
  }

  end(): void {
    this.#isActive = false
  }

  onSend(client: string, operations: readonly ZooKeeperOperation[]): void {
    if (client === this.#options.process) this.#step(`before ${describe(operations)}`)
  }

  onCommitted(client: string, operations: readonly ZooKeeperOperation[]): void {
    if (client === this.#options.process) this.#step(`after ${describe(operations)}`)
  }

  onFileOperation(process: string, operation: string, moment: 'before' | 'after'): void {
    if (process === this.#options.process) this.#step(`${moment} ${operation}`)
  }

  #onLog({ source, message }: LogObservation): void {
    const { process, messages = [] } = this.#options
    if (source === process && messages.includes(message)) this.#step(`says '${message}'`)
  }

  #onRpc(event: SimulatedNetworkEvent): void {
    const { process, methods = [] } = this.#options
    if (event.kind !== 'send' && event.kind !== 'reply') return
    if (!event.to.startsWith(`${process}:`) || !methods.includes(event.method)) return
    this.#step(`${event.kind === 'send' ? 'call of' : 'answer to'} ${event.method}`, true)
  }

  /** @param after the step is done as the one who tells of it returns: the process dies right after that */
  #step(label: string, after = false): void {
    if (!this.#isActive) return
    const { at, world, crash } = this.#options
    const index = this.#steps.push(withoutIds(label)) - 1
    if (index !== at) return
    this.#isActive = false
    this.#diedAt = this.#steps[index]
    if (after) world.time.schedule(0, crash)
    else crash()
  }
}

function describe(operations: readonly ZooKeeperOperation[]): string {
  return operations.map(({ type, path }) => `${type} ${path}`).join(', ')
}

function withoutIds(label: string): string {
  return label
    .replaceAll(/\/flink\/[^/ ]+\//g, '')
    .replaceAll(`${HA_STORAGE}/`, 'storage:')
    .replaceAll(/latch-[0-9a-f-]+/g, '<latch>')
    .replaceAll(/\d{10,}-[0-9a-f]+/g, '<file>')
    .replaceAll(/[0-9a-f]{32,}/g, '<id>')
    .replaceAll(/\b\d{19}\b/g, '<n>')
    .replaceAll(/[0-9a-f]{16}/g, '<id>')
    .replaceAll(/(\/|chk-)\d+/g, '$1<n>')
}
