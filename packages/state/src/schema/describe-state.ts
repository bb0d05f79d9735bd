import type { StateTtlConfig, TypeDescription } from '@flink-ts/core'
import type { StateDescription } from '../snapshot/snapshot-description.js'

/** A state as its descriptor declares it, in the words of a snapshot. */
export function describeState<K extends string>(
  kind: K,
  descriptor: {
    readonly name: string
    readonly type?: TypeDescription
    readonly keyType?: TypeDescription
    readonly ttl?: StateTtlConfig
  },
): StateDescription<K> {
  const { name, type, keyType, ttl } = descriptor
  const hasMapKeys = kind === 'map' || kind === 'broadcast'
  return {
    name,
    kind,
    type: type ?? 'dynamic',
    ...(hasMapKeys && { mapKeyType: keyType ?? 'dynamic' }),
    ...(ttl !== undefined && ttl.updateType !== 'Disabled' && { ttl: true }),
  }
}
