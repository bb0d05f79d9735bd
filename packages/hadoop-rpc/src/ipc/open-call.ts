import type { CancelTimer } from '@flink-ts/core'
import type { HadoopCallOptions } from '../yarn/protocols.js'
import { HadoopConnectionError } from './hadoop-errors.js'
import type { IpcConnection } from './ipc-connection.js'
import type { IpcSettings } from './ipc-settings.js'

/** A call from its beginning to its end, over as many connections as it takes. Ends once. */
export class OpenCall {
  readonly method: string
  readonly argument: Uint8Array
  readonly promise: Promise<Uint8Array>
  #resolve!: (result: Uint8Array) => void
  #reject!: (error: unknown) => void
  #isOver = false
  #sent: { readonly connection: IpcConnection; readonly callId: number } | undefined
  #lastFailure: Error | undefined
  readonly #cancelTimer: CancelTimer
  readonly #signal: AbortSignal | undefined
  readonly #whenOver: (() => void)[] = []

  constructor(
    method: string,
    argument: Uint8Array,
    options: HadoopCallOptions,
    settings: IpcSettings,
    addresses: string,
  ) {
    this.method = method
    this.argument = argument
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    const timeoutMs = options.timeoutMs ?? settings.callTimeoutMs
    this.#cancelTimer = settings.clock.schedule(timeoutMs, () => {
      const address = this.#sent?.connection.address ?? addresses
      const outcome = this.#sent === undefined ? 'not-sent' : 'unknown'
      const sent = this.#sent
      const what = outcome === 'unknown' ? 'has no answer' : 'could not be sent'
      this.reject(
        new HadoopConnectionError(`${method} at ${address} ${what} within ${timeoutMs} ms`, {
          address,
          outcome,
          isTimeout: true,
          cause: this.#lastFailure,
        }),
        () => sent?.connection.expire(sent.callId),
      )
    })
    this.#signal = options.signal
    if (this.#signal?.aborted) this.#aborted()
    else this.#signal?.addEventListener('abort', this.#aborted)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  sentOver(connection: IpcConnection, callId: number): void {
    this.#sent = { connection, callId }
  }

  /** The server did nothing; the call is to be sent again. */
  refused(error: Error): void {
    this.#sent = undefined
    this.#lastFailure = error
  }

  resolve(result: Uint8Array): void {
    this.#sent = undefined
    this.#end(() => this.#resolve(result))
  }

  /** @param leave what becomes of the call at the server; default: it is forgotten */
  reject(error: unknown, leave?: () => void): void {
    this.#end(() => this.#reject(error), leave)
  }

  /** Runs `action` when the call ends before somebody else has done it. @returns to be called when it needs not be run any more */
  whenOver(action: () => void): () => void {
    this.#whenOver.push(action)
    return () => {
      const index = this.#whenOver.indexOf(action)
      if (index >= 0) this.#whenOver.splice(index, 1)
    }
  }

  readonly #aborted = () => this.reject(this.#signal?.reason)

  #end(settle: () => void, leave?: () => void): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelTimer?.()
    this.#signal?.removeEventListener('abort', this.#aborted)
    settle()
    const sent = this.#sent
    this.#sent = undefined
    if (leave !== undefined) leave()
    else sent?.connection.forget(sent.callId)
    for (const action of this.#whenOver.splice(0)) action()
  }
}
