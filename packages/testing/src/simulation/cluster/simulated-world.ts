import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Clock,
  FileSystemRegistry,
  type FileSystems,
  InMemoryFileSystem,
  type LogFields,
  type LogLevel,
  type Random,
  SeededRandom,
} from '@flink-ts/core'
import { type RpcService, type SimulatedNetworkEvent, SimulatedRpcNetwork } from '@flink-ts/rpc'
import { FaultCounts } from '../nemesis/fault-counts.js'
import { CALM_NETWORK, type NetworkFaults, SeededRpcPolicy } from '../network/seeded-rpc-policy.js'
import { SimulatedDataNetwork } from '../network/simulated-data-network.js'
import { VirtualTime } from '../time/virtual-time.js'
import { SCRATCH_PREFIX, SimulationTrace, type TraceEvent } from '../trace/simulation-trace.js'
import type { FileObserver } from './process-file-system.js'
import { SimulatedCoordination } from './simulated-coordination.js'

/** A log line of a simulated process, of any level. */
export interface LogObservation {
  /** Name of the process. */
  readonly source: string
  readonly level: LogLevel
  readonly message: string
  /** With those of the logger. */
  readonly fields: LogFields
}

export interface SimulatedWorldOptions {
  /** All chance of the run. */
  readonly seed: number
  readonly faults?: NetworkFaults | undefined
  /** There is a ZooKeeper, so that several JobManagers may run. With Flink keys of the cluster. Default: there is none. */
  readonly highAvailability?: Readonly<Record<string, string>> | undefined
  /** Errors keep their stacks; the trace hash is another one then. */
  readonly stackTraces?: boolean | undefined
  /** Log lines of level debug count as well; the trace hash is another one then. */
  readonly debug?: boolean | undefined
  /** Nothing is recorded: no hash, no last events. For large clusters. Default false. */
  readonly withoutTrace?: boolean | undefined
  /** Hears of each event of the trace, as it happens. */
  readonly onTraceEvent?: ((event: TraceEvent) => void) | undefined
}

/** What all simulated processes share: time, chance, the networks, files, and the record of what happened. */
export class SimulatedWorld {
  /** Wall-clock time of the world at virtual time 0. */
  readonly epochMs = Date.UTC(2026, 0, 1)
  readonly time: VirtualTime
  readonly random: Random
  readonly trace: SimulationTrace
  readonly faults = new FaultCounts()
  readonly policy: SeededRpcPolicy
  readonly rpcNetwork: SimulatedRpcNetwork
  readonly dataNetwork: SimulatedDataNetwork
  /** Undefined: the cluster has no high availability. */
  readonly coordination: SimulatedCoordination | undefined
  readonly files: InMemoryFileSystem
  readonly fileSystems: FileSystems
  /** Hear of what JobManagers of a highly available cluster do to files. */
  readonly fileObservers = new Set<FileObserver>()
  readonly debug: boolean
  /** Called with every log line. */
  onLog: (observation: LogObservation) => void = () => {}
  /** Called with everything that the RPC network does. */
  onRpc: (event: SimulatedNetworkEvent) => void = () => {}
  #scratch: string | undefined
  /** By link, the call whose request was delivered last. */
  readonly #lastDelivered = new Map<string, number>()
  /** What went wrong beyond repair, first things first. */
  readonly violations: string[] = []

  constructor(options: SimulatedWorldOptions) {
    this.debug = options.debug ?? false
    this.time = new VirtualTime({ stackTraces: options.stackTraces ?? false })
    this.random = new SeededRandom(options.seed)
    this.trace = new SimulationTrace({
      now: () => this.time.now(),
      listener: options.onTraceEvent,
      off: options.withoutTrace,
    })
    this.policy = new SeededRpcPolicy(options.faults ?? CALM_NETWORK, (kind) =>
      this.faults.add(kind),
    )
    const clock = this.time
    // Each part has chance of its own, so that one more draw here does not change everything there.
    this.rpcNetwork = new SimulatedRpcNetwork({
      clock,
      random: this.forkRandom(),
      policy: this.policy,
      onEvent: (event) => this.#traceRpc(event),
    })
    this.dataNetwork = new SimulatedDataNetwork({
      clock,
      random: this.forkRandom(),
      trace: this.trace,
      latencyMs: (from, to, random) => this.policy.delayMs({ from, to }, random),
    })
    this.coordination =
      options.highAvailability && new SimulatedCoordination(this, options.highAvailability)
    this.files = new InMemoryFileSystem({
      clock: { ...clockOf(clock), now: () => this.epochMs + Math.floor(clock.now()) },
      random: this.forkRandom(),
      scheme: 'file',
    })
    this.fileSystems = new FileSystemRegistry([this.files])
  }

  /** A real folder for files that are read and written at once; gone with {@link dispose}. */
  get scratchFolder(): string {
    this.#scratch ??= mkdtempSync(join(tmpdir(), SCRATCH_PREFIX))
    return this.#scratch
  }

  /** Gives back what the world has outside of this process. Idempotent. */
  dispose(): void {
    if (this.#scratch !== undefined) rmSync(this.#scratch, { recursive: true, force: true })
    this.#scratch = undefined
  }

  createRpcService(address: string, clock: Clock): RpcService {
    return this.rpcNetwork.createService({ address, clock })
  }

  forkRandom(): Random {
    return new SeededRandom(this.random.nextInt(0x1_0000_0000))
  }

  /** Something happened that must never happen: the run ends after this step. */
  violated(what: string): void {
    this.violations.push(what)
    this.trace.add('checker', `VIOLATION ${what}`)
    this.time.fail(new InvariantViolation(what))
  }

  /** A good network reorders a little as well; that is no fault. */
  #countReordering({ from, to, callId }: Delivery): void {
    const link = `${from} ${to}`
    const last = this.#lastDelivered.get(link) ?? -1
    if (callId > last) this.#lastDelivered.set(link, callId)
    else if (this.policy.faults !== CALM_NETWORK) this.faults.add('request overtaken')
  }

  #traceRpc(event: SimulatedNetworkEvent): void {
    this.onRpc(event)
    const { kind } = event
    if (kind === 'deliver') this.#countReordering(event)
    if (this.trace.isOff) return
    if ('callId' in event) {
      const { callId, from, to, endpointId, method } = event
      const outcome = 'outcome' in event ? ` ${event.outcome}` : ''
      const reason = 'reason' in event ? ` (${event.reason})` : ''
      const text = `${kind} #${callId} ${from} -> ${to}/${endpointId}.${method}${outcome}${reason}`
      this.trace.add('rpc', text, 'payload' in event ? event.payload : undefined)
    } else if ('address' in event) {
      this.trace.add('rpc', `${kind} ${event.address}`)
    } else {
      this.trace.add('rpc', `${kind} ${event.from} -> ${event.to}`)
    }
  }
}

type Delivery = Extract<SimulatedNetworkEvent, { kind: 'deliver' }>

/** A simulated cluster did what it must never do. */
export class InvariantViolation extends Error {
  constructor(what: string) {
    super(what)
    this.name = 'InvariantViolation'
  }
}

function clockOf(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    monotonicNow: () => clock.monotonicNow(),
    schedule: (delayMs, action) => clock.schedule(delayMs, action),
  }
}
