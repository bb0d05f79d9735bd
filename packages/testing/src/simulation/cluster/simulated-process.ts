import type { FileSystem, Logger, Random } from '@flink-ts/core'
import { SeededRandom } from '@flink-ts/core'
import type { RpcService } from '@flink-ts/rpc'
import { ProcessClock } from '../time/process-clock.js'
import { ProcessExecutor } from '../time/process-executor.js'
import { TraceLogger } from '../trace/trace-logger.js'
import { ProcessFileSystem } from './process-file-system.js'
import type { SimulatedWorld } from './simulated-world.js'

/** One process of the simulated cluster: everything that the components in it are handed. */
export class SimulatedProcess {
  readonly name: string
  readonly clock: ProcessClock
  readonly random: Random
  readonly executor: ProcessExecutor
  readonly log: Logger
  readonly rpcService: RpcService
  /** Those of the world, until this process dies. */
  readonly files: FileSystem
  readonly #world: SimulatedWorld
  #state: 'running' | 'closed' | 'crashed' = 'running'

  /** @param name unique among the processes that run; also its host name */
  constructor(
    world: SimulatedWorld,
    options: { name: string; port: number; maxTurnMs?: number | undefined },
  ) {
    const { name, port, maxTurnMs } = options
    this.#world = world
    this.name = name
    this.random = new SeededRandom(world.random.nextInt(0x1_0000_0000))
    // Wall clocks of real machines differ a little.
    const wallOffsetMs = world.epochMs + world.random.nextInt(50)
    this.clock = new ProcessClock(world.time, wallOffsetMs)
    this.executor = new ProcessExecutor({ clock: this.clock, random: this.random, maxTurnMs })
    this.log = new TraceLogger(world.trace, name, {
      debug: world.debug,
      observe: (level, message, fields) => world.onLog({ source: name, level, message, fields }),
    })
    this.rpcService = world.createRpcService(`${name}:${port}`, this.clock)
    this.files = new ProcessFileSystem({
      fileSystem: world.files,
      process: name,
      isAlive: () => this.#state !== 'crashed',
      observers: world.fileObservers,
    })
  }

  get isRunning(): boolean {
    return this.#state === 'running'
  }

  /** Kills the process: nothing of it happens any more. */
  crash(options: { silent: boolean }): void {
    if (this.#state === 'crashed') return
    this.#world.trace.add(this.name, `crashes${options.silent ? ' silently' : ''}`)
    if (this.#state === 'running') this.#world.rpcNetwork.crash(this.rpcService.address, options)
    this.#state = 'crashed'
    this.#world.dataNetwork.crash(this, options)
    this.#world.coordination?.zooKeeper.crash(this.name)
    this.clock.kill()
  }

  /** The last step of an orderly end. */
  async close(): Promise<void> {
    if (this.#state !== 'running') return
    this.#state = 'closed'
    await this.rpcService.close()
  }
}
