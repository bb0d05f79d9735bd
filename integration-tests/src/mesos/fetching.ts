import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { MesosCluster } from '../clusters/mesos.js'
import { assemble, temporaryFolder } from '../support/installation.js'
import { killHard } from '../support/processes.js'
import { allTasksRun, ENDLESS } from '../support/submitted-jobs.js'
import { until } from '../support/until.js'
import { MesosPlace, mesosTest } from './mesos-place.js'
import { runningTasks, submitAndRun } from './observations.js'

/** Agents on which there is nothing of this project; one of them is of `rack:r1`. */
export async function testFetching(t: Test, mesos: MesosCluster): Promise<void> {
  const home = join(temporaryFolder(t), 'flink-ts')
  const assembled = await assemble(home)
  if (assembled.code !== 0) throw new Error(assembled.stderr)
  const place = await MesosPlace.prepare(t, mesos, {}, home)

  await mesosTest(t, place, 'agents that have nothing fetch all from the JobManager', async (t) => {
    const jobManager = await place.startSession()
    await submitAndRun(place, ...ENDLESS)
    const [id] = await runningTasks(place)
    const { folder } = mesos.sandboxes().findLast(({ taskId }) => taskId === id)!
    const program = readlinkSync(`/proc/${place.taskManagerProcess(id!)}/exe`)
    t.equal(program.slice(0, folder.length), folder, 'it runs what was fetched into its sandbox')
    t.equal((await place.shutDown(jobManager)).code, 0)
  })

  await mesosTest(
    t,
    place,
    'what an agent has damaged is not started from, and fetched anew',
    async (t) => {
      const jobManager = await place.startSession(
        ...['-Drestart-strategy.type=fixed-delay', '-Drestart-strategy.fixed-delay.attempts=100'],
        '-Dresourcemanager.start-worker.retry-interval=500 ms',
        '-Dmesos.constraints.hard.hostattribute=rack:r1',
      )
      const job = await submitAndRun(place, ...ENDLESS)
      const [first] = await runningTasks(place)
      const damaged = damage(mesos, /node/)
      killHard(place.taskManagerProcess(first!))
      const refused = await until('a task does not start', () =>
        mesos.sandboxes().find(({ taskId, folder }) => {
          const said = join(folder, 'stderr')
          return (
            taskId !== first && existsSync(said) && /FLINK_MESOS/.test(readFileSync(said, 'utf8'))
          )
        }),
      )
      t.match(
        readFileSync(join(refused.folder, 'stderr'), 'utf8'),
        /^FLINK_MESOS_ARTIFACT Cannot start from node as it was fetched to this agent: its SHA-256 is [0-9a-f]{64}, /m,
      )
      await until('the JobManager says why', () =>
        /Command exited with status 167 \(FLINK_MESOS_ARTIFACT: /.test(place.logs()),
      )
      await until('the job runs again', async () => allTasksRun(await place.rest.jobDetails(job)))
      const [second] = await runningTasks(place)
      t.not(second, first)
      const program = readlinkSync(`/proc/${place.taskManagerProcess(second!)}/exe`)
      t.equal(sha256(program), sha256(process.execPath), 'what it runs is sound')
      for (const [file, hash] of damaged)
        t.equal(sha256(file), hash, 'the caches are as bad as before')
      t.equal((await place.shutDown(jobManager)).code, 0)
    },
  )
}

/** Changes one byte of what agents have fetched. @returns the digests of the files, damaged as they are */
function damage({ agents }: MesosCluster, name: RegExp): Map<string, string> {
  const files = agents.flatMap(({ cacheFolder }) => {
    if (!existsSync(cacheFolder)) return []
    return readdirSync(cacheFolder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && name.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
  })
  if (files.length === 0) throw new Error('no agent has such a file')
  for (const file of files) {
    const content = readFileSync(file)
    content[content.length >> 1]! ^= 1
    writeFileSync(file, content)
  }
  return new Map(files.map((file) => [file, sha256(file)]))
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}
