import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { now, sleep } from '../measure/processes.mjs'

const PATIENCE_S = 300

/** A `keyed-updates` job on a cluster, and what came out of it. */
export class MeasuredJob {
  jobId
  /** When the command to submit it was given, in ms since the epoch. */
  submittedMs
  #cluster
  #progress

  /**
   * @param args words and values of the program, without `progress`
   * @param settings configuration of the job
   */
  static async submit(cluster, { scratch, args, settings = {}, savepoint }) {
    const progress = mkdtempSync(join(scratch, 'progress-'))
    const words = cluster.system.jobSettings(settings)
    const all = Object.entries({ ...args, progress }).flatMap(([k, v]) => [`--${k}`, String(v)])
    const job = new MeasuredJob(cluster, progress)
    job.submittedMs = Date.now()
    const { stdout } = await cluster.run('keyed-updates', [...all, ...words.args], {
      detached: true,
      options: [...words.options, ...(savepoint === undefined ? [] : ['-s', savepoint])],
    })
    job.jobId = /JobID ([0-9a-f]{32})/.exec(stdout)[1]
    return job
  }

  constructor(cluster, progress) {
    this.#cluster = cluster
    this.#progress = progress
  }

  /** By `<subtask>-<attempt>`: its lines, `[ms since the epoch, records, ns of its thread if it tells]`. */
  outputs() {
    const lines = (file) =>
      readFileSync(join(this.#progress, file), 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => line.split(' ').map(Number))
        // Those of the end of a job that had nothing to do.
        .filter(([, records]) => records > 0)
    const all = readdirSync(this.#progress).map((file) => [file, lines(file)])
    return new Map(all.filter(([, { length }]) => length > 0))
  }

  /** Records of all attempts that came out. */
  records() {
    let sum = 0
    for (const lines of this.outputs().values()) sum += lines.at(-1)[1]
    return sum
  }

  /** Records of the first attempt of the first subtask that had come out at this time. */
  recordsAt(ms) {
    const lines = this.outputs().get('0-0') ?? []
    return lines.findLast(([at]) => at <= ms)?.[1] ?? 0
  }

  /** @throws Error if it takes too long, or the job has failed */
  async until(condition, what, patienceS = PATIENCE_S) {
    for (const begin = now(); !condition(); await sleep(20)) {
      if (now() - begin > patienceS) {
        const exceptions = await this.#cluster.rest.get(`/jobs/${this.jobId}/exceptions`)
        const text = JSON.stringify(exceptions).slice(0, 2000)
        throw new Error(`${this.#cluster.name}: ${what} did not happen: ${text}`)
      }
    }
  }

  untilRecords(records) {
    return this.until(() => this.records() >= records, `${records} records`)
  }

  /** Of the first attempt of the first subtask in the next so many seconds: records, how many a second, and processor time of its thread in ns for each. */
  async rate(seconds) {
    const last = () => this.outputs().get('0-0').at(-1)
    const [beginMs, before, beginNs] = last()
    await sleep(seconds * 1000)
    const [endMs, after, endNs] = last()
    const records = after - before
    return {
      perSecond: (records * 1000) / (endMs - beginMs),
      threadNs: (endNs - beginNs) / records,
      records,
    }
  }

  /** `counts`, `latest`, `history`. */
  checkpoints() {
    return this.#cluster.rest.get(`/jobs/${this.jobId}/checkpoints`)
  }

  /** Completed ones, the oldest first. */
  async completedCheckpoints() {
    const { history } = await this.checkpoints()
    return history.filter(({ status }) => status === 'COMPLETED').reverse()
  }

  /** @returns ids of the TaskManagers that its tasks run on, each once */
  async taskManagers() {
    const { rest } = this.#cluster
    const { vertices } = await rest.get(`/jobs/${this.jobId}`)
    const all = await Promise.all(
      vertices.map(({ id }) => rest.get(`/jobs/${this.jobId}/vertices/${id}`)),
    )
    return [...new Set(all.flatMap(({ subtasks }) => subtasks.map((s) => s['taskmanager-id'])))]
  }

  /** @returns path, and seconds until it was complete */
  async savepoint(folder, { cancel }) {
    const begin = now()
    const body = { 'target-directory': `file://${folder}`, 'cancel-job': cancel }
    const { rest } = this.#cluster
    const { 'request-id': id } = await rest.post(`/jobs/${this.jobId}/savepoints`, body)
    for (;;) {
      const { status, operation } = await rest.get(`/jobs/${this.jobId}/savepoints/${id}`)
      if (status.id === 'COMPLETED') {
        if (operation.location !== undefined) {
          return { path: operation.location, seconds: now() - begin }
        }
        throw new Error(JSON.stringify(operation['failure-cause']).slice(0, 2000))
      }
      await sleep(10)
    }
  }

  cancel() {
    return this.#cluster.rest.cancel(this.jobId)
  }
}
