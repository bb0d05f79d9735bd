/** The polynomial of CRC-32, reflected. */
const POLYNOMIAL = 0xedb88320
/** x^0, as remainders are kept: the highest bit is the lowest power. */
const ONE = 0x80000000
/** x^(2^n) for n from 0 on; x^(2^32) is x again: these are all. */
const POWERS = powers()

/**
 * CRC-32 of bytes that are known by their parts alone: `first` is that of what comes first, `second` that of the `secondLength` bytes behind it.
 * Costs a microsecond, whatever the length.
 */
export function combineCrc32(first: number, second: number, secondLength: number): number {
  return (multiply(powerOfX(secondLength * 8), first) ^ second) >>> 0
}

/** x^n. */
function powerOfX(n: number): number {
  let power = ONE
  for (let rest = n, bit = 0; rest > 0; rest = Math.floor(rest / 2), bit++) {
    if (rest % 2 === 1) power = multiply(POWERS[bit % 32]!, power)
  }
  return power
}

/** The product of two polynomials, modulo that of CRC-32. */
function multiply(a: number, b: number): number {
  let product = 0
  let shifted = b | 0
  for (let rest = a | 0; rest !== 0; rest <<= 1) {
    if (rest < 0) product ^= shifted
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ POLYNOMIAL
  }
  return product
}

function powers(): readonly number[] {
  const all: number[] = []
  for (let power = ONE >>> 1; all.length < 32; power = multiply(power, power)) all.push(power)
  return all
}
