import assert from 'node:assert/strict'
import type { Logger } from '@flink-ts/core'
import { EndpointClosedError } from '../errors/endpoint-closed-error.js'
import { RpcMessageError } from '../errors/rpc-message-error.js'
import { formatFencingToken, sameFencingToken } from '../fencing-token.js'
import type { MethodDefinition } from '../gateway-definition.js'
import type { RpcServer, ServerOptions } from '../rpc-service.js'
import { encodeError } from './error-payload.js'
import type { Invocation, Reply } from './invocation.js'
import { encodeRefusal, type Refusal } from './refusal.js'

const MAX_STALE_REMEMBERED = 1000

type Handler = Record<string, (request: object) => Promise<object>>

interface ServedEndpoint {
  readonly options: ServerOptions<object>
  accepting: boolean
  /** Each answers one call in flight when the endpoint is closed. */
  readonly inFlight: Set<() => void>
}

/** The serving half of every transport: from an invocation to its reply. */
export class EndpointRegistry {
  readonly #maxMessageBytes: number
  readonly #log: Logger | undefined
  /** Callers with stale tokens that were logged. */
  readonly #stale = new Set<string>()
  readonly #endpoints = new Map<string, ServedEndpoint>()

  /** @param options.log gets to know of stale callers, each once */
  constructor(options: { maxMessageBytes: number; log?: Logger }) {
    this.#maxMessageBytes = options.maxMessageBytes
    this.#log = options.log
  }

  register<G extends object>(options: ServerOptions<G>): RpcServer {
    const { endpointId } = options
    assert(/^[\x21-\x7e]+$/.test(endpointId), `endpoint id "${endpointId}" is printable ASCII`)
    assert(!this.#endpoints.has(endpointId), `endpoint ${endpointId} is served once`)
    // The registry calls methods by name; the definition says which ones there are.
    const endpoint: ServedEndpoint = {
      options: options as unknown as ServerOptions<object>,
      accepting: true,
      inFlight: new Set(),
    }
    this.#endpoints.set(endpointId, endpoint)
    return {
      stopAccepting: () => {
        endpoint.accepting = false
      },
      close: async () => this.#remove(endpoint),
    }
  }

  /**
   * Answers every invocation, whatever it contains; never rejects.
   *
   * @param peer who calls, for the log
   */
  async dispatch(invocation: Invocation, peer = ''): Promise<Reply> {
    const endpoint = this.#endpoints.get(invocation.endpointId)
    if (endpoint?.accepting !== true) {
      return refuse({
        kind: 'unreachable',
        reason: `no endpoint ${invocation.endpointId} is there`,
      })
    }
    const { definition } = endpoint.options
    const subject = `${definition.name}.${invocation.method}`
    if (!Object.hasOwn(definition.methods, invocation.method)) {
      return refuse({
        kind: 'invalid-message',
        subject,
        field: '',
        problem: 'the endpoint has no such method',
      })
    }
    if (invocation.payload.byteLength > this.#maxMessageBytes) {
      return this.#refuseTooLarge(`${subject} request`, invocation.payload)
    }
    const method = (definition.methods as Record<string, MethodDefinition>)[invocation.method]!
    let request: object
    try {
      request = method.decodeRequest(invocation.payload)
    } catch (error) {
      return refuseInvalid(`${subject} request`, error)
    }
    return await new Promise<Reply>((resolve) => {
      const onClose = () =>
        resolve(
          refuse({
            kind: 'unreachable',
            reason: `endpoint ${invocation.endpointId} was closed during the call`,
          }),
        )
      endpoint.inFlight.add(onClose)
      void this.#invoke(endpoint, invocation, method, request, peer).then((reply) => {
        endpoint.inFlight.delete(onClose)
        resolve(reply)
      })
    })
  }

  /** Removes all endpoints. Idempotent. */
  close(): void {
    for (const endpoint of [...this.#endpoints.values()]) this.#remove(endpoint)
  }

  async #invoke(
    endpoint: ServedEndpoint,
    invocation: Invocation,
    method: MethodDefinition,
    request: object,
    peer: string,
  ): Promise<Reply> {
    const { mainThread, handler, definition } = endpoint.options
    let outcome: { refusal: Refusal } | { response: object }
    try {
      outcome = await mainThread.call(async () => {
        const refusal = fencingRefusal(endpoint, invocation)
        if (refusal !== undefined) return { refusal }
        endpoint.options.authorize?.(invocation.method, request, invocation.fencingToken)
        return { response: await (handler as Handler)[invocation.method]!(request) }
      })
    } catch (error) {
      if (error instanceof EndpointClosedError && mainThread.isClosed) {
        return refuse({ kind: 'unreachable', reason: error.message })
      }
      return { kind: 'handler-error', payload: encodeError(error) }
    }
    if ('refusal' in outcome) {
      if (outcome.refusal.kind === 'fencing') this.#tellStale(invocation, outcome.refusal, peer)
      return refuse(outcome.refusal)
    }
    const subject = `${definition.name}.${invocation.method} response`
    try {
      const payload = method.encodeResponse(outcome.response)
      if (payload.byteLength > this.#maxMessageBytes) return this.#refuseTooLarge(subject, payload)
      return { kind: 'response', payload }
    } catch (error) {
      return refuseInvalid(subject, error)
    }
  }

  /** Once for each caller's host and token: whoever is stale tries again and again. */
  #tellStale(invocation: Invocation, refusal: Refusal & { kind: 'fencing' }, peer: string): void {
    const { endpointId, method } = invocation
    const received = formatFencingToken(refusal.received)
    const key = `${endpointId} ${received} ${peer.replace(/:\d+$/, '')}`
    if (this.#log === undefined || this.#stale.has(key)) return
    // Forgetting all of them costs a line each, remembering all of them memory.
    if (this.#stale.size >= MAX_STALE_REMEMBERED) this.#stale.clear()
    this.#stale.add(key)
    const expected = formatFencingToken(refusal.expected)
    this.#log.warn('Refused a caller with a stale fencing token', {
      endpointId,
      method,
      peer,
      received,
      expected,
    })
  }

  #refuseTooLarge(subject: string, payload: Uint8Array): Reply {
    return refuse({
      kind: 'too-large',
      subject,
      sizeBytes: payload.byteLength,
      limitBytes: this.#maxMessageBytes,
    })
  }

  #remove(endpoint: ServedEndpoint): void {
    endpoint.accepting = false
    const { endpointId } = endpoint.options
    if (this.#endpoints.get(endpointId) === endpoint) this.#endpoints.delete(endpointId)
    for (const answer of endpoint.inFlight) answer()
    endpoint.inFlight.clear()
  }
}

function fencingRefusal(endpoint: ServedEndpoint, invocation: Invocation): Refusal | undefined {
  const expected = endpoint.options.fencingToken()
  if (expected === 'unfenced') return undefined
  if (expected === undefined) return { kind: 'not-leader' }
  const received = invocation.fencingToken
  return sameFencingToken(expected, received) ? undefined : { kind: 'fencing', expected, received }
}

function refuseInvalid(subject: string, error: unknown): Reply {
  if (error instanceof RpcMessageError) {
    const { subject, field, problem } = error
    return refuse({ kind: 'invalid-message', subject, field, problem })
  }
  return refuse({ kind: 'invalid-message', subject, field: '', problem: String(error) })
}

function refuse(refusal: Refusal): Reply {
  return { kind: 'refusal', payload: encodeRefusal(refusal) }
}
