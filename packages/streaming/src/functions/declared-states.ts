import type { StateDeclaration } from '@flink-ts/core'
import type { DeclaredState } from '@flink-ts/runtime/program'
import { describeState } from '@flink-ts/state'
import { InvalidProgramError } from './errors.js'

const KINDS: readonly StateDeclaration['kind'][] = [
  'value',
  'list',
  'map',
  'reducing',
  'aggregating',
  'splitList',
  'unionList',
  'broadcast',
]

/**
 * The states that a function object tells of (`declaredStates`), for the JobGraph.
 *
 * @throws InvalidProgramError if it tells of what is no state
 */
export function declaredStates(fn: unknown): DeclaredState[] {
  if (typeof fn !== 'object' || fn === null) return []
  const { declaredStates: declared } = fn as { readonly declaredStates?: unknown }
  if (declared === undefined) return []
  if (!Array.isArray(declared)) throw notStates(declared)
  return declared.map((declaration: Partial<StateDeclaration> | null) => {
    const { kind, descriptor } = declaration ?? {}
    if (kind === undefined || !KINDS.includes(kind) || typeof descriptor?.name !== 'string') {
      throw notStates(declaration)
    }
    const { defaults } = descriptor
    return {
      ...describeState(kind, descriptor),
      ...(defaults !== undefined && { defaultedFields: Object.keys(defaults) }),
    }
  })
}

function notStates(found: unknown): InvalidProgramError {
  return new InvalidProgramError(
    `Cannot use ${JSON.stringify(found)} as declaredStates of a function: expected an array of { kind, descriptor } with a kind ` +
      `of ${KINDS.join(', ')}, and a descriptor with a name`,
  )
}
