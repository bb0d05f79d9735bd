import assert from 'node:assert/strict'
import type { HadoopCallOptions } from '../yarn/protocols.js'
import { HadoopConnectionError } from './hadoop-errors.js'
import { type IpcAddress, parseIpcAddress } from './ipc-address.js'
import { IpcConnection } from './ipc-connection.js'
import {
  type IpcAuthentication,
  type IpcClientOptions,
  type IpcSettings,
  ipcSettings,
} from './ipc-settings.js'
import { OpenCall } from './open-call.js'
import { isStandby, RemoteException } from './remote-exception.js'

type Attempt = { readonly kind: 'answered' } | { readonly kind: 'refused'; readonly error: Error }

/**
 * Calls of one Hadoop protocol at one of several servers, of which one serves at a time. Connects when there is something to call;
 * goes to the next address when one cannot be reached or is standby. A call that was sent is never sent again unless the server said
 * that it did nothing.
 */
export class IpcClient {
  readonly #protocol: string
  readonly #addresses: readonly IpcAddress[]
  readonly #settings: IpcSettings
  readonly #clientId: Uint8Array
  readonly #calls = new Set<OpenCall>()
  #authentication: IpcAuthentication
  #index = 0
  #connection: { readonly value: IpcConnection; readonly ready: Promise<void> } | undefined
  #isClosed = false

  /**
   * @param protocol name of the Java interface, such as `org.apache.hadoop.yarn.api.ApplicationMasterProtocolPB`
   * @param addresses `host:port`, at least one
   * @throws HadoopConfigurationError if one of them is none
   */
  constructor(
    protocol: string,
    addresses: readonly string[],
    authentication: IpcAuthentication,
    options: IpcClientOptions,
  ) {
    assert.ok(addresses.length > 0, 'a client needs an address')
    this.#protocol = protocol
    this.#addresses = addresses.map(parseIpcAddress)
    this.#authentication = authentication
    this.#settings = ipcSettings(options)
    this.#clientId = Buffer.from(options.random.hex(16), 'hex')
  }

  /** All of them, for messages. */
  get addresses(): string {
    return this.#addresses.map(({ text }) => text).join(', ')
  }

  /** Of connections to come; the present one goes on. */
  set authentication(authentication: IpcAuthentication) {
    this.#authentication = authentication
  }

  /**
   * Calls a method; both sides are encoded messages.
   *
   * @throws RemoteException what the server threw
   * @throws HadoopConnectionError no answer; see its `outcome`
   * @throws HadoopAuthenticationError, HadoopProtocolError the connection cannot be used; nothing was sent
   */
  call(method: string, argument: Uint8Array, options: HadoopCallOptions = {}): Promise<Uint8Array> {
    const call = new OpenCall(method, argument, options, this.#settings, this.addresses)
    if (this.#isClosed) call.reject(this.#closedError('not-sent'))
    else void this.#run(call)
    return call.promise
  }

  /** Ends the connection; open calls fail. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#connection?.value.close(this.#closedError('unknown'))
    for (const call of this.#calls) call.reject(this.#closedError('not-sent'))
  }

  async #run(call: OpenCall): Promise<void> {
    this.#calls.add(call)
    const maxAttempts = this.#settings.maxRounds * this.#addresses.length
    for (let attempt = 1; !call.isOver; attempt++) {
      const result = await this.#attempt(call)
      if (call.isOver || result.kind === 'answered') break
      call.refused(result.error)
      if (!mayTryAgain(result.error)) call.reject(result.error)
      else if (attempt >= maxAttempts) call.reject(this.#nobodyServes(result.error))
      else if (attempt % this.#addresses.length === 0) {
        await this.#pause(call, attempt / this.#addresses.length)
      }
    }
    this.#calls.delete(call)
  }

  /** Ends when there is an answer, the call is over, or it was not carried out. Never rejects. */
  async #attempt(call: OpenCall): Promise<Attempt> {
    this.#connection ??= this.#connect()
    const { value: connection, ready } = this.#connection
    try {
      await ready
    } catch (error) {
      return { kind: 'refused', error: error as Error }
    }
    if (call.isOver) return { kind: 'answered' }
    if (connection.isClosed) return this.#attempt(call)
    return await new Promise<Attempt>((resolve) => {
      const noLonger = call.whenOver(() => resolve({ kind: 'answered' }))
      const callId = connection.send(call.method, call.argument, {
        answered: (result) => call.resolve(result),
        failed: (error) => {
          if (!isStandby(error) || !(error instanceof RemoteException)) {
            call.reject(error)
            return
          }
          noLonger()
          // The next one may serve.
          connection.close(this.#error(connection.address, 'is standby', error))
          resolve({ kind: 'refused', error })
        },
      })
      call.sentOver(connection, callId)
    })
  }

  #connect(): { readonly value: IpcConnection; readonly ready: Promise<void> } {
    const index = this.#index
    let isReady = false
    let value!: IpcConnection
    const ready = new Promise<void>((resolve, reject) => {
      value = new IpcConnection(
        this.#addresses[index]!,
        this.#protocol,
        this.#authentication,
        this.#clientId,
        this.#settings,
        {
          ready: () => {
            isReady = true
            resolve()
          },
          closed: (error) => {
            if (this.#connection?.value === value) this.#connection = undefined
            // Whoever has served until now is asked first.
            if (!isReady || isStandby(error)) this.#goOnFrom(index, error)
            reject(error)
          },
        },
      )
    })
    // Whoever waits hears of it; perhaps all have given up.
    ready.catch(() => {})
    return { value, ready }
  }

  #goOnFrom(index: number, error: Error): void {
    if (this.#addresses.length === 1 || this.#index !== index) return
    this.#index = (index + 1) % this.#addresses.length
    this.#settings.log.info('The next server of Hadoop is asked', {
      protocol: this.#protocol,
      from: this.#addresses[index]!.text,
      to: this.#addresses[this.#index]!.text,
      reason: error.message,
    })
  }

  #pause(call: OpenCall, round: number): Promise<void> {
    const { clock, initialBackoffMs, maxBackoffMs } = this.#settings
    return new Promise((resolve) => {
      const delayMs = Math.min(maxBackoffMs, initialBackoffMs * 2 ** (round - 1))
      const cancel = clock.schedule(delayMs, () => {
        noLonger()
        resolve()
      })
      const noLonger = call.whenOver(() => {
        cancel()
        resolve()
      })
    })
  }

  /** Of several servers the last failure alone would mislead. */
  #nobodyServes(error: Error): Error {
    if (this.#addresses.length === 1) return error
    return new HadoopConnectionError(`None of ${this.addresses} serves: ${error.message}`, {
      address: this.addresses,
      outcome: 'not-sent',
      cause: error,
    })
  }

  #closedError(outcome: 'unknown' | 'not-sent'): HadoopConnectionError {
    const address = this.#addresses[this.#index]!.text
    return new HadoopConnectionError(`The client of ${address} was closed`, { address, outcome })
  }

  #error(address: string, reason: string, cause: Error): HadoopConnectionError {
    return new HadoopConnectionError(`${address} ${reason}`, { address, outcome: 'unknown', cause })
  }
}

function mayTryAgain(error: Error): boolean {
  return (
    isStandby(error) || (error instanceof HadoopConnectionError && error.outcome === 'not-sent')
  )
}
