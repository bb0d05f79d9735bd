import { SeededRandom } from '@flink-ts/core'
import type { DispatcherGateway } from '@flink-ts/runtime'
import fc from 'fast-check'
import t from 'tap'
import { settle } from '../testing/cluster.js'
import { hex, JOB_ID } from '../testing/job-graphs.js'
import { Cluster, encode, graphOf, start } from './dispatchers-under-test.js'

type Step =
  | { kind: 'submit' | 'cancel'; job: number }
  | { kind: 'revoke' | 'stick' | 'unstick' }
  | { kind: 'expire'; unnoticed: boolean }
  | { kind: 'cut'; unaware: boolean }
  | { kind: 'mend' }
  | { kind: 'pass'; ms: number }

const job = fc.nat(2)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constantFrom('submit' as const, 'cancel' as const), job }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('revoke' as const, 'stick' as const, 'unstick' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('expire' as const), unnoticed: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), unaware: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('mend' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(3, 20, 3_000) }),
  },
)

t.test('Dispatcher goes on with the jobs of a former leader, which refuses calls', async (t) => {
  const { cluster, a, b, coordination } = await start(t)
  await cluster.gateway().submitJob(encode(graphOf()))
  await settle()
  const former = cluster.leader
  t.strictSame(await cluster.jobs(), { [JOB_ID]: 'RUNNING' })
  coordination.grantLeadership('b')
  await settle()
  t.equal(cluster.leader?.address, b.rpcService.address)
  t.strictSame(await cluster.jobs(), { [JOB_ID]: 'RUNNING' })
  t.strictSame(coordination.entryPaths, [`execution-plans/${JOB_ID}`])
  await t.rejects(cluster.gateway(former).listJobs({}), { code: 'FLINK_RPC_NOT_LEADER' })
  await t.rejects(cluster.gateway(former).submitJob(encode(graphOf(1))), {
    code: 'FLINK_RPC_NOT_LEADER',
  })
  t.strictSame(a.ended, [], 'a suspended job has not ended')
})

t.test('Dispatcher keeps the bounds of a job that were set while it ran', async (t) => {
  const cluster = new Cluster()
  t.teardown(() => cluster.close())
  for (const name of ['a', 'b']) await cluster.start(name, { 'jobmanager.scheduler': 'Adaptive' })
  await cluster.gateway().submitJob(encode(graphOf()))
  await settle()
  const set = (lowerBound: number, upperBound: number) =>
    cluster.gateway().updateJobResourceRequirements({
      jobId: JOB_ID,
      requirements: { vertices: [{ vertexId: hex(1), lowerBound, upperBound }] },
    })
  const bounds = async () => {
    const { vertices } = await cluster.gateway().requestJobResourceRequirements({ jobId: JOB_ID })
    return vertices.map(({ lowerBound, upperBound }) => [lowerBound, upperBound])
  }
  t.strictSame(await bounds(), [[1, 1]], 'of the program')
  await set(2, 7)
  await t.rejects(set(8, 7), { code: 'FLINK_INVALID_RESOURCE_REQUIREMENTS' })
  t.strictSame(await bounds(), [[2, 7]])
  for (const leader of ['b', 'a']) {
    cluster.coordination.grantLeadership(leader)
    await settle()
    t.match(cluster.leader, { address: `${leader}:1` })
    t.strictSame(await bounds(), [[2, 7]])
  }
  await t.rejects(
    cluster.gateway().updateJobResourceRequirements({
      jobId: hex(9),
      requirements: { vertices: [] },
    }),
    { code: 'FLINK_JOB_NOT_FOUND' },
  )
})

t.test('Dispatcher forgets all and recovers all in several terms in a row', async (t) => {
  const { cluster, coordination } = await start(t)
  for (const n of [1, 2, 3]) await cluster.gateway().submitJob(encode(graphOf(n)))
  for (let i = 0; i < 10; i++) coordination.revokeLeadership()
  await settle()
  t.match(coordination.leader, { client: 'a', token: { epoch: 11 } })
  const running = { [hex(1)]: 'RUNNING', [hex(2)]: 'RUNNING', [hex(3)]: 'RUNNING' }
  t.strictSame(await cluster.jobs(), running)
  for (let i = 0; i < 5; i++) {
    coordination.revokeLeadership()
    await Promise.resolve()
  }
  await settle()
  t.match(cluster.leader, { address: 'b:1', token: { epoch: 16 } })
  t.strictSame(await cluster.jobs(), running)
})

