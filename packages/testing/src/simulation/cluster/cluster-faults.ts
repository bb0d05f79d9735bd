import assert from 'node:assert/strict'
import { CALM_NETWORK, type NetworkFaults } from '../network/seeded-rpc-policy.js'
import type { CutNotice } from '../zookeeper/simulated-zookeeper-servers.js'
import type { ClusterManager, ContainerFaults } from './cluster-manager.js'
import type { ClusterTopology } from './cluster-topology.js'
import type { SimulatedProcess } from './simulated-process.js'
import type { SimulatedWorld } from './simulated-world.js'

/** Which messages a partition stops, seen from the process that it cuts off. */
export type PartitionDirection = 'both' | 'incoming' | 'outgoing'

export interface ClusterFaultsOptions {
  readonly world: SimulatedWorld
  readonly topology: ClusterTopology
  readonly clusterManager: ClusterManager | undefined
  /** The processor of a TaskManager takes so long for a turn, unless it is slow. */
  readonly maxTurnMs: number | undefined
  readonly onProcessEnded: (name: string) => void
}

/** Everything bad that can be done to a simulated cluster. Processes are named: `jm` or `jm-<n>`, `tm-<n>`. */
export class ClusterFaults {
  readonly #options: ClusterFaultsOptions
  /** Processes that stood still at some time, by address. */
  readonly #paused = new Map<string, SimulatedProcess>()

  constructor(options: ClusterFaultsOptions) {
    this.#options = options
    options.world.policy.pauseMs = (address) => this.#paused.get(address)?.clock.pauseMs ?? 0
  }

  /** Names of the processes that run. */
  get processes(): string[] {
    return this.#options.topology.processes.map(({ name }) => name)
  }

  /** Kills a TaskManager. `silent`: its peers see no broken connections, as when its machine is gone. */
  crashTaskManager(number: number, { silent = false }: { silent?: boolean } = {}): void {
    const { topology, clusterManager } = this.#options
    this.#crash('TaskManager', topology.removeTaskManager(number).process, silent)
    clusterManager?.workerEnded(number)
  }

  /** Kills a JobManager. Without high availability its jobs are gone. */
  crashJobManager(number: number, { silent = false }: { silent?: boolean } = {}): void {
    this.#crash('JobManager', this.#options.topology.removeJobManager(number).process, silent)
  }

