import { randomBytes, randomUUID } from 'node:crypto'
import type { Random } from './random.js'

/** The machine's own randomness. The only place where ambient chance is read. */
export class SystemRandom implements Random {
  next(): number {
    return Math.random()
  }

  nextInt(bound: number): number {
    return Math.floor(Math.random() * bound)
  }

  hex(bytes: number): string {
    return randomBytes(bytes).toString('hex')
  }

  uuid(): string {
    return randomUUID()
  }
}
