import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { ApplicationOutcome } from '../dist/application/application.js'
import {
  LeadingApplication,
  type StartedApplication,
} from '../dist/application/leading-application.js'
import { startStandaloneApplication } from '../dist/jobmanager/standalone-application.js'
import { JobManagers } from './support/job-managers.js'

/** A program whose end, and the end of its termination, a test decides. */
class TestingApplication implements StartedApplication {
  readonly ended: Promise<ApplicationOutcome>
  end!: (outcome: ApplicationOutcome) => void
  fail!: (error: Error) => void
  terminated = () => {}
  isTerminating = false
  isStuck = false

  constructor() {
    this.ended = new Promise((resolve, reject) => {
      this.end = resolve
      this.fail = reject
    })
  }

  terminate(): Promise<void> {
    this.isTerminating = true
    return new Promise((resolve) => {
      this.terminated = resolve
    })
  }
}

t.test('LeadingApplication', async (t) => {
  const setUp = () => {
    const started: TestingApplication[] = []
    const told: string[] = []
    const leading = new LeadingApplication({
      start: () => {
        const application = new TestingApplication()
        started.push(application)
        return application
      },
      onEnded: ({ status }) => told.push(status),
      onFailed: (error) => told.push((error as Error).message),
    })
    return { started, told, leading }
  }

  await t.test('starts once however often it is told to lead, and tells the end', async (t) => {
    const { started, told, leading } = setUp()
    for (const leads of [false, true, true, true]) leading.setLeading(leads)
    await turn()
    t.equal(started.length, 1)
    started[0]!.end({ status: 'SUCCEEDED', diagnostics: '' })
    await turn()
    leading.setLeading(true)
    await turn()
    t.strictSame([told, started.length], [['SUCCEEDED'], 1])
  })

  await t.test(
    'one whose time is over ends before the next begins, and is not heard',
    async (t) => {
      const { started, told, leading } = setUp()
      leading.setLeading(true)
      await turn()
      leading.setLeading(false)
      started[0]!.fail(new Error('of an earlier time'))
      leading.setLeading(true)
      leading.setLeading(false)
      leading.setLeading(true)
      await turn()
      t.strictSame([started[0]!.isTerminating, started.length], [true, 1])
      started[0]!.terminated()
      await turn()
      t.strictSame([told, started.length], [[], 2])
      started[1]!.fail(new Error('now'))
      await turn()
      t.strictSame(told, ['now'])
    },
  )

  await t.test('leadership that goes while it waits starts nothing', async (t) => {
    const { started, leading } = setUp()
    leading.setLeading(true)
    await turn()
    leading.setLeading(false)
    await turn()
    leading.setLeading(true)
    leading.setLeading(false)
    started[0]!.isStuck = true
    started[0]!.terminated()
    await leading.close()
    t.strictSame([started.length, leading.isStuck], [1, true])
  })
})

/** That of the application of cluster `orders`. */
const JOB_ID = '1c168adb00d208e42f93314529f1fa9c'

const PROGRAM = `
import { StreamExecutionEnvironment } from '@flink-ts/streaming'
export async function main() {
  const env = StreamExecutionEnvironment.getExecutionEnvironment()
  env.fromSequence(1, 10).print()
  const job = await env.executeAsync('the one')
  if (MODE === 'throws') throw new RangeError('main is wrong')
  while (MODE === 'asks') {
    await job.getJobStatus()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await job.getJobExecutionResult()
}
`

/** Two JobManagers of one application, whose job waits for slots. */
async function startTwo(t: Test, mode: string) {
  const jobManagers = new JobManagers(t)
  const { folder, coordination, until } = jobManagers
  const bundle = join(folder, 'program.mjs')
  writeFileSync(bundle, PROGRAM.replaceAll('MODE', JSON.stringify(mode)))
  const start = async (name: string) => {
    const started = await jobManagers.start(name, {
      start: startStandaloneApplication,
      options: { '--bundle': bundle, '--program-name': 'program.ts' },
      configuration: { 'high-availability.cluster-id': '/orders' },
    })
    const jobStatus = async () => {
      const response = await started.get('/jobs')
      const { jobs } = (await response.json()) as { jobs?: { id: string; status: string }[] }
      return jobs?.map(({ id, status }) => `${id} ${status}`).join() ?? response.status
    }
    const starts = () => started.logged.filter((text) => text === 'The application starts').length
    return { ...started, starts, jobStatus, cancel: () => started.cancel(JOB_ID) }
  }
  const [a, b] = [await start('a'), await start('b')]
  return { a, b, coordination, until }
}

t.test('an application goes on where its next leader is: the job is found again', async (t) => {
  const { a, b, coordination, until } = await startTwo(t, 'waits')
  await until('a runs main()', async () => (await a.jobStatus()) === `${JOB_ID} RUNNING`)
  t.strictSame(coordination.entryPaths, [`execution-plans/${JOB_ID}`])
  t.equal(await b.jobStatus(), `${JOB_ID} RUNNING`, 'its REST asks the leader')

  coordination.grantLeadership('b')
  await until('b runs the job', async () => (await b.jobStatus()) === `${JOB_ID} RUNNING`)
  t.strictSame([a.ends, a.fatal, b.ends, b.fatal], [[], [], [], []])

  t.equal((await b.cancel()).status, 202)
  await until('the application has ended', () => b.ends.length > 0)
  t.strictSame(b.ends, ['0: The application has ended: CANCELED'])
  t.strictSame([a.ends, a.fatal, b.fatal], [[], [], []])
  await b.daemon.close()
  t.strictSame(coordination.entryPaths, [], 'nothing is left for later ones')
})

t.test('main() ends with the term that is cut off, which others do not tell of', async (t) => {
  const { a, b, coordination, until } = await startTwo(t, 'asks')
  await until('a runs main()', async () => (await a.jobStatus()) === `${JOB_ID} RUNNING`)
  coordination.disconnect('a')
  coordination.expireSession('a')
  await until('b runs the job', async () => (await b.jobStatus()) === `${JOB_ID} RUNNING`)
  t.strictSame([a.ends, a.fatal, b.ends, b.fatal], [[], [], [], []], 'a is a standby')

  coordination.reconnect('a')
  await until('a takes part again', () => coordination.candidates.includes('a'))
  coordination.grantLeadership('a')
  await until('a runs main() again', () => a.starts() === 2)
  await until('a runs the job', async () => (await a.jobStatus()) === `${JOB_ID} RUNNING`)
  t.strictSame([a.ends, a.fatal, b.ends, b.fatal, b.starts()], [[], [], [], [], 1])
})

t.test('a JobManager of several that is stopped leaves the application to the next', async (t) => {
  const { a, b, coordination, until } = await startTwo(t, 'waits')
  await until('a runs main()', async () => (await a.jobStatus()) === `${JOB_ID} RUNNING`)
  await a.daemon.close()
  t.strictSame(coordination.entryPaths, [`execution-plans/${JOB_ID}`])
  await until('b runs the job', async () => (await b.jobStatus()) === `${JOB_ID} RUNNING`)
  t.strictSame([b.ends, b.fatal], [[], []])
})

t.test('an error of main() ends its JobManager; the job is left to the next', async (t) => {
  const { a, coordination, until } = await startTwo(t, 'throws')
  await until('a has failed', () => a.fatal.length > 0)
  t.match(a.fatal, [{ code: 'FLINK_APPLICATION', cause: { message: 'main is wrong' } }])
  t.strictSame(a.ends, [])
  await a.daemon.close()
  t.strictSame(coordination.entryPaths, [`execution-plans/${JOB_ID}`])
})
