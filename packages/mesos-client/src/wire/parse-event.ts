import type { SchedulerEvent } from '../scheduler/scheduler-events.js'
import { JsonReader } from './json-reader.js'
import { parseInverseOffer, parseOffer } from './parse-offer.js'
import { parseTaskStatus } from './parse-task-status.js'

/** A record of the stream. */
export type MasterEvent =
  | SchedulerEvent
  | {
      readonly type: 'SUBSCRIBED'
      readonly frameworkId: string
      readonly heartbeatIntervalMs: number | undefined
    }
  | { readonly type: 'HEARTBEAT' }
  | { readonly type: 'ERROR'; readonly message: string }
  /** Of a newer Mesos, or of no concern. */
  | { readonly type: 'skipped'; readonly what: string }

/**
 * Reads one record of the stream. Unknown types, fields and values of enumerations are skipped.
 *
 * @throws MesosProtocolError that says what is wrong where
 */
export function parseEvent(record: Uint8Array): MasterEvent {
  const { buffer, byteOffset, byteLength } = record
  // Messages of executors are any bytes: they must not end a subscription.
  const text = Buffer.from(buffer, byteOffset, byteLength).toString()
  const reader = JsonReader.of(text, 'An event of the master')
  const type = reader.optionalString('type')
  const parse = type !== undefined && Object.hasOwn(PARSERS, type) ? PARSERS[type] : undefined
  return parse?.(reader) ?? { type: 'skipped', what: type ?? 'an event without a type' }
}

/** Longer ones are none: a master that is gone has to be noticed some day. */
const MAX_HEARTBEAT_SECONDS = 3_600

function isInterval(seconds: number | undefined): seconds is number {
  return seconds !== undefined && seconds > 0 && seconds <= MAX_HEARTBEAT_SECONDS
}

/** Undefined: to be skipped. */
const PARSERS: Readonly<Record<string, (reader: JsonReader) => MasterEvent | undefined>> = {
  SUBSCRIBED: (reader) => {
    const subscribed = reader.object('subscribed')
    const seconds = subscribed.optionalNumber('heartbeat_interval_seconds')
    return {
      type: 'SUBSCRIBED',
      frameworkId: subscribed.id('framework_id'),
      heartbeatIntervalMs: isInterval(seconds) ? seconds * 1000 : undefined,
    }
  },
  HEARTBEAT: () => ({ type: 'HEARTBEAT' }),
  ERROR: (reader) => ({ type: 'ERROR', message: reader.object('error').string('message') }),
  OFFERS: (reader) => ({
    type: 'OFFERS',
    offers: reader.object('offers').objects('offers').map(parseOffer),
  }),
  RESCIND: (reader) => ({ type: 'RESCIND', offerId: reader.object('rescind').id('offer_id') }),
  INVERSE_OFFERS: (reader) => ({
    type: 'INVERSE_OFFERS',
    inverseOffers: reader.object('inverse_offers').objects('inverse_offers').map(parseInverseOffer),
  }),
  RESCIND_INVERSE_OFFER: (reader) => ({
    type: 'RESCIND_INVERSE_OFFER',
    inverseOfferId: reader.object('rescind_inverse_offer').id('inverse_offer_id'),
  }),
  UPDATE: (reader) => {
    const status = parseTaskStatus(reader.object('update').object('status'))
    return status && { type: 'UPDATE', status }
  },
  MESSAGE: (reader) => {
    const message = reader.object('message')
    return {
      type: 'MESSAGE',
      agentId: message.id('agent_id'),
      executorId: message.id('executor_id'),
      data: Buffer.from(message.optionalString('data') ?? '', 'base64'),
    }
  },
  FAILURE: (reader) => {
    const failure = reader.object('failure')
    const agentId = failure.optionalId('agent_id')
    const executorId = failure.optionalId('executor_id')
    const status = failure.optionalNumber('status')
    return {
      type: 'FAILURE',
      ...(agentId !== undefined && { agentId }),
      ...(executorId !== undefined && { executorId }),
      ...(status !== undefined && { status }),
    }
  },
}
