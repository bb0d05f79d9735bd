import assert from 'node:assert/strict'
import type { CancelTimer } from '@flink-ts/core'
import { decodeMessage } from '../messages/message-codec.js'
import type { RpcResponseHeaderMessage } from '../messages/messages.generated.js'
import { DelimitedReader } from './delimited.js'
import {
  HadoopAuthenticationError,
  HadoopConnectionError,
  HadoopProtocolError,
} from './hadoop-errors.js'
import type { IpcAddress } from './ipc-address.js'
import {
  callPacket,
  connectionHeader,
  contextPacket,
  pingPacket,
  SASL_CALL_ID,
  saslPacket,
} from './ipc-packets.js'
import type { IpcAuthentication, IpcSettings } from './ipc-settings.js'
import type { IpcSocket } from './ipc-socket.js'
import { PacketReader } from './packet-reader.js'
import { RemoteException } from './remote-exception.js'
import { TokenNegotiation } from './sasl/token-negotiation.js'

type State = 'CONNECTING' | 'NEGOTIATING' | 'READY' | 'CLOSED'

const TRANSITIONS: Readonly<Record<State, readonly State[]>> = {
  CONNECTING: ['NEGOTIATING', 'READY', 'CLOSED'],
  NEGOTIATING: ['READY', 'CLOSED'],
  READY: ['CLOSED'],
  CLOSED: [],
}

/** What a server throws at whoever may not talk to it. */
const REFUSALS = new Set(['AccessControlException', 'AuthorizationException'])

/** What is told about a call that was sent; exactly one of the two, once. */
export interface AnswerHandler {
  answered(result: Uint8Array): void
  failed(error: Error): void
}

/** What is told to whoever made a connection. */
export interface ConnectionListener {
  ready(): void
  /** After `ready` or in place of it; open calls have been told before. */
  closed(error: Error): void
}

interface SentCall extends AnswerHandler {
  readonly method: string
  readonly sentAtMs: number
}

/** One connection to one server for one protocol; calls on it are answered in any order. */
export class IpcConnection {
  /** `host:port`. */
  readonly address: string
  readonly #protocol: string
  readonly #authentication: IpcAuthentication
  readonly #clientId: Uint8Array
  readonly #settings: IpcSettings
  readonly #listener: ConnectionListener
  readonly #reader: PacketReader
  readonly #calls = new Map<number, SentCall>()
  #state: State = 'CONNECTING'
  #negotiation: TokenNegotiation | undefined
  /** Goes out with the first call: a server that refuses closes, and what is written after that would lose its answer. */
  readonly #begin: Uint8Array[] = []
  #hasAnswered = false
  #nextCallId = 0
  #receivedAtMs: number
  #activeAtMs: number
  #socket: IpcSocket
  #cancelTimer: CancelTimer

