import { ClientOptions } from '@flink-ts/core'
import type { OperationPatience } from '@flink-ts/rest/client'
import type { ActionContext } from './action.js'

/** How long commands wait for a savepoint or checkpoint, as Flink's do: `client.timeout`. */
export function patience({
  configuration,
}: Pick<ActionContext, 'configuration'>): OperationPatience {
  return { withinMs: configuration.get(ClientOptions.CLIENT_TIMEOUT) }
}
