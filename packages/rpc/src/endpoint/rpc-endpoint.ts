import type { Clock, Logger } from '@flink-ts/core'
import type { FencingToken } from '../fencing-token.js'
import type { GatewayDefinition } from '../gateway-definition.js'
import type { Authorize, RpcServer, RpcService } from '../rpc-service.js'
import { MainThreadExecutor } from './main-thread-executor.js'

export interface RpcEndpointOptions {
  rpcService: RpcService
  /** Unique within the service; peers name it in `connect`. */
  endpointId: string
  log: Logger
  clock: Clock
  /**
   * Given what an action of the main thread throws (never what a gateway method throws: that
   * goes to its caller). By default it is logged and becomes an uncaught exception.
   */
  onFatalError?: (error: unknown) => void
}

/**
 * A component that is called by RPC and whose state has one writer, its main thread.
 *
 * A subclass calls {@link serve} in its {@link onStart}. Life cycle: `start()` runs `onStart` in
 * the main thread; `close()` refuses new calls, runs `onStop` in the main thread, then fails the
 * calls still in flight, drops waiting actions and cancels timers.
 */
export abstract class RpcEndpoint {
  readonly endpointId: string
  protected readonly rpcService: RpcService
  protected readonly log: Logger
  protected readonly clock: Clock
  protected readonly mainThread: MainThreadExecutor
  #server: RpcServer | undefined
  #started: Promise<void> | undefined
  #closed: Promise<void> | undefined

  constructor(options: RpcEndpointOptions) {
    this.endpointId = options.endpointId
    this.rpcService = options.rpcService
    this.log = options.log
    this.clock = options.clock
    this.mainThread = new MainThreadExecutor({
      name: `Endpoint ${options.endpointId}`,
      clock: options.clock,
      onFatalError: options.onFatalError ?? ((error) => this.#crash(error)),
    })
  }

  /** `host:port` under which peers reach this endpoint, by its {@link endpointId}. */
  get address(): string {
    return this.rpcService.address
  }

  /** Runs `onStart`; rejects with what it throws. Idempotent. After `close()` it rejects. */
  start(): Promise<void> {
    this.#started ??= this.mainThread.call(() => this.onStart())
    return this.#started
  }

  /**
   * Ends the endpoint and rejects with what `onStop` throws, after everything else was ended all
   * the same. Idempotent. `onStop` runs only if `start()` was called, and not before `onStart`
   * has ended. Must not be awaited by `onStart`; a handler may call but not await it.
   */
  close(): Promise<void> {
    this.#closed ??= this.#doClose()
    return this.#closed
  }

  /** First action of the main thread. */
  protected onStart(): void | Promise<void> {}

  /** Last action of the main thread. */
  protected onStop(): void | Promise<void> {}

  /** Accepts calls from now on. Once per endpoint; ended by {@link close}. */
  protected serve<G extends object>(
    definition: GatewayDefinition<G>,
    handler: G,
    options: { authorize?: Authorize } = {},
  ): void {
    if (this.#closed !== undefined) return
    this.#server = this.rpcService.startServer({
      ...options,
      endpointId: this.endpointId,
      definition,
      handler,
      mainThread: this.mainThread,
      fencingToken: () => this.acceptedFencingToken(),
    })
  }

  /** See `ServerOptions.fencingToken`; a plain endpoint is not fenced. */
  protected acceptedFencingToken(): FencingToken | undefined | 'unfenced' {
    return 'unfenced'
  }

  async #doClose(): Promise<void> {
    this.#server?.stopAccepting()
    try {
      if (this.#started !== undefined) {
        // Whoever called start() has been told of its failure.
        await this.#started.catch(() => {})
        await this.mainThread.call(() => this.onStop())
      }
    } finally {
      await this.#server?.close()
      this.mainThread.close()
    }
  }

  #crash(error: unknown): void {
    this.log.error('Fatal error in the main thread of an endpoint', {
      endpointId: this.endpointId,
      error,
    })
    queueMicrotask(() => {
      throw error
    })
  }
}
