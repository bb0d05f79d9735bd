import type { StateDescription, StateType } from '../snapshot/snapshot-description.js'
import { migrateDeclared } from './migrate-declared.js'
import { describeStateType, migrateDynamic } from './migrate-dynamic.js'
import { type Convert, Mismatch, type StateDefaults } from './migration.js'
import { StateIncompatibleError } from './state-incompatible-error.js'

/** What happens to the values of one state when they are restored. Undefined: they are taken as they are. */
export interface StateMigration {
  /** @throws StateIncompatibleError for a `dynamic` value that is not of the declared type */
  readonly convertValue: Convert | undefined
  readonly convertMapKey: Convert | undefined
}

/**
 * Compares a state as it stands in a snapshot with what the program declares, before any task starts. Fields may come
 * (optional, or with a default) and go, types may widen; `dynamic` takes everything, and becomes a declared type value by
 * value.
 *
 * @param defaults for fields that the snapshot does not have, by path such as `address.city` or `items[].price`
 * @throws StateIncompatibleError (FLINK_STATE_INCOMPATIBLE) naming operator, state, field, both types and the remedy
 */
export function checkStateCompatibility(
  operatorName: string,
  stored: StateDescription,
  declared: StateDescription,
  defaults: StateDefaults = {},
): StateMigration {
  const stateName = declared.name
  if (stored.kind !== declared.kind) {
    throw new StateIncompatibleError({
      operatorName,
      stateName,
      field: '',
      oldType: `${stored.kind} state of ${describeStateType(stored.type)}`,
      newType: `${declared.kind} state of ${describeStateType(declared.type)}`,
      remedy: 'give the new state another name',
    })
  }
  const named = (mismatch: unknown): unknown => {
    if (!(mismatch instanceof Mismatch)) return mismatch
    const { field, remedy } = mismatch
    const oldType = describeStateType(mismatch.oldType)
    const newType = describeStateType(mismatch.newType)
    return new StateIncompatibleError({ operatorName, stateName, field, oldType, newType, remedy })
  }
  try {
    const { mapKeyType: storedKeys = 'dynamic', type: storedValues } = stored
    const convertMapKey = migrate(storedKeys, declared.mapKeyType ?? 'dynamic', '{key}', defaults)
    const convertValue = migrate(storedValues, declared.type, '', defaults)
    return {
      convertValue: convertValue && naming(convertValue, named),
      convertMapKey: convertMapKey && naming(convertMapKey, named),
    }
  } catch (error) {
    throw named(error)
  }
}

function migrate(
  stored: StateType,
  declared: StateType,
  path: string,
  defaults: StateDefaults,
): Convert | undefined {
  if (declared === 'dynamic') return undefined
  if (stored === 'dynamic') return migrateDynamic(declared, path, defaults)
  return migrateDeclared(stored, declared, path, defaults)
}

function naming(convert: Convert, named: (error: unknown) => unknown): Convert {
  return (value) => {
    try {
      return convert(value)
    } catch (error) {
      throw named(error)
    }
  }
}
