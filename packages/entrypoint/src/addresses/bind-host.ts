import type { ConfigOption, Configuration } from '@flink-ts/core'
import { numericLoopback } from './loopback.js'

/**
 * Where a server listens: where `option` says, else at the very address under which it is to be reached. So it is on
 * loopback only, unless somebody configured another address.
 *
 * @param reachedAt the host that peers are told
 */
export function bindHost(
  configuration: Configuration,
  option: ConfigOption<string>,
  reachedAt: string,
): string {
  return numericLoopback(configuration.getOptional(option) ?? reachedAt)
}