  constructor(
    address: IpcAddress,
    protocol: string,
    authentication: IpcAuthentication,
    clientId: Uint8Array,
    settings: IpcSettings,
    listener: ConnectionListener,
  ) {
    this.address = address.text
    this.#protocol = protocol
    this.#authentication = authentication
    this.#clientId = clientId
    this.#settings = settings
    this.#listener = listener
    this.#reader = new PacketReader(settings.maxResponseBytes)
    this.#receivedAtMs = this.#activeAtMs = settings.clock.monotonicNow()
    this.#cancelTimer = settings.clock.schedule(settings.connectTimeoutMs, () => {
      this.#close(
        this.#connectionError(`did not connect within ${settings.connectTimeoutMs} ms`, {
          isTimeout: true,
        }),
      )
    })
    this.#socket = settings.connectSocket(address.host, address.port, {
      opened: () => this.#opened(),
      data: (bytes) => this.#received(bytes),
      closed: (error) => {
        const reason = error === undefined ? `closed the connection${this.#where()}` : error.message
        this.#close(this.#connectionError(reason, { cause: error }))
      },
    })
  }

  get isClosed(): boolean {
    return this.#state === 'CLOSED'
  }

  /** Sends a call; may be used once the connection is ready. @returns its id, for {@link forget} */
  send(method: string, argument: Uint8Array, handler: AnswerHandler): number {
    assert.equal(this.#state, 'READY')
    let callId = this.#nextCallId
    while (this.#calls.has(callId)) callId = following(callId)
    this.#nextCallId = following(callId)
    const now = this.#settings.clock.monotonicNow()
    this.#activeAtMs = now
    this.#calls.set(callId, {
      method,
      sentAtMs: now,
      answered: (result) => handler.answered(result),
      failed: (error) => handler.failed(error),
    })
    this.#begin.push(callPacket(callId, this.#clientId, this.#protocol, method, argument))
    this.#socket.write(this.#begin.length === 1 ? this.#begin[0]! : Buffer.concat(this.#begin))
    this.#begin.length = 0
    return callId
  }

  /** Nobody waits for a call any more; its answer is dropped. */
  forget(callId: number): void {
    this.#calls.delete(callId)
  }

  /** The time of a call is over. If the server was silent since it was sent, it is taken for gone, and the connection ends. */
  expire(callId: number): void {
    const call = this.#calls.get(callId)
    if (call === undefined) return
    this.#calls.delete(callId)
    if (this.#receivedAtMs >= call.sentAtMs) return
    const silentMs = Math.round(this.#settings.clock.monotonicNow() - call.sentAtMs)
    this.#close(this.#connectionError(`was silent for ${silentMs} ms`, { isTimeout: true }))
  }

  /** Ends it; open calls fail with `error`. */
  close(error: Error): void {
    this.#close(error)
  }

  #opened(): void {
    const header = connectionHeader(this.#authentication)
    if (this.#authentication.kind === 'simple') {
      this.#begin.push(header)
      this.#authenticated()
      return
    }
    this.#socket.write(header)
    this.#transition('NEGOTIATING')
    const cnonce = this.#settings.random.hex(16)
    this.#negotiation = new TokenNegotiation(this.#authentication.token, cnonce)
    this.#socket.write(saslPacket(this.#negotiation.first()))
  }

  #authenticated(): void {
    this.#cancelTimer()
    this.#begin.push(contextPacket(this.#clientId, this.#protocol, this.#authentication))
    this.#transition('READY')
    this.#activeAtMs = this.#settings.clock.monotonicNow()
    this.#armTimer()
    this.#listener.ready()
  }

  #received(bytes: Uint8Array): void {
    this.#receivedAtMs = this.#activeAtMs = this.#settings.clock.monotonicNow()
    try {
      for (const packet of this.#reader.push(bytes)) {
        if (this.#state === 'CLOSED') return
        this.#packet(packet)
      }
    } catch (error) {
      if (this.#state === 'CLOSED' || error instanceof assert.AssertionError) throw error
      this.#closeByFault(error as Error)
    }
  }

  #packet(packet: Uint8Array): void {
    const reader = new DelimitedReader(packet)
    const header = decodeMessage('RpcResponseHeader', reader.next())
    this.#hasAnswered = true
    const callId = header.callId | 0
    if (this.#state === 'NEGOTIATING') {
      this.#negotiate(header, callId, reader)
      return
    }
    const call = this.#calls.get(callId)
    if (header.status === 'SUCCESS') {
      // Of a call that was given up.
      if (call === undefined) return
      const result = reader.next()
      this.#calls.delete(callId)
      call.answered(result)
      return
    }
    const error = this.#remoteException(call?.method ?? 'The connection', header)
    if (call !== undefined) {
      this.#calls.delete(callId)
      call.failed(error)
    }
    if (header.status !== 'FATAL') return
    if (call !== undefined) {
      this.#close(this.#connectionError('closed the connection', { cause: error }))
    } else if (REFUSALS.has(error.simpleClassName)) {
      const message = `${error.simpleClassName}: ${error.remoteMessage}`
      this.#close(new HadoopAuthenticationError(this.address, message, error))
    } else {
      this.#close(error)
    }
  }

  #negotiate(header: RpcResponseHeaderMessage, callId: number, reader: DelimitedReader): void {
    if (header.status !== 'SUCCESS') {
      const cause = this.#remoteException('Authentication', header)
      throw new HadoopAuthenticationError(
        this.address,
        `${cause.simpleClassName}: ${cause.remoteMessage}`,
        cause,
      )
    }
    if (callId !== SASL_CALL_ID)
      throw new Error(`an answer to call ${callId} during authentication`)
    const message = decodeMessage('RpcSasl', reader.next())
    let reply: ReturnType<TokenNegotiation['next']>
    try {
      reply = this.#negotiation!.next(message)
    } catch (error) {
      throw new HadoopAuthenticationError(this.address, (error as Error).message, error)
    }
    if (reply === undefined) this.#authenticated()
    else this.#socket.write(saslPacket(reply))
  }

  #remoteException(method: string, header: RpcResponseHeaderMessage): RemoteException {
    const { exceptionClassName, errorMsg } = header
    return new RemoteException(method, exceptionClassName, errorMsg, { address: this.address })
  }

  #closeByFault(error: Error): void {
    if (error instanceof HadoopAuthenticationError) {
      this.#close(error)
      return
    }
    const fault = new HadoopProtocolError(this.address, error.message, error)
    const isLost = this.#state === 'READY' && this.#hasAnswered
    this.#close(isLost ? this.#connectionError(error.message, { cause: fault }) : fault)
  }

  #close(error: Error): void {
    if (this.#state === 'CLOSED') return
    this.#transition('CLOSED', error)
    this.#cancelTimer()
    this.#socket.destroy()
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    for (const call of calls) call.failed(error)
    this.#listener.closed(error)
  }

  #where(): string {
    if (!this.#reader.isBetweenPackets) return ' in the middle of an answer'
    return this.#state === 'NEGOTIATING' ? ' during authentication' : ''
  }

  #connectionError(
    reason: string,
    facts: { isTimeout?: boolean; cause?: unknown },
  ): HadoopConnectionError {
    const isReady = this.#state === 'READY'
    return new HadoopConnectionError(
      isReady
        ? `The connection to ${this.address} is lost: ${reason}`
        : `Could not connect to ${this.address}: ${reason}`,
      { address: this.address, outcome: isReady ? 'unknown' : 'not-sent', ...facts },
    )
  }

  /** One timer for both: pings while the server owes an answer, and the end of a connection that nobody uses. */
  #armTimer(): void {
    const { clock, pingIntervalMs, idleTimeoutMs } = this.#settings
    const isIdle = this.#calls.size === 0
    const dueAtMs = this.#activeAtMs + (isIdle ? idleTimeoutMs : pingIntervalMs)
    const restMs = Math.max(1, Math.ceil(dueAtMs - clock.monotonicNow()))
    this.#cancelTimer = clock.schedule(Math.min(restMs, idleTimeoutMs, pingIntervalMs), () => {
      const quietMs = clock.monotonicNow() - this.#activeAtMs
      if (this.#calls.size === 0 && quietMs >= idleTimeoutMs) {
        this.#close(this.#connectionError('nobody used it', {}))
        return
      }
      if (this.#calls.size > 0 && quietMs >= pingIntervalMs) {
        this.#socket.write(pingPacket(this.#clientId))
        this.#activeAtMs = clock.monotonicNow()
      }
      this.#armTimer()
    })
  }

  #transition(to: State, error?: Error): void {
    const from = this.#state
    assert.ok(TRANSITIONS[from].includes(to), `connection ${this.address}: ${from} -> ${to}`)
    this.#state = to
    this.#settings.log.debug('The state of a Hadoop connection changed', {
      address: this.address,
      protocol: this.#protocol,
      from,
      to,
      ...(error === undefined ? {} : { reason: error.message }),
    })
  }
}

const following = (callId: number) => (callId === 0x7fffffff ? 0 : callId + 1)