  /** Nothing passes between this process and all others, or in one direction, until {@link heal}. */
  partition(name: string, direction: PartitionDirection = 'both'): void {
    const process = this.#process(name)
    const kind = direction === 'both' ? 'partition' : 'partition, one way'
    this.#note(kind, `partition of ${name}, ${direction}`)
    for (const other of this.#options.topology.processes) {
      if (other === process) continue
      if (direction !== 'outgoing') this.#block(other, process)
      if (direction !== 'incoming') this.#block(process, other)
    }
    // The coordination service is on the other side.
    if (this.#hasSession(process)) this.#coordination.zooKeeper.cut(name, { notice: 'late' })
  }

  /** Nothing passes from one process to another, until {@link heal}. */
  blockLink(from: string, to: string): void {
    this.#note('link blocked, one way', `nothing passes from ${from} to ${to}`)
    this.#block(this.#process(from), this.#process(to))
  }

  /** From now on messages are treated so. */
  network(faults: NetworkFaults): void {
    this.#options.world.trace.add('world', `network ${JSON.stringify(faults)}`)
    this.#options.world.policy.faults = faults
  }

  /** From now on requests for containers are treated so. */
  containers(faults: ContainerFaults): void {
    assert(this.#options.clusterManager !== undefined, 'there is a cluster manager')
    this.#options.clusterManager.faults = faults
  }

  /** The process stands still for a while; whatever comes for it waits. */
  pause(name: string, forMs: number): void {
    const process = this.#process(name)
    this.#note('process stands still', `${name} stands still for ${Math.round(forMs)} ms`)
    process.clock.pause(forMs)
    this.#paused.set(process.rpcService.address, process)
    const { coordination, time } = this.#options.world
    if (coordination === undefined || !this.#hasSession(process)) return
    coordination.zooKeeper.standStill(name)
    const goOn = () => {
      if (!this.#hasSession(process)) return
      // It may have been told to stand still once more.
      if (process.clock.pauseMs > 0) time.schedule(process.clock.pauseMs, goOn)
      else coordination.zooKeeper.goOn(name)
    }
    time.schedule(forMs, goOn)
  }

  /** The wall clock of a process is set. */
  jumpClock(name: string, byMs: number): void {
    this.#note('clock jump', `the clock of ${name} jumps by ${Math.round(byMs)} ms`)
    this.#process(name).clock.jump(byMs)
  }

  /** Tasks of a process run `factor` times slower, until {@link heal}. */
  slowDown(name: string, factor: number): void {
    this.#note('slow node', `${name} is slower by ${factor.toFixed(1)}`)
    this.#process(name).executor.maxTurnMs = (this.#options.maxTurnMs ?? 0.2) * factor
  }

  /** The leader loses its leadership, and hears of it; another JobManager, or the same one, leads next. */
  revokeLeadership(): void {
    this.#note('leadership revoked', 'the leadership is revoked')
    this.#coordination.revokeLeadership()
  }

  /** The leader loses its leadership and hears of it only after a while. */
  expireLeader(unnoticedForMs: number): void {
    const client = this.#coordination.leader
    if (client === undefined) return
    const { zooKeeper } = this.#coordination
    this.#note(
      'session expired',
      `the session of ${client} expires, unnoticed for ${Math.round(unnoticedForMs)} ms`,
    )
    const process = this.#process(client)
    zooKeeper.cut(client, { notice: 'late' })
    zooKeeper.expireSession(client)
    this.#options.world.time.schedule(unnoticedForMs, () => {
      if (this.#hasSession(process)) zooKeeper.restore(client)
    })
  }

  /** A process reaches all others but ZooKeeper, for a while; `late`: nothing passes, and no connection breaks. */
  cutFromZooKeeper(name: string, forMs: number, notice: CutNotice): void {
    const process = this.#process(name)
    if (!this.#hasSession(process)) return
    const { zooKeeper } = this.#coordination
    const kind = notice === 'late' ? 'ZooKeeper silent' : 'ZooKeeper cut'
    this.#note(kind, `${name} has no ZooKeeper for ${Math.round(forMs)} ms, noticed ${notice}`)
    zooKeeper.cut(name, { notice })
    this.#options.world.time.schedule(forMs, () => {
      if (this.#hasSession(process)) zooKeeper.restore(name)
    })
  }

  /** ZooKeeper has no quorum for a while. */
  loseQuorum(forMs: number): void {
    const { zooKeeper } = this.#coordination
    if (!zooKeeper.hasQuorum) return
    this.#note('quorum lost', `ZooKeeper has no quorum for ${Math.round(forMs)} ms`)
    zooKeeper.loseQuorum()
    this.#options.world.time.schedule(forMs, () => zooKeeper.restoreQuorum())
  }

  /** Ends partitions, slowness and losses. What crashed stays so. */
  heal(): void {
    const { world, topology, clusterManager, maxTurnMs = 0.2 } = this.#options
    world.trace.add('world', 'all faults end')
    world.policy.faults = CALM_NETWORK
    world.rpcNetwork.heal()
    world.dataNetwork.heal()
    for (const process of topology.processes) {
      process.executor.maxTurnMs = maxTurnMs
      if (this.#hasSession(process)) world.coordination?.zooKeeper.restore(process.name)
    }
    world.coordination?.zooKeeper.restoreQuorum()
    clusterManager?.heal()
  }

  get #coordination() {
    const { coordination } = this.#options.world
    assert(coordination !== undefined, 'the cluster is highly available')
    return coordination
  }

  #crash(component: string, process: SimulatedProcess, silent: boolean): void {
    this.#options.world.faults.add(`${component} crash${silent ? ', silent' : ''}`)
    process.crash({ silent })
    this.#options.onProcessEnded(process.name)
  }

  #block(from: SimulatedProcess, to: SimulatedProcess): void {
    const { rpcNetwork, dataNetwork } = this.#options.world
    rpcNetwork.block(from.rpcService.address, to.rpcService.address)
    dataNetwork.block(from.name, to.name)
  }

  #process(name: string): SimulatedProcess {
    const process = this.#options.topology.processes.find((each) => each.name === name)
    assert(process !== undefined, `process ${name} runs`)
    return process
  }

  #hasSession(process: SimulatedProcess): boolean {
    return this.#options.world.coordination !== undefined && process.isRunning
  }

  #note(kind: string, text: string): void {
    this.#options.world.faults.add(kind)
    this.#options.world.trace.add('world', text)
  }
}
