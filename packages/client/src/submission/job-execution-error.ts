import type { SerializedError } from '@flink-ts/core'

export { JobExecutionError } from '@flink-ts/runtime/program'

/** The cause of a failure as REST tells it. */
export function failureCause(text: string | undefined): SerializedError | undefined {
  if (text === undefined) return undefined
  return JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as SerializedError
}
