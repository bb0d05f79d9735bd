import assert from 'node:assert/strict'
import { basePathBucketAssigner, FileSink } from '@flink-ts/connector-files'
import { DataGeneratorSource, RateLimiterStrategy } from '@flink-ts/streaming'
import {
  CrashPoints,
  type LogObservation,
  SimulatedCluster,
  type SimulatedJob,
  type SimulatedProgram,
} from '@flink-ts/testing'
import t from 'tap'
import { CHECKPOINT_STEPS, END_STEPS, SUBMISSION_STEPS } from './crash-points/steps.js'

// The leading JobManager dies at each step of what must happen wholly or not at all. The steps are those that it takes, in
// order; whoever adds one changes a list here and looks whether the new one is safe.

// Each is a cluster of its own.
t.setTimeout(300_000)

const NUMBERS = 300
/** Virtual. */
const RECOVERY_MS = 300_000
const SETTLED_MS = 60_000

const CONFIGURATION = {
  'restart-strategy.type': 'fixed-delay',
  'restart-strategy.fixed-delay.attempts': '50',
  'restart-strategy.fixed-delay.delay': '1 s',
  'execution.checkpointing.interval': '1 s',
  'execution.checkpointing.dir': '/checkpoints',
  'execution.checkpointing.num-retained': '1',
  'execution.checkpointing.data-inline-threshold': '0',
}

const program: SimulatedProgram = (env) => {
  env
    .setParallelism(1)
    .fromSource(
      new DataGeneratorSource((n) => n, NUMBERS, RateLimiterStrategy.perSecond(100)),
      'numbers',
    )
    .map((n) => `${n}`)
    .sinkTo(
      FileSink.forRowFormat<string>('/out').withBucketAssigner(basePathBucketAssigner).build(),
    )
  // Longer than what fits in a node: the graph has a file.
  return env.execute(`numbers ${'x'.repeat(5_000)}`)
}

async function start(at: number | undefined) {
  const cluster = await SimulatedCluster.start({
    seed: 1,
    highlyAvailableJobManagers: 2,
    taskManagers: 1,
    configuration: CONFIGURATION,
  })
  const coordination = cluster.world.coordination!
  const leader = coordination.leader!
  const number = Number(leader.slice('jm-'.length))
  const points = new CrashPoints({
    world: cluster.world,
    process: leader,
    at,
    methods: ['submitJob'],
    messages: ['Job was submitted', 'Job has ended', 'Checkpoint was completed'],
    crash: () => cluster.faultInjection.crashJobManager(number),
  })
  const { onLog } = cluster.world
  const hear = (heard: (fields: LogObservation['fields'], message: string) => void) => {
    cluster.world.onLog = (observation) => {
      onLog(observation)
      if (observation.source === leader) heard(observation.fields, observation.message)
    }
  }
  const standby = number === 1 ? 2 : 1
  const standbyLeads = () =>
    cluster.advanceUntil('another leader', () => coordination.leader === `jm-${standby}`)
  return { cluster, coordination, points, standby, standbyLeads, hear }
}

async function expectWellEnded(cluster: SimulatedCluster, job: SimulatedJob): Promise<void> {
  const { status } = await job.end(RECOVERY_MS)
  assert.equal(status, 'FINISHED')
  const lines = (await cluster.readLines('/out')).map(Number).sort((a, b) => a - b)
  assert.deepEqual(
    lines,
    Array.from({ length: NUMBERS }, (_, n) => n),
  )
  await untilNoneIsLeft(cluster, 'restorable checkpoint', async () => {
    const files = await filesBelow(cluster, '/checkpoints')
    return files.filter((path) => path.endsWith('/_metadata'))
  })
  // Looks that no node, no file of high availability and no place in the election is left.
  await cluster.close()
}

