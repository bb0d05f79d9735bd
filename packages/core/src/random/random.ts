/** Source of chance, handed to whoever needs it so that a run can be replayed from a seed. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
  /** An integer in [0, bound). */
  nextInt(bound: number): number
  /** `bytes` random bytes as lower-case hex. */
  hex(bytes: number): string
  /** A random (version 4) UUID. */
  uuid(): string
}
