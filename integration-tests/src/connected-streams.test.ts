import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { threadTicks } from './support/processes.js'
import { program, TestCluster } from './support/test-cluster.js'
import { startTextServer } from './support/text-server.js'
import { until } from './support/until.js'
import { outputLines } from './support/words.js'

t.setTimeout(600_000)

/** Long enough to tell a thread that spins from one that sleeps. */
const STALL_MS = 3000
const TICK_MS = 10

interface BackPressure {
  readonly 'backpressure-level': string
  readonly subtasks: readonly { ratio: number; idleRatio: number; busyRatio: number }[]
}

t.test(
  'an input that is not selected comes to a halt, and costs nothing until it is',
  async (t) => {
    const cluster = await TestCluster.start(t, { taskManagers: 1, slots: 2 })
    const server = await startTextServer(t)
    const output = join(cluster.folder, 'output')
    const jobId = await cluster.submit(
      program('waits-for-control.ts'),
      ...[String(server.port), output],
    )
    // The short input may have ended already.
    const job = await until('the job runs', async () => {
      const details = await cluster.rest.jobDetails(jobId)
      const isUp = details.vertices.every(
        ({ tasks, parallelism }) => tasks['RUNNING']! + tasks['FINISHED']! === parallelism,
      )
      return isUp ? details : undefined
    })
    const vertex = (name: string) => job.vertices.find((v) => v.name.includes(name))!
    const get = async (path: string): Promise<unknown> =>
      (await fetch(`http://127.0.0.1:${cluster.restPort}/jobs/${jobId}${path}`)).json()
    const backPressure = (name: string) =>
      get(`/vertices/${vertex(name).id}/backpressure`) as Promise<BackPressure>

    const source = await until('the source of the numbers is held back', async () => {
      const answer = await backPressure('numbers')
      return answer.subtasks[0]!.ratio > 0.9 ? answer : undefined
    })
    t.equal(source['backpressure-level'], 'high')
    const { ratio, idleRatio, busyRatio } = source.subtasks[0]!
    t.ok(Math.abs(ratio + idleRatio + busyRatio - 1) < 0.01, 'the three are the whole')
    const gate = await until('the gate waits for its other input', async () => {
      const answer = await backPressure('gate')
      return answer.subtasks[0]!.idleRatio > 0.5 ? answer : undefined
    })
    t.equal(gate['backpressure-level'], 'ok')
    const metrics = `/vertices/${vertex('numbers').id}/subtasks/0/metrics?get=`
    t.same(await get(`${metrics}isBackPressured`), [{ id: 'isBackPressured', value: 'true' }])

    const [pid] = cluster.pids('taskexecutor')
    const ticks = () => [...threadTicks(pid!).values()].reduce((sum, n) => sum + n, 0)
    const before = ticks()
    await sleep(STALL_MS)
    const share = ((ticks() - before) * TICK_MS) / STALL_MS
    t.ok(share < 0.1, `${(share * 100).toFixed(1)} % of a processor while all wait`)

    server.end()
    await cluster.untilStatus(jobId, 'FINISHED')
    const names = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']
    t.same(outputLines(output).sort(), names.map((name) => `${name} 200000`).sort())
  },
)