t.test('Dispatcher serves a term although the one before it did not end in order', async (t) => {
  const { cluster, a, coordination } = await start(t)
  await cluster.gateway().submitJob(encode(graphOf()))
  cluster.blobsStayOpen = true
  for (const leader of ['b', 'a']) {
    coordination.grantLeadership(leader)
    await settle()
    t.match(cluster.leader, { address: `${leader}:1` })
    t.strictSame(await cluster.jobs(), { [JOB_ID]: 'RUNNING' })
  }
  t.strictSame(a.fatal, [])
})

t.test('Dispatcher acknowledges a submission only when its graph is kept', async (t) => {
  const { cluster, coordination } = await start(t, { latencyMs: () => 10 })
  await cluster.advance(200, 20)
  let acknowledged = false
  const submission = cluster.gateway().submitJob(encode(graphOf()))
  void submission.then(() => {
    acknowledged = true
  })
  await cluster.advance(29, 29)
  t.strictSame([acknowledged, coordination.entryPaths], [false, []], 'it looks for a result first')
  await cluster.advance(1)
  t.strictSame([acknowledged, coordination.entryPaths], [false, [`execution-plans/${JOB_ID}`]])
  await cluster.advance(20, 2)
  t.equal(acknowledged, true)
})

t.test('Dispatcher does not acknowledge what a later leader does not find', async (t) => {
  const { cluster, a, coordination } = await start(t)
  const leader = cluster.leader
  coordination.expireSession('a', { unnoticed: true })
  await settle()
  t.equal(cluster.leader?.address, 'b:1')
  await t.rejects(cluster.gateway(leader).submitJob(encode(graphOf())), {
    code: 'FLINK_LEADERSHIP_LOST',
  })
  t.strictSame(coordination.entryPaths, [])
  t.strictSame(await cluster.jobs(leader), {}, 'the former leader does not know it yet')
  coordination.notice('a')
  await settle()
  await t.rejects(cluster.jobs(leader), { code: 'FLINK_RPC_NOT_LEADER' })
  t.strictSame(a.fatal, [])
})

t.test('Dispatcher submits once although the answer of the store was lost', async (t) => {
  const { cluster, a, coordination } = await start(t, { latencyMs: () => 10 })
  await cluster.advance(200, 20)
  const leader = cluster.leader
  const submission = cluster.gateway().submitJob(encode(graphOf()))
  await cluster.advance(30, 30)
  t.strictSame(coordination.entryPaths, [`execution-plans/${JOB_ID}`])
  coordination.disconnect('a')
  await t.rejects(submission, { code: 'FLINK_COORDINATION_CONNECTION_LOST', retriable: true })
  await cluster.advance(10_000)
  await cluster.advance(300, 30)
  t.not(cluster.leader?.token.epoch, leader?.token.epoch)
  t.strictSame(await cluster.jobs(), { [JOB_ID]: 'RUNNING' })
  await t.rejects(
    Promise.all([cluster.gateway().submitJob(encode(graphOf())), cluster.advance(100, 10)]),
    { code: 'FLINK_DUPLICATE_JOB_SUBMISSION' },
  )
  t.strictSame(a.fatal, [])
})