async function filesBelow(cluster: SimulatedCluster, folder: string): Promise<string[]> {
  const { files } = cluster.world
  if (!(await files.exists(folder))) return []
  const found: string[] = []
  for (const { path, isDirectory } of await files.list(folder)) {
    found.push(...(isDirectory ? await filesBelow(cluster, path) : [path]))
  }
  return found
}

async function untilNoneIsLeft(
  cluster: SimulatedCluster,
  what: string,
  find: () => Promise<readonly string[]>,
): Promise<void> {
  const deadlineMs = cluster.nowMs + SETTLED_MS
  for (let left = await find(); left.length > 0; left = await find()) {
    assert(cluster.nowMs < deadlineMs, `no ${what} is left, but there is ${left}`)
    await cluster.advance(100)
  }
}

/** The whole story, with a death at step `at` if there is such a step. */
type Story = (at?: number) => Promise<CrashPoints>

const submission: Story = async (at) => {
  const { cluster, points, standby, standbyLeads } = await start(at)
  const jobGraph = await cluster.prepare(program)
  points.begin()
  const told = await cluster.submitOnce(jobGraph, standby).then(
    () => true,
    () => false,
  )
  points.end()
  let job = told ? cluster.jobOf(jobGraph) : undefined
  if (at !== undefined) {
    await cluster.advance(1)
    await standbyLeads()
    const isKept = (await cluster.jobIds()).includes(jobGraph.jobId)
    assert(isKept || !told, 'a client was told that its job was submitted, and nobody knows it')
    if (!isKept) {
      await untilNoneIsLeft(cluster, 'node or file', async () => [
        ...cluster.world.coordination!.entryPaths,
        ...(await filesBelow(cluster, '/ha')),
      ])
    }
    // Whoever was not told asks again, with the same id.
    const again = await cluster.submitOnce(jobGraph, standby).then(
      () => undefined,
      (error: { code?: unknown }) => error.code,
    )
    assert.equal(again, isKept ? 'FLINK_DUPLICATE_JOB_SUBMISSION' : undefined)
    job = cluster.jobOf(jobGraph)
  }
  await expectWellEnded(cluster, job!)
  return points
}

const endOfJob: Story = async (at) => {
  const { cluster, points, hear, standbyLeads } = await start(at)
  hear((fields, message) => {
    if (message === 'Job changed its state' && fields['to'] === 'FINISHED') points.begin()
  })
  const job = await cluster.submit(program)
  await job.end(RECOVERY_MS)
  await cluster.advance(500)
  points.end()
  if (at !== undefined) await standbyLeads()
  await expectWellEnded(cluster, job)
  return points
}

const completionOfCheckpoint: Story = async (at) => {
  const { cluster, points, hear, standbyLeads } = await start(at)
  let completed = 0
  hear((_fields, message) => {
    if (message !== 'Checkpoint was completed') return
    completed++
    if (completed === 1) points.begin()
  })
  const job = await cluster.submit(program)
  const isOver = () => completed >= 2 || points.diedAt !== undefined
  await cluster.advanceUntil('the second checkpoint', isOver)
  await cluster.advance(500)
  points.end()
  if (at !== undefined) await standbyLeads()
  await expectWellEnded(cluster, job)
  return points
}

const STORIES: readonly (readonly [what: string, story: Story, steps: readonly string[]])[] = [
  ['the submission of a job', submission, SUBMISSION_STEPS],
  ['the end of a job', endOfJob, END_STEPS],
  ['the completion of a checkpoint', completionOfCheckpoint, CHECKPOINT_STEPS],
]

for (const [what, story, steps] of STORIES) {
  t.test(`${what} happens wholly or not at all, whenever the leader dies`, async (t) => {
    const { steps: taken } = await story()
    t.strictSame(taken, steps, 'the steps that it takes')
    for (const [at, step] of taken.entries()) {
      const name = `dies at step ${at}, ${step}`
      try {
        const { diedAt } = await story(at)
        t.equal(diedAt, step, name)
      } catch (error) {
        t.fail(`${name}: ${(error as Error).stack}`)
      }
    }
  })
}
