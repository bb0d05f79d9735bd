import { readFileSync } from 'node:fs'
import type { Test } from 'tap'
import { CountedJob } from '../support/counted-job.js'
import { isAlive, killHard } from '../support/processes.js'
import { ENDLESS, jobIdIn } from '../support/submitted-jobs.js'
import { program } from '../support/test-cluster.js'
import { until } from '../support/until.js'
import type { YarnPlace } from '../support/yarn-place.js'
import { jobSession, stopSession, untilRunning, yarnTest } from './observations.js'

/** The node process of a container, not the shell around it. */
export function nodeProcess(place: YarnPlace, containerId: string): number {
  const pid = place.hadoop.containerProcesses(containerId).find((each) => {
    return !readFileSync(`/proc/${each}/cmdline`, 'utf8').startsWith('/bin/bash')
  })
  if (pid === undefined) throw new Error(`no process of ${containerId} is there`)
  return pid
}

/** What happens to containers, clients and applications, without high availability. */
export async function testContainerFailures(t: Test, place: YarnPlace): Promise<void> {
  const { yarn } = place
  const test = (name: string, body: (t: Test) => Promise<void>) => yarnTest(t, place, name, body)

  await test('TaskManagers: killed, and over their memory', async (t) => {
    const id = await place.startSession()
    const job = await CountedJob.start(t, jobSession(place, id), 10)
    const [, first] = (await yarn.containers(id)).map(({ containerId }) => containerId)
    killHard(nodeProcess(place, first!))
    await until('another container has come', async () => {
      const ids = (await yarn.containers(id)).map(({ containerId }) => containerId)
      return ids.length === 3 && !ids.includes(first!)
    })
    await job.checkRows(t)
    t.match(await job.failure(), new RegExp(first!), 'the failure names the container')
    t.match(await job.failure(), /Caused by: .*exit code 137/, 'and how YARN says that it ended')

    const greedy = ['-Drestart-strategy.type=none', program('fills-native.ts'), '1500']
    const { code, stdout, stderr } = await place.flink('run', ...greedy)
    t.not(code, 0)
    // The process says goodbye when YARN ends it; why is known later.
    const { exceptionHistory } = await (await place.rest(id)).jobExceptions(jobIdIn(stdout))
    const seen = {
      'the client': stderr,
      REST: exceptionHistory.entries[0]?.stacktrace ?? '',
      'the log': [...place.logs(id).values()].join('\n'),
    }
    for (const [where, text] of Object.entries(seen)) {
      t.match(text, /exit code -104/, `${where} tells why it was killed`)
      t.match(text, /taskmanager\.memory\.process\.size/, 'what to do')
      t.match(text, /physical memory used/, 'and what YARN says of it')
    }
    await stopSession(place, id)
  })

  await test('an application that is killed from outside cleans up', async (t) => {
    const id = await place.startSession()
    const job = jobIdIn((await place.flink('run', '-d', ...ENDLESS)).stdout)
    await untilRunning(place, id, job)
    await yarn.kill(id, place.user)
    t.match(await place.untilEnded(id), { finalStatus: 'KILLED' })
    const asked = await place.flink('list', '-t', 'yarn-session', `-Dyarn.application.id=${id}`)
    t.not(asked.code, 0)
    t.match(asked.stderr + asked.stdout, /KILLED|has ended/)
    // YARN leaves the JobManager a quarter of a second between SIGTERM and SIGKILL: what it cannot remove then is swept.
    const next = await place.startSession()
    t.notOk(
      (await place.stagingFolders()).some((path) => path.includes(id)),
      'its folder is gone',
    )
    await stopSession(place, next)
  })

  await test('a JobManager that is killed without high availability: the end, swept by the next', async (t) => {
    const id = await place.startSession()
    const job = jobIdIn((await place.flink('run', '-d', ...ENDLESS)).stdout)
    await untilRunning(place, id, job)
    const [master] = await yarn.containers(id)
    killHard(nodeProcess(place, master!.containerId))
    t.match(await place.untilEnded(id), { finalStatus: 'FAILED' })
    const next = await place.startSession()
    t.notOk(
      (await place.stagingFolders()).some((path) => path.includes(id)),
      'its folder is swept',
    )
    await stopSession(place, next)
  })

  await test('clients: Ctrl-C while it deploys, SIGKILL while it waits', async (t) => {
    const attached = ['run', '-t', 'yarn-per-job']
    const early = place.command('flink', [...attached, ...ENDLESS])
    const id = await place.untilApplication(early)
    early.kill('SIGINT')
    t.not((await early.result()).code, 0)
    t.match(await place.untilEnded(id), { finalStatus: 'KILLED' })
    await place.checkNothingIsLeft(t)

    const gone = place.command('flink', [
      ...attached,
      // So long it waits for somebody who fetches the result.
      '-Dclient.heartbeat.timeout=5000',
      program('gated-numbers.ts'),
      `${place.folder}/gate`,
      `${place.folder}/numbers`,
    ])
    const other = await place.untilApplication(gone)
    const jobId = await until(
      'the job is submitted',
      () => /JobID ([0-9a-f]{32})/.exec(gone.stdout)?.[1],
    )
    await untilRunning(place, other, jobId)
    gone.kill('SIGKILL')
    await gone.result()
    t.ok(
      isAlive(nodeProcess(place, (await yarn.containers(other))[0]!.containerId)),
      'the job goes on',
    )
    place.open('gate')
    t.match(
      await place.untilEnded(other),
      { finalStatus: 'SUCCEEDED' },
      'nobody comes for the result',
    )
  })
}
