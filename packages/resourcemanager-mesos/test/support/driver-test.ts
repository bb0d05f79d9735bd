import type { Test } from 'tap'
import { DriverUnderTest, type OpenOptions } from './driver-under-test.js'

/** A subtest with a driver that leads, on a Mesos of its own. */
export async function driverTest(
  t: Test,
  name: string,
  options: OpenOptions,
  body: (under: DriverUnderTest, t: Test) => Promise<void>,
): Promise<void> {
  await t.test(name, async (t) => {
    const under = await new DriverUnderTest(options).lead()
    try {
      await body(under, t)
    } finally {
      await under.close()
      t.equal(under.clock.pendingTimers, 0, 'nothing is left that would go on')
    }
  })
}
