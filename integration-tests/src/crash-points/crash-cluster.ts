import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkOutput } from '../faults/check-output.js'
import { TwoJobManagers } from '../high-availability/two-job-managers.js'
import { isAlive, killHard } from '../support/processes.js'
import { until } from '../support/until.js'
import { type CrashPoint, SAID } from './crash-points.js'
import { CRASH_FOLDER_VARIABLE, CrashSteps } from './crash-steps.js'

/** What is wrong if the job took no such step. */
export const NOT_REACHED = 'the leader did not die'

/** Nobody loses it on a machine that is merely busy. */
const SESSION_TIMEOUT_MS = 4000
const JOB_MANAGER_LOG = /standalonesession.*\.log$/
/** A job of about a second, with checkpoints in it. */
const JOB = {
  ...{ count: 600, keys: 20, rate: 600 },
  // The graph is longer than what fits in a node: it has a file.
  configuration: { 'execution.checkpointing.savepoint-dir': `file://${'/unused'.repeat(800)}` },
}
/** After this time without a step no other comes. */
const QUIET_MS = 1000
/** A client may come too late for the result: it is told so. */
const ANSWER = /Job with JobID \w+ has finished|the job has ended and was cleaned up/

export interface CrashReport {
  /** Steps that were taken since the first that counts. */
  readonly steps: readonly string[]
  /** The step at which the leader died; undefined: it did not. */
  readonly diedAt: string | undefined
  /** What is not as it should be. */
  readonly wrong: readonly string[]
}

/** Two JobManagers that die when they are told to, a TaskManager and a real ZooKeeper, for one job after the other. */
export class CrashCluster {
  readonly #folder: string
  readonly #two: TwoJobManagers
  readonly #steps: CrashSteps

  /** @param folder of its own; the caller removes it after {@link close} */
  static async start(folder: string): Promise<CrashCluster> {
    const steps = join(folder, 'crash')
    mkdirSync(steps)
    const two = await TwoJobManagers.start(folder, {
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      taskManagers: 1,
      slots: 2,
      environment: { [CRASH_FOLDER_VARIABLE]: steps },
      configuration: {
        'high-availability.type': moduleUrl('crashing-high-availability.js'),
        'heartbeat.interval': '500 ms',
        'heartbeat.timeout': '10 s',
        'execution.checkpointing.interval': '300 ms',
        'execution.checkpointing.data-inline-threshold': '0',
      },
      job: JOB,
    })
    return new CrashCluster(folder, two, new CrashSteps(steps))
  }

  private constructor(folder: string, two: TwoJobManagers, steps: CrashSteps) {
    this.#folder = folder
    this.#two = two
    this.#steps = steps
  }

  /** Runs a job from its submission to its end, while the leader dies once, and looks at everything afterwards. */
  async play(point: CrashPoint): Promise<CrashReport> {
    const crash = this.#steps
    const { cluster, coordination } = this.#two
    await cluster.refill()
    await cluster.untilSlots()
    await this.#two.untilBothTakePart()
    const before = this.#logs()
    const leader = await cluster.leader()
    const job = this.#two.newJob()
    crash.give(point)
    const wrong: string[] = []
    const client = await job.runAttached(1)
    if (point.afterAnswer === true) killHard(leader.pid!)
    const { code, stdout, stderr } = await client.result()
    await this.#untilOver()
    crash.revoke()
    const { taken: steps, diedAt } = crash
    const dies = point.at !== undefined || point.afterAnswer === true
    if (dies === isAlive(leader.pid!)) wrong.push(dies ? NOT_REACHED : 'the leader died')
    await until('nothing is left', async () => {
      return (await coordination.leftoversOfJobs()).length === 0
    }).catch(async () => {
      wrong.push(`left behind: ${(await coordination.leftoversOfJobs()).join(', ')}`)
    })
    const said = this.#said(before, job.id)
    for (const [what, times] of Object.entries(point.expected(steps))) {
      const found = said[what as keyof typeof SAID]
      if (found !== times) {
        wrong.push(`'${SAID[what as keyof typeof SAID]}' ${found} times instead of ${times}`)
      }
    }
    if (!ANSWER.test(code === 0 ? stdout : stderr)) {
      wrong.push(`the client ended with ${code}: ${stderr}${stdout}`)
    }
    for (const path of await job.retainedCheckpoints()) wrong.push(`left behind: ${path}`)
    const { lost, duplicated, examples } = await checkOutput(job)
    if (lost + duplicated > 0) wrong.push(`${lost} lost, ${duplicated} twice: ${examples}`)
    wrong.push(...job.violations())
    return { steps, diedAt, wrong }
  }

  close(): Promise<void> {
    return this.#two.close()
  }

  /** The client hears of the end before all is cleaned up: until a process has died, or nothing is left and no step comes any more. */
  async #untilOver(): Promise<void> {
    let count = 0
    let since = performance.now()
    await until('the clean-up is over', async () => {
      if (this.#steps.diedAt !== undefined) return true
      const { length } = this.#steps.taken
      if (length !== count) since = performance.now()
      count = length
      if (performance.now() - since < QUIET_MS) return false
      return (await this.#two.coordination.leftoversOfJobs()).length === 0
    }).catch(() => {
      // What is left is told by whoever looks next.
    })
  }

  /** How often JobManagers said things of a job since `before`. */
  #said(before: ReadonlyMap<string, string>, jobId: string): Record<keyof typeof SAID, number> {
    const lines: string[] = []
    for (const [file, text] of this.#logs()) {
      // A new process may have begun the file anew.
      const earlier = before.get(file) ?? ''
      lines.push(...(text.startsWith(earlier) ? text.slice(earlier.length) : text).split('\n'))
    }
    const ofJob = lines.filter((line) => line.includes(jobId))
    const count = (message: string) => ofJob.filter((line) => line.includes(message)).length
    return Object.fromEntries(
      Object.entries(SAID).map(([what, message]) => [what, count(message)]),
    ) as Record<keyof typeof SAID, number>
  }

  #logs(): Map<string, string> {
    const folder = join(this.#folder, 'log')
    const files = readdirSync(folder).filter((name) => JOB_MANAGER_LOG.test(name))
    return new Map(files.map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
  }
}

function moduleUrl(name: string): string {
  return new URL(name, import.meta.url).href
}