t.test('Dispatcher leaves out jobs that it cannot read, and goes on with the others', async (t) => {
  const { cluster, a, b, coordination } = await start(t)
  await cluster.gateway().submitJob(encode(graphOf()))
  await cluster.gateway().submitJob(encode(graphOf(0xcd)))
  const stores = a.ha.stores(a.ha.token!)
  const garbage = Buffer.from('garbage')
  await stores.namespace('execution-plans').create('unknown', garbage)
  // It has ended, whatever its result is: it must not run again.
  await stores.namespace('job-results').create(graphOf(0xcd).jobId, garbage)
  await settle()
  const kept = coordination.entryPaths
  coordination.grantLeadership('b')
  await settle()
  t.strictSame(b.fatal, [])
  t.strictSame(await cluster.jobs(), { [JOB_ID]: 'RUNNING' })
  await t.rejects(cluster.gateway().requestJobStatus({ jobId: 'unknown' }), {
    code: 'FLINK_HA_ENTRY_CORRUPT',
    message: /execution-plans\/unknown.*not JSON/,
  })
  await t.rejects(cluster.gateway().cancelJob({ jobId: graphOf(0xcd).jobId }), {
    code: 'FLINK_HA_ENTRY_CORRUPT',
  })
  await t.rejects(cluster.gateway().submitJob(encode(graphOf(0xcd))), {
    code: 'FLINK_DUPLICATE_JOB_SUBMISSION',
  })
  t.strictSame(coordination.entryPaths, kept, 'what they left is not touched')
  t.equal(b.sweeps, 0, 'nor are programs that may be theirs')
})

t.test(
  'Dispatcher loses no acknowledged job and runs no ended one again, whenever leadership changes',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(), async (steps, seed) => {
        const latency = new SeededRandom(seed)
        const cluster = new Cluster({ seed, latencyMs: () => latency.nextInt(15) })
        const { coordination } = cluster
        const names = ['a', 'b', 'c']
        for (const name of names) await cluster.start(name)
        await cluster.advance(200, 10)
        const acknowledged = new Set<string>()
        const calls: Promise<unknown>[] = []
        let stuck = false
        cluster.blobsAreStuck = () => stuck
        const call = async (action: (gateway: DispatcherGateway) => Promise<unknown>) => {
          try {
            await action(cluster.gateway())
            return true
          } catch {
            // Nobody led, the leader changed, or the job was there already.
            return false
          }
        }
        for (const s of steps) {
          const leader = coordination.leader?.client
          if (s.kind === 'submit') {
            const jobId = hex(s.job + 1)
            calls.push(
              call((gateway) => gateway.submitJob(encode(graphOf(s.job + 1)))).then((ok) => {
                if (ok) acknowledged.add(jobId)
              }),
            )
          } else if (s.kind === 'cancel') {
            calls.push(call((gateway) => gateway.cancelJob({ jobId: hex(s.job + 1) })))
          } else if (s.kind === 'pass') await cluster.advance(s.ms, 3)
          else if (s.kind === 'stick') stuck = true
          else if (s.kind === 'unstick') stuck = false
          else if (s.kind === 'revoke') coordination.revokeLeadership()
          else if (s.kind === 'expire' && leader !== undefined)
            coordination.expireSession(leader, s)
          else if (s.kind === 'cut' && leader !== undefined) coordination.disconnect(leader, s)
          else if (s.kind === 'mend') for (const name of names) coordination.reconnect(name)
        }
        stuck = false
        for (const name of names) {
          coordination.reconnect(name)
          coordination.notice(name)
        }
        await cluster.advance(40_000, 40)
        await Promise.all(calls)
        const ended = new Set(
          [...cluster.processes.values()].flatMap((process) =>
            process.ended.map((entry) => entry.slice(0, 32)),
          ),
        )
        const shown = await cluster.jobs()
        for (const jobId of acknowledged) {
          const status = shown[jobId]
          if (ended.has(jobId)) {
            if (status === 'RUNNING') {
              throw new Error(`job ${jobId} ended and runs again`)
            }
          } else if (status !== 'RUNNING') throw new Error(`job ${jobId} is ${status}: lost`)
        }
        const running = Object.keys(shown).filter((jobId) => shown[jobId] === 'RUNNING')
        const left = running.sort().map((jobId) => `execution-plans/${jobId}`)
        if (String(coordination.entryPaths) !== String(left)) {
          throw new Error(`left behind: ${coordination.entryPaths}`)
        }
        const fatal = [...cluster.processes.values()].flatMap((process) => process.fatal)
        if (fatal.length > 0) throw fatal[0]
        await cluster.close()
      }),
      { numRuns: 150 },
    )
    t.pass()
  },
)
