import { UPPER_BOUND_MAX_PARALLELISM } from '@flink-ts/core'
import { InvalidProgramError } from '../functions/errors.js'
import type { OperatorSettings } from '../graph/transformation.js'

/** Settings of a new operator. */
export function newOperatorSettings(id: number, name: string): OperatorSettings {
  return {
    id,
    name,
    uid: undefined,
    parallelism: undefined,
    maxParallelism: undefined,
    slotSharingGroup: undefined,
    coLocationGroupKey: undefined,
    chainingStrategy: 'ALWAYS',
    outputType: undefined,
  }
}

/** @throws InvalidProgramError unless `value` is a whole number from 1 to 32768 */
export function checkParallelism(what: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= UPPER_BOUND_MAX_PARALLELISM) return value
  throw new InvalidProgramError(
    `Cannot use ${value} as ${what}: expected a whole number from 1 to ${UPPER_BOUND_MAX_PARALLELISM}`,
  )
}

/** @throws InvalidProgramError if `text` is not a text or is empty */
export function checkText(what: string, text: string): string {
  if (typeof text === 'string' && text !== '') return text
  throw new InvalidProgramError(`Cannot use ${JSON.stringify(text)} as ${what}: expected a text`)
}
