import { join } from 'node:path'
import t from 'tap'
import { program, TestCluster } from './support/test-cluster.js'
import { until } from './support/until.js'

t.setTimeout(600_000)

const TIMEOUT_MS = 1500
/** Less than the buffers take, which is minutes: a number takes 20 ms. */
const MUCH_MS = 30_000

interface Checkpoint {
  readonly id: number
  readonly status: string
  readonly end_to_end_duration: number
  readonly persisted_data: number
}

const cluster = await TestCluster.start(t, {
  taskManagers: 2,
  slots: 1,
  configuration: { 'execution.checkpointing.interval': '500 ms' },
})

const get = async (path: string): Promise<unknown> =>
  (await fetch(`http://127.0.0.1:${cluster.restPort}/jobs/${path}`)).json()

/** Two more completed checkpoints, once every buffer is full. */
async function underBackPressure(jobId: string): Promise<Checkpoint[]> {
  const { vertices } = await cluster.rest.jobDetails(jobId)
  await until('the source is held back', async () => {
    const path = `${jobId}/vertices/${vertices[0]!.id}/backpressure`
    const { subtasks = [] } = (await get(path)) as { subtasks?: { ratio: number }[] }
    return subtasks.length === 2 && subtasks.every(({ ratio }) => ratio > 0.9)
  })
  const completed = async () => {
    const { history } = (await get(`${jobId}/checkpoints`)) as { history: Checkpoint[] }
    return history.filter(({ status }) => status === 'COMPLETED')
  }
  const before = (await completed())[0]?.id ?? 0
  return await until('two checkpoints', async () => {
    const since = (await completed()).filter(({ id }) => id > before)
    return since.length >= 2 ? since : undefined
  })
}

for (const [way, timeoutMs] of [
  ['at once', 0],
  [`after ${TIMEOUT_MS} ms`, TIMEOUT_MS],
] as const) {
  t.test(`checkpoints under full back pressure, barriers overtake ${way}`, async (t) => {
    const jobId = await cluster.submit(
      ...['-Dexecution.checkpointing.unaligned.enabled=true', '-p', '2'],
      `-Dexecution.checkpointing.aligned-checkpoint-timeout=${timeoutMs} ms`,
      `-Dexecution.checkpointing.dir=file://${join(cluster.folder, 'checkpoints')}`,
      program('stuck-counts.ts'),
    )
    await cluster.untilStatus(jobId, 'RUNNING')
    const checkpoints = await underBackPressure(jobId)
    for (const { end_to_end_duration: ms, persisted_data: bytes } of checkpoints) {
      t.ok(ms >= timeoutMs && ms < timeoutMs + MUCH_MS, `${ms} ms, ${bytes} bytes in flight`)
      t.ok(bytes > 32 * 1024)
    }
    const { vertices } = await cluster.rest.jobDetails(jobId)
    const path = `${jobId}/checkpoints/details/${checkpoints[0]!.id}/subtasks/${vertices.at(-1)!.id}`
    const { subtasks } = (await get(path)) as {
      subtasks: { unaligned_checkpoint: boolean; alignment: { persisted: number } }[]
    }
    t.ok(subtasks.every(({ unaligned_checkpoint: isUnaligned }) => isUnaligned))
    t.ok(subtasks.some(({ alignment }) => alignment.persisted > 0))
    await cluster.flink('cancel', jobId)
    await cluster.untilStatus(jobId, 'CANCELED')
  })
}
