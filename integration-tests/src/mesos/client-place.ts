import type { Test } from 'tap'
import type { MesosCluster } from '../clusters/mesos.js'
import { until } from '../support/until.js'
import { TestScheduler, type TestSchedulerOptions } from './test-scheduler.js'

export const PRINCIPAL = 'flink'
export const SECRET = 'a secret of the framework'
export const ROLE = 'analytics'
const LOG_LINES_SHOWN = 40

/** A real Mesos that knows one principal and one role. */
export interface ClientPlace {
  readonly mesos: MesosCluster
  /** A framework that it lets in, unless the options say otherwise. */
  readonly start: (options?: Partial<TestSchedulerOptions>) => Promise<TestScheduler>
}

export function clientPlace(t: Test, mesos: MesosCluster): ClientPlace {
  return {
    mesos,
    start: (options = {}) =>
      TestScheduler.start(t, {
        master: mesos.address,
        credentials: { principal: PRINCIPAL, secret: SECRET },
        ...options,
        framework: { roles: [ROLE], ...options.framework },
      }),
  }
}

/** A subtest that leaves no task behind; shows the end of the master's log if it fails. */
export async function clientTest(
  t: Test,
  { mesos }: ClientPlace,
  name: string,
  body: (t: Test) => Promise<void>,
): Promise<void> {
  await t.test(name, async (t) => {
    try {
      await body(t)
      await until('no task is left', async () => {
        return (await mesos.operator.tasks()).length + mesos.taskProcesses().length === 0
      })
    } catch (error) {
      t.fail(error as Error)
    }
    if (t.passing()) return
    for (const each of [...mesos.masters, ...mesos.agents]) {
      const lines = each.log().trimEnd().split('\n').slice(-LOG_LINES_SHOWN)
      t.comment(`--- end of the log of ${each.name}\n${lines.join('\n')}`)
    }
    for (const { id } of await mesos.operator.frameworks()) await mesos.operator.tearDown(id)
  })
}
