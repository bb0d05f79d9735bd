import type { Random } from './random.js'

/** Repeatable randomness (xoshiro128**, Blackman and Vigna 2018, seeded by splitmix32). */
export class SeededRandom implements Random {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number) {
    let state = seed >>> 0
    const splitmix = () => {
      state = (state + 0x9e3779b9) | 0
      let z = state ^ (state >>> 16)
      z = Math.imul(z, 0x21f0aaad)
      z ^= z >>> 15
      z = Math.imul(z, 0x735a2d97)
      return (z ^ (z >>> 15)) >>> 0
    }
    this.#a = splitmix()
    this.#b = splitmix()
    this.#c = splitmix()
    this.#d = splitmix()
  }

  #nextUint32(): number {
    const rotl = (x: number, k: number) => (x << k) | (x >>> (32 - k))
    const result = Math.imul(rotl(Math.imul(this.#b, 5), 7), 9)
    const t = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= t
    this.#d = rotl(this.#d, 11)
    return result >>> 0
  }

  next(): number {
    return this.#nextUint32() / 0x1_0000_0000
  }

  nextInt(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  hex(bytes: number): string {
    let text = ''
    for (let i = 0; i < bytes; i++)
      text += (this.#nextUint32() & 0xff).toString(16).padStart(2, '0')
    return text
  }

  uuid(): string {
    const h = this.hex(16)
    const variant = ((Number.parseInt(h[16]!, 16) & 0x3) | 0x8).toString(16)
    return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-${variant}${h.slice(17, 20)}-${h.slice(20)}`
  }
}
