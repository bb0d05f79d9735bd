import type { FieldDescription, TypeDescription } from '@flink-ts/core'

/** Makes a value of the new type from one of the old. */
export type Convert = (value: unknown) => unknown

/** Values for fields that the snapshot does not have, by path such as `address.city` or `items[].price`. */
export type StateDefaults = Readonly<Record<string, unknown>>

/** An incompatibility within a type; the caller knows of which state. */
export class Mismatch {
  readonly field: string
  readonly oldType: TypeDescription | string
  readonly newType: TypeDescription
  readonly remedy: string

  constructor(
    field: string,
    types: { old: TypeDescription | string; new: TypeDescription },
    remedy: string,
  ) {
    this.field = field
    this.oldType = types.old
    this.newType = types.new
    this.remedy = remedy
  }
}

/** Whether there is a default for exactly this path. */
export function hasDefault(defaults: StateDefaults, path: string): boolean {
  return Object.hasOwn(defaults, path)
}

export function fieldPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** Sets a field whatever its name. */
export function setField(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

/** What to do about a field that the snapshot lacks. @throws Mismatch if nothing is known */
export function missingField(
  { name, type }: FieldDescription,
  path: string,
  defaults: StateDefaults,
): Convert | undefined {
  const at = fieldPath(path, name)
  if (hasDefault(defaults, at)) return () => defaults[at]
  if (type.kind === 'optional') return undefined
  throw new Mismatch(
    at,
    { old: 'not there', new: type },
    `declare it as Types.optional(…), or give a default for "${at}"`,
  )
}
