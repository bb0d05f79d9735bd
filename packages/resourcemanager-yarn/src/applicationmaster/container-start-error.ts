import { FlinkError } from '@flink-ts/core'
import type { YarnResource } from '@flink-ts/hadoop-rpc'
import { describeResource } from './container-resource.js'
import type { TrackedContainer } from './tracked-container.js'

/** A container that was asked for is not wanted any more, or nobody leads who may want it. */
export function requestWithdrawn(): FlinkError {
  return new FlinkError('The request for a container was taken back', {
    code: 'FLINK_YARN_REQUEST_WITHDRAWN',
  })
}

/** A container came, but no TaskManager in it. */
export function containerStartFailed(
  { id, nodeId }: TrackedContainer,
  why: string,
  cause?: Error,
): FlinkError {
  return new FlinkError(`Container ${id} could not be started on ${nodeId.host}: ${why}`, {
    code: 'FLINK_YARN_CONTAINER_START',
    retriable: true,
    cause,
  })
}

/** YARN gives no container of such a size, with such a label or the like. */
export function sizeRefused(size: YarnResource, why: string, cause: Error): FlinkError {
  return new FlinkError(`YARN refuses to give a container of ${describeResource(size)}: ${why}`, {
    code: 'FLINK_YARN_CONTAINER_REFUSED',
    cause,
  })
}
