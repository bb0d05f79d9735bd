import jute, {
  type JuteRecord,
  type JuteTransactionResult,
  type JuteTransactionStep,
} from 'node-zookeeper-client/lib/jute/index.js'
import { translateCode } from './error-codes.js'
import { toStat } from './stat.js'
import type {
  CreateOptions,
  ZooKeeperOperation,
  ZooKeeperOperationResult,
} from './zookeeper-client.js'
import { ZooKeeperError } from './zookeeper-error.js'

const { OP_CODES } = jute

/** The library's own builder takes version 0 as any; its message takes versions as they are. */
export function toTransaction(
  operations: readonly ZooKeeperOperation[],
  acl: readonly JuteRecord[],
): JuteRecord {
  const acls = acl.map((entry) => ({ toRecord: () => entry }))
  return new jute.TransactionRequest(operations.map((operation) => toStep(operation, acls)))
}

function toStep(
  operation: ZooKeeperOperation,
  acls: JuteTransactionStep['acls'] & {},
): JuteTransactionStep {
  const { path } = operation
  switch (operation.type) {
    case 'check':
      return { type: OP_CODES.CHECK, path, version: operation.version }
    case 'create':
      return {
        type: OP_CODES.CREATE,
        path,
        data: Buffer.from(operation.data),
        mode: createMode(operation),
        acls,
      }
    case 'set-data':
      return {
        type: OP_CODES.SET_DATA,
        path,
        data: Buffer.from(operation.data),
        version: operation.version,
      }
    case 'remove':
      return { type: OP_CODES.DELETE, path, version: operation.version }
  }
}

export function createMode({ ephemeral, sequential }: CreateOptions): number {
  return (ephemeral ? 1 : 0) + (sequential ? 2 : 0)
}

/** @throws ZooKeeperError of the step at fault */
export function readTransaction(
  operations: readonly ZooKeeperOperation[],
  results: readonly JuteTransactionResult[],
): ZooKeeperOperationResult[] {
  // Steps before the one at fault have 0, and those behind it have a code that says that they were not tried.
  const fault = results.findIndex(({ type, err }) => type === OP_CODES.ERROR && err !== 0)
  if (fault >= 0) {
    const operation = operations[fault]
    throw new ZooKeeperError({
      ...translateCode(results[fault]?.err ?? 0),
      operation: `${describe(operation)}, step ${fault} of a transaction of ${operations.length}`,
      operationIndex: fault,
      ...(operation === undefined ? {} : { path: operation.path }),
    })
  }
  return results.map((result) => {
    switch (result.type) {
      case OP_CODES.CREATE:
        return { type: 'create', path: result.path! }
      case OP_CODES.SET_DATA:
        return { type: 'set-data', stat: toStat(result.stat!) }
      case OP_CODES.DELETE:
        return { type: 'remove' }
      default:
        return { type: 'check' }
    }
  })
}

function describe(operation: ZooKeeperOperation | undefined): string {
  if (operation === undefined) return 'do something'
  return `${operation.type.replaceAll('-', ' ')} ${operation.path}`
}
