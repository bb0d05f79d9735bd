import { type ConfigOption, type ConfigOptionWithDefault, isSensitiveKey } from './config-option.js'
import {
  type Bounds,
  booleanType,
  doubleType,
  durationType,
  enumType,
  intType,
  listType,
  longType,
  mapType,
  memorySizeType,
  type OptionType,
  portRangeType,
  stringType,
} from './option-type.js'

/** A {@link ConfigOption} that can be completed; each call gives a new one. */
export interface BuiltOption<T> extends ConfigOption<T> {
  withDescription(text: string): BuiltOption<T>
  withDeprecatedKeys(...keys: string[]): BuiltOption<T>
}

/** A {@link ConfigOptionWithDefault} that can be completed; each call gives a new one. */
export interface BuiltOptionWithDefault<T> extends ConfigOptionWithDefault<T> {
  withDescription(text: string): BuiltOptionWithDefault<T>
  withDeprecatedKeys(...keys: string[]): BuiltOptionWithDefault<T>
}

/** Second step of {@link ConfigOptions.key}: the default. */
export interface TypedOptionBuilder<T> {
  defaultValue(value: T): BuiltOptionWithDefault<T>
  noDefaultValue(): BuiltOption<T>
}

/** First step of {@link ConfigOptions.key}: the type. */
export interface OptionBuilder {
  stringType(): TypedOptionBuilder<string>
  booleanType(): TypedOptionBuilder<boolean>
  intType(bounds?: Bounds): TypedOptionBuilder<number>
  longType(bounds?: Bounds): TypedOptionBuilder<number>
  doubleType(bounds?: Bounds): TypedOptionBuilder<number>
  /** Milliseconds. */
  durationType(bounds?: Bounds): TypedOptionBuilder<number>
  /** Bytes. */
  memorySizeType(bounds?: Bounds): TypedOptionBuilder<number>
  enumType<const V extends string>(...values: readonly V[]): TypedOptionBuilder<V>
  listType(): TypedOptionBuilder<readonly string[]>
  mapType(): TypedOptionBuilder<ReadonlyMap<string, string>>
  /** Text that `parsePortRange` reads. */
  portRangeType(): TypedOptionBuilder<string>
  /** Of a form of its own. */
  ofType<T>(type: OptionType<T>): TypedOptionBuilder<T>
}

/**
 * Defines configuration options.
 *
 * @example
 * ConfigOptions.key('heartbeat.interval').durationType().defaultValue(10_000)
 *   .withDescription('Time between two heartbeat requests.')
 */
export const ConfigOptions = {
  key(key: string): OptionBuilder {
    return {
      stringType: () => typed(key, stringType),
      booleanType: () => typed(key, booleanType),
      intType: (bounds) => typed(key, intType(bounds)),
      longType: (bounds) => typed(key, longType(bounds)),
      doubleType: (bounds) => typed(key, doubleType(bounds)),
      durationType: (bounds) => typed(key, durationType(bounds)),
      memorySizeType: (bounds) => typed(key, memorySizeType(bounds)),
      enumType: (...values) => typed(key, enumType(values)),
      listType: () => typed(key, listType),
      mapType: () => typed(key, mapType),
      portRangeType: () => typed(key, portRangeType),
      ofType: (type) => typed(key, type),
    }
  },
} as const

function typed<T>(key: string, type: OptionType<T>): TypedOptionBuilder<T> {
  const parts = { key, type, description: '', deprecatedKeys: [] }
  return {
    defaultValue: (defaultValue) => completable({ ...parts, defaultValue }),
    noDefaultValue: () => completable<T, object>(parts),
  }
}

interface OptionParts<T> {
  readonly key: string
  readonly type: OptionType<T>
  readonly description: string
  readonly deprecatedKeys: readonly string[]
}

type Completable<T, D> = OptionParts<T> &
  D & {
    readonly sensitive: boolean
    withDescription(text: string): Completable<T, D>
    withDeprecatedKeys(...keys: string[]): Completable<T, D>
  }

function completable<T, D>(parts: OptionParts<T> & D): Completable<T, D> {
  return {
    ...parts,
    sensitive: isSensitiveKey(parts.key),
    withDescription: (description) => completable<T, D>({ ...parts, description }),
    withDeprecatedKeys: (...deprecatedKeys) => completable<T, D>({ ...parts, deprecatedKeys }),
  }
}
