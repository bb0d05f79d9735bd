import { createHash } from 'node:crypto'
import type { OperatorId } from './ids.js'

/**
 * The id of an operator with a uid: only the uid matters, so the operator keeps its id, and its state,
 * whatever changes around it.
 */
export function operatorIdOfUid(uid: string): OperatorId {
  return createHash('sha256').update(`uid\n${uid}`).digest('hex').slice(0, 32) as OperatorId
}
