/** How fast the source of the fault run is. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { RateLimiterStrategy } from '@flink-ts/streaming'

const TRICKLE_PER_SECOND = 40

/** So many elements per second; hardly any while a file `trickle` is there, so that the job lasts as long as somebody wants. */
export function tricklingOnDemand(perSecond: number, controlFolder: string): RateLimiterStrategy {
  const order = join(controlFolder, 'trickle')
  return {
    createRateLimiter(clock, parallelism) {
      const usual = RateLimiterStrategy.perSecond(perSecond).createRateLimiter(clock, parallelism)
      const trickle = RateLimiterStrategy.perSecond(TRICKLE_PER_SECOND).createRateLimiter(
        clock,
        parallelism,
      )
      const present = () => (existsSync(order) ? trickle : usual)
      return {
        acquire: (wanted) => present().acquire(wanted),
        delayMs: () => present().delayMs(),
      }
    },
  }
}
