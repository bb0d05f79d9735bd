import {
  type ConfigOption,
  type ConfigOptionWithDefault,
  HIDDEN_VALUE,
  isSensitiveKey,
} from './config-option.js'
import { IllegalConfigurationError } from './illegal-configuration-error.js'

/** Configuration keys and their values as text; options give them types when they are read. */
export class Configuration {
  readonly #values: Map<string, string>

  constructor() {
    this.#values = new Map()
  }

  /** A configuration with the entries of `values`. */
  static fromMap(values: Readonly<Record<string, string>>): Configuration {
    const configuration = new Configuration()
    for (const [key, value] of Object.entries(values)) configuration.#values.set(key, value)
    return configuration
  }

  /**
   * The value of `option`, else its default (undefined if it has none).
   *
   * @throws IllegalConfigurationError naming key, value and what would be valid
   */
  get<T>(option: ConfigOptionWithDefault<T>): T
  get<T>(option: ConfigOption<T>): T | undefined
  get<T>(option: ConfigOption<T>): T | undefined {
    return this.getOptional(option) ?? option.defaultValue
  }

  /**
   * The value that was set for `option` (under its key, else under its deprecated keys in order);
   * the default does not count.
   *
   * @throws IllegalConfigurationError naming key, value and what would be valid
   */
  getOptional<T>(option: ConfigOption<T>): T | undefined {
    const key = this.keyInUse(option)
    if (key === undefined) return undefined
    if (!this.#values.has(key)) {
      // A map may also be given as one key per entry, as nested YAML is.
      return new Map(Object.entries(this.withPrefix(`${key}.`))) as T
    }
    const text = this.#values.get(key)!
    const value = option.type.parse(text)
    if (value !== undefined) return value
    const shown = option.sensitive || isSensitiveKey(key) ? HIDDEN_VALUE : text
    throw new IllegalConfigurationError(
      `Cannot use the value '${shown}' of configuration key '${key}': expected ${option.type.expected}`,
      { key },
    )
  }

  /** The text under `key` itself; no default, no deprecated keys. */
  getString(key: string): string | undefined {
    return this.#values.get(key)
  }

  /** Which of the option's keys is set, the main one first; undefined if none is. */
  keyInUse(option: ConfigOption<unknown>): string | undefined {
    const keys = [option.key, ...option.deprecatedKeys]
    const key = keys.find((candidate) => this.#values.has(candidate))
    if (key !== undefined || option.type.name !== 'Map') return key
    return keys.find((candidate) => Object.keys(this.withPrefix(`${candidate}.`)).length > 0)
  }

  /** Sets `option` under its main key. */
  set<T>(option: ConfigOption<T>, value: T): this {
    this.#values.set(option.key, option.type.format(value))
    return this
  }

  /** Sets a key as text, without looking at it. */
  setString(key: string, value: string): this {
    this.#values.set(key, value)
    return this
  }

  /** Removes an option (all of its keys) or a key; nothing happens if it is not set. */
  remove(optionOrKey: ConfigOption<unknown> | string): this {
    for (const key of keysOf(optionOrKey)) this.#values.delete(key)
    if (typeof optionOrKey !== 'string' && optionOrKey.type.name === 'Map') {
      for (const key of keysOf(optionOrKey)) {
        for (const entry of Object.keys(this.withPrefix(`${key}.`))) {
          this.#values.delete(`${key}.${entry}`)
        }
      }
    }
    return this
  }

  /** Whether an option (under any of its keys) or a key is set; a default does not count. */
  contains(optionOrKey: ConfigOption<unknown> | string): boolean {
    if (typeof optionOrKey === 'string') return this.#values.has(optionOrKey)
    return this.keyInUse(optionOrKey) !== undefined
  }

  /** All keys that are set, sorted. */
  keys(): string[] {
    return [...this.#values.keys()].sort()
  }

  /** A copy of all entries, sorted by key. Contains sensitive values. */
  toMap(): Record<string, string> {
    return Object.fromEntries(this.keys().map((key) => [key, this.#values.get(key)!]))
  }

  /** Like {@link toMap}, for logs and REST: sensitive values, and passwords in URLs, are `******`. */
  toDisplayMap(): Record<string, string> {
    return Object.fromEntries(
      this.keys().map((key) => [key, displayed(key, this.#values.get(key)!)]),
    )
  }

  /** The entries whose keys start with `prefix`, without it. */
  withPrefix(prefix: string): Record<string, string> {
    const keys = this.keys().filter((key) => key.startsWith(prefix) && key !== prefix)
    return Object.fromEntries(keys.map((key) => [key.slice(prefix.length), this.#values.get(key)!]))
  }

  /** An independent copy. */
  clone(): Configuration {
    return new Configuration().merge(this)
  }

  /** Takes over all entries of `other`, which win over those that are here; returns this. */
  merge(other: Configuration): this {
    for (const [key, value] of other.#values) this.#values.set(key, value)
    return this
  }
}

function displayed(key: string, value: string): string {
  if (isSensitiveKey(key)) return HIDDEN_VALUE
  return value.replace(/(:\/\/[^\s/:@]*:)[^\s/]+(?=@)/g, `$1${HIDDEN_VALUE}`)
}

function keysOf(optionOrKey: ConfigOption<unknown> | string): readonly string[] {
  if (typeof optionOrKey === 'string') return [optionOrKey]
  return [optionOrKey.key, ...optionOrKey.deprecatedKeys]
}
