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

  async post(path, body) {
    return this.#send('POST', path, body)
  }

  /** Resolves when the job has ended. */
  async cancel(jobId) {
    await this.#send('PATCH', `/jobs/${jobId}?mode=cancel`)
    while (!TERMINAL.includes((await this.get(`/jobs/${jobId}/status`)).status)) await sleep(20)
  }

  async #send(method, path, body) {
    const response = await fetch(this.#base + path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
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
