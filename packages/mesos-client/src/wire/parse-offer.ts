import type { InverseOffer, Offer } from '../records/offer.js'
import type { JsonReader } from './json-reader.js'
import { parseAttribute, parseResource } from './parse-resource.js'

const NANOSECONDS_PER_MS = 1_000_000

export function parseOffer(reader: JsonReader): Offer {
  const agentAddress = addressOf(reader)
  const unavailableFromMs = unavailableFrom(reader)
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
    ...(unavailableFromMs !== undefined && { unavailableFromMs }),
  }
}

export function parseInverseOffer(reader: JsonReader): InverseOffer {
  const agentId = reader.optionalId('agent_id')
  return {
    id: reader.id('id'),
    ...(agentId !== undefined && { agentId }),
    unavailableFromMs:
      reader.object('unavailability').object('start').number('nanoseconds') / NANOSECONDS_PER_MS,
  }
}

function unavailableFrom(reader: JsonReader): number | undefined {
  const start = reader.optionalObject('unavailability')?.object('start')
  return start && start.number('nanoseconds') / NANOSECONDS_PER_MS
}

function addressOf(reader: JsonReader): string | undefined {
  const address = reader.optionalObject('url')?.optionalObject('address')
  const host = address?.optionalString('hostname') ?? address?.optionalString('ip')
  const port = address?.optionalNumber('port')
  if (host === undefined || port === undefined) return undefined
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
