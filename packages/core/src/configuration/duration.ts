const NANOS_PER_UNIT: Readonly<Record<string, bigint>> = {
  '': 1_000_000n,
  d: 86_400_000_000_000n,
  day: 86_400_000_000_000n,
  days: 86_400_000_000_000n,
  h: 3_600_000_000_000n,
  hour: 3_600_000_000_000n,
  hours: 3_600_000_000_000n,
  m: 60_000_000_000n,
  min: 60_000_000_000n,
  minute: 60_000_000_000n,
  minutes: 60_000_000_000n,
  s: 1_000_000_000n,
  sec: 1_000_000_000n,
  secs: 1_000_000_000n,
  second: 1_000_000_000n,
  seconds: 1_000_000_000n,
  ms: 1_000_000n,
  milli: 1_000_000n,
  millis: 1_000_000n,
  millisecond: 1_000_000n,
  milliseconds: 1_000_000n,
  // Micro sign and Greek mu look alike; keyboards produce either.
  '\u00b5s': 1000n,
  '\u03bcs': 1000n,
  micro: 1000n,
  micros: 1000n,
  microsecond: 1000n,
  microseconds: 1000n,
  ns: 1n,
  nano: 1n,
  nanos: 1n,
  nanosecond: 1n,
  nanoseconds: 1n,
}

const SIMPLE = /^(\d+)\s*(\p{L}*)$/u
const ISO_8601 =
  /^P(?=[\dT])(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d{1,9}))?S)?)?$/i

/**
 * Reads a duration such as `10 s`, `5 min`, `250` (milliseconds) or `PT30S`.
 *
 * @returns milliseconds (with a fraction below one), or undefined if `text` is not a duration
 */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim()
  const nanos = simpleNanos(trimmed) ?? isoNanos(trimmed)
  if (nanos === undefined) return undefined
  const wholeMs = nanos / 1_000_000n
  if (wholeMs > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  return Number(wholeMs) + Number(nanos % 1_000_000n) / 1e6
}

function simpleNanos(text: string): bigint | undefined {
  const match = SIMPLE.exec(text)
  if (match === null) return undefined
  const unit = match[2]!.toLowerCase()
  if (!Object.hasOwn(NANOS_PER_UNIT, unit)) return undefined
  return BigInt(match[1]!) * NANOS_PER_UNIT[unit]!
}

function isoNanos(text: string): bigint | undefined {
  const match = ISO_8601.exec(text)
  if (match === null) return undefined
  const [, days = '0', hours = '0', minutes = '0', seconds = '0', fraction = ''] = match
  const wholeSeconds =
    ((BigInt(days) * 24n + BigInt(hours)) * 60n + BigInt(minutes)) * 60n + BigInt(seconds)
  return wholeSeconds * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}

const DISPLAY_UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
]

/** Writes milliseconds in the largest unit that keeps a whole number, such as `5 min`; {@link parseDuration} reads it back. */
export function formatDuration(ms: number): string {
  if (!Number.isInteger(ms)) return `${Math.round(ms * 1e6)} ns`
  if (ms !== 0) {
    for (const [name, unitMs] of DISPLAY_UNITS) {
      if (ms % unitMs === 0) return `${ms / unitMs} ${name}`
    }
  }
  return `${ms} ms`
}
