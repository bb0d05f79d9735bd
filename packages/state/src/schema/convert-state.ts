import type { StateDescription } from '../snapshot/snapshot-description.js'
import { TimedValue } from '../snapshot/timed-value.js'
import { checkStateCompatibility, type StateMigration } from './check-state-compatibility.js'
import type { Convert, StateDefaults } from './migration.js'

/**
 * How what was stored of a state becomes what is declared: {@link checkStateCompatibility}, and besides values get or lose their
 * times when the state's time to live came or went. Those that get one count as accessed when they are restored.
 *
 * @returns undefined: as it is
 * @throws StateIncompatibleError (FLINK_STATE_INCOMPATIBLE)
 */
export function convertState(
  operatorName: string,
  stored: StateDescription,
  declared: StateDescription,
  options: { readonly defaults?: StateDefaults; readonly now: () => number },
): StateMigration | undefined {
  const migration = checkStateCompatibility(operatorName, stored, declared, options.defaults)
  const convertValue = withTimes(migration.convertValue, stored.ttl, declared.ttl, options.now)
  const { convertMapKey } = migration
  if (convertValue === undefined && convertMapKey === undefined) return undefined
  return { convertValue, convertMapKey }
}

function withTimes(
  convert: Convert | undefined,
  isTimed: true | undefined,
  becomesTimed: true | undefined,
  now: () => number,
): Convert | undefined {
  if (isTimed === undefined && becomesTimed === undefined) return convert
  const inner: Convert = convert ?? ((value) => value)
  if (isTimed === undefined) return (value) => new TimedValue(inner(value), now())
  if (becomesTimed === undefined) return (value) => inner((value as TimedValue).value)
  if (convert === undefined) return undefined
  return (value) => {
    const { value: held, lastAccessMs } = value as TimedValue
    return new TimedValue(inner(held), lastAccessMs)
  }
}
