import type { Clock } from '@flink-ts/core'

/** @returns false when it is too late; what comes of it then is of no interest */
export async function within(
  clock: Clock,
  untilMs: number,
  action: Promise<unknown>,
): Promise<boolean> {
  let cancel = () => {}
  const late = new Promise<false>((resolve) => {
    cancel = clock.schedule(untilMs - clock.monotonicNow(), () => resolve(false))
  })
  try {
    return await Promise.race([action.then(() => true), late])
  } finally {
    cancel()
  }
}
