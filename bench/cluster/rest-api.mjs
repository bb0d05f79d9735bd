import { sleep } from '../measure/processes.mjs'

const TERMINAL = ['FINISHED', 'FAILED', 'CANCELED']

/** What the suites ask a JobManager, ours or Apache Flink's. */
export class RestApi {
  #base

  constructor(base) {
    this.#base = base
  }

  async get(path) {
    const response = await fetch(this.#base + path)
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response.json()
  }

  /** Details of a job that has ended; throws if it did not finish. Apache Flink answers from a cache of 3 s. */
  async finishedJob(jobId) {
    for (;;) {
      const { status } = await this.get(`/jobs/${jobId}/status`)
      if (TERMINAL.includes(status)) break
      await sleep(20)
    }
    for (;;) {
      const job = await this.get(`/jobs/${jobId}`)
      if (job.state === 'FINISHED') return job
      if (TERMINAL.includes(job.state)) {
        const exceptions = await this.get(`/jobs/${jobId}/exceptions`)
        throw new Error(`job ${jobId} ${job.state}: ${JSON.stringify(exceptions).slice(0, 3000)}`)
      }
      await sleep(100)
    }
  }
}
