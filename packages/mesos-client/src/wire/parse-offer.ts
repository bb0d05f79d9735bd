import { hostAndPort } from '@flink-ts/core'
import type { InverseOffer, Offer } from '../records/offer.js'
import type { JsonReader } from './json-reader.js'
import { parseAttribute, parseResource } from './parse-resource.js'

const NANOSECONDS_PER_MS = 1_000_000

export function parseOffer(reader: JsonReader): Offer {
  const agentAddress = addressOf(reader)
  const unavailability = reader.optionalObject('unavailability')
  return {
    id: reader.id('id'),
    agentId: reader.id('agent_id'),
    hostname: reader.string('hostname'),
    ...(agentAddress !== undefined && { agentAddress }),
    role: reader.optionalObject('allocation_info')?.optionalString('role') ?? '*',
    resources: reader.objects('resources').flatMap((resource) => parseResource(resource) ?? []),
    attributes: reader
      .objects('attributes')
      .flatMap((attribute) => parseAttribute(attribute) ?? []),
    ...(unavailability !== undefined && windowOf(unavailability)),
  }
}

export function parseInverseOffer(reader: JsonReader): InverseOffer {
  const agentId = reader.optionalId('agent_id')
  return {
    id: reader.id('id'),
    ...(agentId !== undefined && { agentId }),
    ...windowOf(reader.object('unavailability')),
  }
}

function windowOf(unavailability: JsonReader): {
  unavailableFromMs: number
  unavailableUntilMs?: number
} {
  const from = unavailability.object('start').number('nanoseconds')
  const duration = unavailability.optionalObject('duration')?.number('nanoseconds')
  return {
    unavailableFromMs: from / NANOSECONDS_PER_MS,
    ...(duration !== undefined && { unavailableUntilMs: (from + duration) / NANOSECONDS_PER_MS }),
  }
}

function addressOf(reader: JsonReader): string | undefined {
  const address = reader.optionalObject('url')?.optionalObject('address')
  const host = address?.optionalString('hostname') ?? address?.optionalString('ip')
  const port = address?.optionalNumber('port')
  if (host === undefined || port === undefined) return undefined
  return hostAndPort(host, port)
}
