const SHIFT_OF_UNIT: Readonly<Record<string, bigint>> = {
  '': 0n,
  b: 0n,
  bytes: 0n,
  k: 10n,
  kb: 10n,
  kibibytes: 10n,
  m: 20n,
  mb: 20n,
  mebibytes: 20n,
  g: 30n,
  gb: 30n,
  gibibytes: 30n,
  t: 40n,
  tb: 40n,
  tebibytes: 40n,
}

const SIZE = /^(\d+)\s*([a-z]*)$/i
const LARGEST_LONG = 0x7fff_ffff_ffff_ffffn

/** The size that stands for "no limit". */
export const INFINITE_BYTES: number = Number.MAX_SAFE_INTEGER

/**
 * Reads a memory size such as `32kb`, `1728m` or `1024` (bytes); units are powers of 1024.
 * What passes {@link INFINITE_BYTES} but fits 64 bits counts as infinite.
 *
 * @returns bytes, or undefined if `text` is not a size
 */
export function parseMemorySize(text: string): number | undefined {
  const trimmed = text.trim()
  if (trimmed.toLowerCase() === 'infinite') return INFINITE_BYTES
  const match = SIZE.exec(trimmed)
  if (match === null) return undefined
  const unit = match[2]!.toLowerCase()
  if (!Object.hasOwn(SHIFT_OF_UNIT, unit)) return undefined
  const bytes = BigInt(match[1]!) << SHIFT_OF_UNIT[unit]!
  if (bytes > LARGEST_LONG) return undefined
  return bytes > BigInt(INFINITE_BYTES) ? INFINITE_BYTES : Number(bytes)
}

const DISPLAY_UNITS: readonly (readonly [name: string, bytes: number])[] = [
  ['tb', 2 ** 40],
  ['gb', 2 ** 30],
  ['mb', 2 ** 20],
  ['kb', 2 ** 10],
]

/** Writes bytes exactly, in the largest unit that keeps a whole number, such as `32 kb`; {@link parseMemorySize} reads it back. */
export function formatMemorySize(bytes: number): string {
  if (bytes >= INFINITE_BYTES) return 'infinite'
  if (bytes !== 0) {
    for (const [name, unitBytes] of DISPLAY_UNITS) {
      if (bytes % unitBytes === 0) return `${bytes / unitBytes} ${name}`
    }
  }
  return `${bytes} bytes`
}

/** Writes bytes for people, rounded, with the exact count: `537.600mb (563714445 bytes)`. */
export function formatMemorySizeForHumans(bytes: number): string {
  if (bytes >= INFINITE_BYTES) return 'infinite'
  for (const [name, unitBytes] of DISPLAY_UNITS) {
    if (bytes >= unitBytes) return `${(bytes / unitBytes).toFixed(3)}${name} (${bytes} bytes)`
  }
  return `${bytes} bytes`
}
