import { FlinkError } from '@flink-ts/core'
import type { LeaderAddress } from '@flink-ts/runtime'

/** One more when what is written cannot be read by earlier releases. */
const FORMAT = 1

/** The data of a `connection_info` node: JSON, in one way for one address. */
export function encodeLeaderInformation({ address, endpointId, token }: LeaderAddress): Buffer {
  const { epoch, uuid } = token
  return Buffer.from(JSON.stringify({ format: FORMAT, address, endpointId, epoch, uuid }))
}

/** @throws FlinkError that says what is wrong */
export function parseLeaderInformation(data: Uint8Array): LeaderAddress {
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(data).toString())
  } catch (cause) {
    throw malformed('it is not JSON', cause)
  }
  const { format, address, endpointId, epoch, uuid } = (parsed ?? {}) as Record<string, unknown>
  if (typeof format === 'number' && format !== FORMAT) {
    throw malformed(`it has format ${format}, this release reads ${FORMAT}`)
  }
  if (
    format !== FORMAT ||
    typeof address !== 'string' ||
    typeof endpointId !== 'string' ||
    typeof uuid !== 'string' ||
    !Number.isSafeInteger(epoch) ||
    (epoch as number) < 0
  ) {
    throw malformed('expected format, address, endpointId, epoch and uuid')
  }
  return { address, endpointId, token: { epoch: epoch as number, uuid } }
}

function malformed(why: string, cause?: unknown): FlinkError {
  return new FlinkError(`The address of a leader cannot be read: ${why}`, {
    code: 'FLINK_HA_LEADER_INFORMATION',
    cause,
  })
}
