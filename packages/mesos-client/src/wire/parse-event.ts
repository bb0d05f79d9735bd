import { MesosProtocolError } from '../mesos-protocol-error.js'
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

/** An event, or one offer of one, that cannot be read; the stream goes on. */
export interface Unreadable {
  readonly what: 'offer' | 'inverse offer' | 'event'
  /** Of the event. */
  readonly type: string
  /** Of the offer, if that can be read. */
  readonly id?: string
  readonly error: MesosProtocolError
}

/**
 * Reads one record of the stream. Unknown types, fields and values of enumerations are skipped, but for states of tasks; so is what cannot be read, offer by
 * offer: the master would say it again in the next subscription.
 *
 * @throws MesosProtocolError that says what is wrong where, if it is no JSON object, or decides on the subscription itself
 */
export function parseEvent(
  record: Uint8Array,
  onUnreadable: (unreadable: Unreadable) => void,
): MasterEvent {
  const { buffer, byteOffset, byteLength } = record
  // Messages of executors are any bytes: they must not end a subscription.
  const text = Buffer.from(buffer, byteOffset, byteLength).toString()
  const reader = JsonReader.of(text, 'An event of the master')
  let what = 'an event without a type'
  try {
    const type = reader.optionalString('type')
    what = type ?? what
    const parse = type !== undefined && Object.hasOwn(PARSERS, type) ? PARSERS[type] : undefined
    return parse?.(reader, onUnreadable) ?? { type: 'skipped', what }
  } catch (error) {
    if (!(error instanceof MesosProtocolError) || DECISIVE.has(what)) throw error
    onUnreadable({ what: 'event', type: what, error })
    return { type: 'skipped', what }
  }
}

/** Without them nobody knows whether there is a subscription. */
const DECISIVE: ReadonlySet<string> = new Set(['SUBSCRIBED', 'ERROR'])

/** Longer ones are none: a master that is gone has to be noticed some day. */
const MAX_HEARTBEAT_SECONDS = 3_600

function isInterval(seconds: number | undefined): seconds is number {
  return seconds !== undefined && seconds > 0 && seconds <= MAX_HEARTBEAT_SECONDS
}

type Parser = (
  reader: JsonReader,
  onUnreadable: (unreadable: Unreadable) => void,
) => MasterEvent | undefined

/** Undefined: to be skipped. */
const PARSERS: Readonly<Record<string, Parser>> = {
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
  OFFERS: (reader, onUnreadable) => ({
    type: 'OFFERS',
    offers: reader
      .object('offers')
      .readEach('offers', parseOffer, unreadableOffer('offer', 'OFFERS', onUnreadable)),
  }),
  RESCIND: (reader) => ({ type: 'RESCIND', offerId: reader.object('rescind').id('offer_id') }),
  INVERSE_OFFERS: (reader, onUnreadable) => ({
    type: 'INVERSE_OFFERS',
    inverseOffers: reader
      .object('inverse_offers')
      .readEach(
        'inverse_offers',
        parseInverseOffer,
        unreadableOffer('inverse offer', 'INVERSE_OFFERS', onUnreadable),
      ),
  }),
  RESCIND_INVERSE_OFFER: (reader) => ({
    type: 'RESCIND_INVERSE_OFFER',
    inverseOfferId: reader.object('rescind_inverse_offer').id('inverse_offer_id'),
  }),
  UPDATE: (reader) => ({
    type: 'UPDATE',
    status: parseTaskStatus(reader.object('update').object('status')),
  }),
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

function unreadableOffer(
  what: 'offer' | 'inverse offer',
  type: string,
  onUnreadable: (unreadable: Unreadable) => void,
) {
  return (error: MesosProtocolError, reader: JsonReader | undefined) => {
    const id = reader === undefined ? undefined : idOf(reader)
    onUnreadable({ what, type, ...(id !== undefined && { id }), error })
  }
}

function idOf(reader: JsonReader): string | undefined {
  try {
    return reader.optionalId('id')
  } catch {
    // That is what cannot be read, or a part of it.
    return undefined
  }
}
