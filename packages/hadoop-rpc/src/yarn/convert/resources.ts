import type { MessageInput } from '../../messages/message-codec.js'
import type { ResourceMessage } from '../../messages/messages.generated.js'
import type { YarnResource } from '../records.js'

const MEMORY = 'memory-mb'
const VCORES = 'vcores'

/** Powers of ten and two by the names that Hadoop gives them. */
const UNITS: Readonly<Record<string, number>> = {
  p: 1e-12,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
}

export function resourceToMessage(resource: YarnResource): MessageInput<ResourceMessage> {
  return {
    memory: BigInt(resource.memoryMb),
    virtualCores: resource.vcores,
    resourceValueMap: Object.entries(resource.others).map(([key, value]) => ({
      key,
      value: BigInt(value),
      units: '',
    })),
  }
}

export function resourceFromMessage(message: ResourceMessage | undefined): YarnResource {
  const others: Record<string, number> = {}
  for (const { key, value = 0n, units = '' } of message?.resourceValueMap ?? []) {
    if (key !== MEMORY && key !== VCORES) others[key] = Number(value) * (UNITS[units] ?? 1)
  }
  return { memoryMb: Number(message?.memory ?? 0n), vcores: message?.virtualCores ?? 0, others }
}
