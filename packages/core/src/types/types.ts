import type { PrimitiveKind, TypeDescription, TypeInformation, TypeOf } from './type-information.js'

type AnyType = TypeDescription
type OptionalNames<F> = { [N in keyof F]: undefined extends TypeOf<F[N]> ? N : never }[keyof F]
/** Fields that may be undefined may be absent too. */
type ObjectOf<F> = Flat<
  { [N in Exclude<keyof F, OptionalNames<F>>]: TypeOf<F[N]> } & {
    [N in OptionalNames<F>]?: TypeOf<F[N]>
  }
>
type Flat<T> = { [N in keyof T]: T[N] }

function primitive<T>(kind: PrimitiveKind): TypeInformation<T> {
  return { kind }
}

/**
 * Declares the types of records and state.
 *
 * @example
 * const order = Types.object({ id: Types.string, amount: Types.double, note: Types.optional(Types.string) })
 * type Order = TypeOf<typeof order> // { id: string; amount: number; note?: string | undefined }
 */
export const Types = {
  string: primitive<string>('string'),
  /** An integer of 32 bits. */
  int: primitive<number>('int'),
  /** An integer of 64 bits. */
  long: primitive<bigint>('long'),
  double: primitive<number>('double'),
  boolean: primitive<boolean>('boolean'),
  date: primitive<Date>('date'),
  bytes: primitive<Uint8Array>('bytes'),

  tuple<const E extends readonly AnyType[]>(
    ...elements: E
  ): TypeInformation<{ -readonly [I in keyof E]: TypeOf<E[I]> }> {
    return { kind: 'tuple', elements }
  },

  object<F extends Readonly<Record<string, AnyType>>>(fields: F): TypeInformation<ObjectOf<F>> {
    const entries = Object.entries(fields)
    return { kind: 'object', fields: entries.map(([name, type]) => ({ name, type })) }
  },

  list<E extends AnyType>(element: E): TypeInformation<TypeOf<E>[]> {
    return { kind: 'list', element }
  },

  map<K extends AnyType, V extends AnyType>(
    key: K,
    value: V,
  ): TypeInformation<Map<TypeOf<K>, TypeOf<V>>> {
    return { kind: 'map', key, value }
  },

  /** A value or undefined; as the field of an object it may be absent. */
  optional<E extends AnyType>(type: E): TypeInformation<TypeOf<E> | undefined> {
    return { kind: 'optional', type }
  },

  union<E extends readonly AnyType[]>(...types: E): TypeInformation<TypeOf<E[number]>> {
    return { kind: 'union', types }
  },

  /** One of these values. */
  enum<const V extends readonly (string | number)[]>(...values: V): TypeInformation<V[number]> {
    return { kind: 'enum', values }
  },
} as const
