import type { Offer } from '@flink-ts/mesos-client'
import type { AttributeConstraint } from './launch-coordinator-settings.js'

/** @returns the first constraint that an agent does not meet */
export function violatedConstraint(
  { attributes }: Offer,
  constraints: readonly AttributeConstraint[],
): AttributeConstraint | undefined {
  return constraints.find(
    ({ attribute, value }) =>
      !attributes.some(({ name, text }) => name === attribute && text === value),
  )
}
