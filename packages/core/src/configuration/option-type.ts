import { formatDuration, parseDuration } from './duration.js'
import { formatMemorySize, parseMemorySize } from './memory-size.js'
import { parsePortRange } from './port-range.js'
import { formatMap, parseMap, quoteIfNeeded, splitQuoted } from './structured-text.js'

/** How the values of an option are written and read. */
export interface OptionType<T> {
  /** As in the documentation: `Duration`, `MemorySize`, `List<String>`, … */
  readonly name: string
  /** What would be valid, to follow "expected". */
  readonly expected: string
  /** @returns undefined if `text` is not a value of this type */
  parse(text: string): T | undefined
  /** Writes a value so that `parse` reads it back. */
  format(value: T): string
}

/** Limits of a number, both inclusive. */
export interface Bounds {
  readonly min?: number
  readonly max?: number
}

/** The largest `int`; stands for "infinite" as an option's default. */
export const INFINITE_INT = 0x7fff_ffff

const INTEGER = /^[+-]?\d+$/
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

export const stringType: OptionType<string> = {
  name: 'String',
  expected: 'a text',
  parse: (text) => text,
  format: (value) => value,
}

export const booleanType: OptionType<boolean> = {
  name: 'Boolean',
  expected: 'true or false',
  parse(text) {
    const lower = text.trim().toLowerCase()
    return lower === 'true' ? true : lower === 'false' ? false : undefined
  },
  format: String,
}

export function intType(bounds: Bounds = {}): OptionType<number> {
  return integerType('Integer', {
    min: bounds.min ?? -0x8000_0000,
    max: bounds.max ?? INFINITE_INT,
    described: bounds,
  })
}

/** Whole numbers up to 2^53 - 1, exactly. */
export function longType(bounds: Bounds = {}): OptionType<number> {
  return integerType('Long', {
    min: bounds.min ?? Number.MIN_SAFE_INTEGER,
    max: bounds.max ?? Number.MAX_SAFE_INTEGER,
    described: bounds,
  })
}

function integerType(
  name: string,
  limits: { min: number; max: number; described: Bounds },
): OptionType<number> {
  return {
    name,
    expected: `a whole number${rangeText(limits.described)}`,
    parse(text) {
      if (!INTEGER.test(text.trim())) return undefined
      const value = Number(text)
      return value >= limits.min && value <= limits.max ? value : undefined
    },
    format: String,
  }
}

export function doubleType(bounds: Bounds = {}): OptionType<number> {
  return {
    name: 'Double',
    expected: `a number${rangeText(bounds)}`,
    parse(text) {
      if (!DECIMAL.test(text.trim())) return undefined
      return within(Number(text), bounds)
    },
    format: String,
  }
}

/** Values are milliseconds. */
export function durationType(bounds: Bounds = {}): OptionType<number> {
  return {
    name: 'Duration',
    expected: `a duration such as '10 s', '5 min' or 'PT30S' (no unit: milliseconds)${rangeText(bounds, formatDuration)}`,
    parse: (text) => within(parseDuration(text), bounds),
    format: formatDuration,
  }
}

/** Values are bytes. */
export function memorySizeType(bounds: Bounds = {}): OptionType<number> {
  return {
    name: 'MemorySize',
    expected: `a memory size such as '32kb', '512 mb' or '1g' (no unit: bytes)${rangeText(bounds, formatMemorySize)}`,
    parse: (text) => within(parseMemorySize(text), bounds),
    format: formatMemorySize,
  }
}

/** One of `values`, in any case, `-` and `_` interchangeable; reads as written in `values`. */
export function enumType<const V extends string>(values: readonly V[]): OptionType<V> {
  const normalize = (text: string) => text.trim().toLowerCase().replaceAll('_', '-')
  const byName = new Map(values.map((value) => [normalize(value), value]))
  return {
    name: 'Enum',
    expected: `one of ${values.join(', ')}`,
    parse: (text) => byName.get(normalize(text)),
    format: (value) => value,
  }
}

/** `a;b;c`; a part with `;` stands in quotes. */
export const listType: OptionType<readonly string[]> = {
  name: 'List<String>',
  expected: "a list such as 'a;b;c' (quotes around a part that contains ';')",
  parse: (text) => splitQuoted(text, ';'),
  format: (value) => value.map((part) => quoteIfNeeded(part, ';')).join(';'),
}

/** `k1:v1,k2:v2`; a part with `,` or `:` stands in quotes. */
export const mapType: OptionType<ReadonlyMap<string, string>> = {
  name: 'Map',
  expected: "entries such as 'k1:v1,k2:v2'",
  parse: parseMap,
  format: formatMap,
}

/** Ports in the form that `parsePortRange` reads; the value is that text. */
export const portRangeType: OptionType<string> = {
  name: 'String',
  expected: "ports such as '8081', '50100-50200' or '50100,50200-50210' (0: any free port)",
  parse: (text) => (parsePortRange(text) === undefined ? undefined : text.trim()),
  format: (value) => value,
}

function within(value: number | undefined, bounds: Bounds): number | undefined {
  if (value === undefined || !Number.isFinite(value)) return undefined
  if (bounds.min !== undefined && value < bounds.min) return undefined
  if (bounds.max !== undefined && value > bounds.max) return undefined
  return value
}

function rangeText(bounds: Bounds, format: (value: number) => string = String): string {
  const { min, max } = bounds
  if (min !== undefined && max !== undefined) return ` from ${format(min)} to ${format(max)}`
  if (min !== undefined) return `, at least ${format(min)}`
  return max === undefined ? '' : `, at most ${format(max)}`
}
