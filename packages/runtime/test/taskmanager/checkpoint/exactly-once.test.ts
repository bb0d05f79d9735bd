import t from 'tap'
import type { Committed } from './exactly-once-job.js'
import { jobCode, plan, runWithFailures } from './exactly-once-run.js'
import { restoreOf, TestingCluster } from './testing-cluster.js'

t.setTimeout(300_000)

t.test('tasks under failures: every record counts once, at whatever parallelism', async (t) => {
  let restores = 0
  for (const seed of [1, 2, 3, 4, 5]) {
    restores += await runWithFailures(t, { seed, count: 3000, asynchronous: seed % 2 === 0 })
  }
  t.ok(restores >= 5, `restored ${restores} times`)
})

t.test(
  'tasks under failures: barriers that overtake records lose none and double none',
  async (t) => {
    let restores = 0
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const barrier = { alignment: 'UNALIGNED' } as const
      restores += await runWithFailures(t, {
        seed,
        count: 3000,
        asynchronous: seed % 2 === 0,
        barrier,
      })
    }
    t.ok(restores >= 5, `restored ${restores} times`)
  },
)

t.test(
  'tasks under failures: barriers that overtake records after some time lose none and double none',
  async (t) => {
    let restores = 0
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const barrier = { alignedTimeoutMs: 1 + ((seed * 7) % 30) }
      restores += await runWithFailures(t, {
        seed,
        count: 3000,
        asynchronous: seed % 2 === 0,
        barrier,
      })
    }
    t.ok(restores >= 5, `restored ${restores} times`)
  },
)

t.test('tasks with two inputs under failures: every record of both counts once', async (t) => {
  for (const barrier of [{}, { alignment: 'UNALIGNED' as const }, { alignedTimeoutMs: 15 }]) {
    let restores = 0
    for (const seed of [1, 2, 3]) {
      restores += await runWithFailures(t, {
        ...{ seed, count: 1000, asynchronous: seed % 2 === 0, isConnected: true },
        barrier,
      })
    }
    t.ok(restores >= 3, `restored ${restores} times, ${JSON.stringify(barrier)}`)
  }
})

t.test('a task fails when a file of its state is damaged or gone', async (t) => {
  for (const damage of ['flipped', 'cut', 'gone'] as const) {
    const committed: Committed = { records: [], transactions: new Set() }
    const cluster = new TestingCluster(1)
    await cluster.start(jobCode(1e6, committed, false))
    const first = plan(1, 0, { inlineThresholdBytes: 0 })
    cluster.launch(first)
    await cluster.until(() => cluster.allRun, 'all run')
    for (let i = 0; i < 10; i++) await cluster.turn()
    const checkpoint = cluster.trigger(1)
    await cluster.until(() => cluster.isComplete(checkpoint), 'the checkpoint')
    await cluster.kill()
    const state = checkpoint.acknowledged.get('mid_0_0')!.get('count')!
    const { snapshot } = state.keyed!
    if (snapshot.kind !== 'file') throw new Error('it is in a file')
    await damageFile(cluster, snapshot.path, snapshot.sizeBytes, damage)
    cluster.launch(
      plan(1, 1, { inlineThresholdBytes: 0 }).map((deployment) => ({
        ...deployment,
        restore: restoreOf(checkpoint, first, deployment),
      })),
    )
    const counting = cluster.launched[1]!
    await cluster.until(() => counting.states.at(-1) === 'FAILED', damage)
    t.match(counting.error, { code: 'FLINK_SNAPSHOT_CORRUPT' }, damage)
    t.match(counting.error?.message, snapshot.path)
    await cluster.kill()
    await cluster.close()
  }
})

async function damageFile(
  { files }: TestingCluster,
  path: string,
  sizeBytes: number,
  damage: 'flipped' | 'cut' | 'gone',
): Promise<void> {
  const input = await files.open(path)
  const bytes = Buffer.alloc(sizeBytes)
  await input.read(bytes, 0)
  await input.close()
  await files.delete(path, { recursive: false })
  if (damage === 'gone') return
  bytes[sizeBytes >> 1]! ^= 4
  const output = await files.create(path, 'exclusive')
  await output.write(damage === 'cut' ? bytes.subarray(0, sizeBytes - 1) : bytes)
  await output.close()
}
