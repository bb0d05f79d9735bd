import type { HttpRequest, HttpResponse, HttpTransport } from '../../dist/rest/http-transport.js'

export interface FakeApplication {
  readonly id: string
  readonly submission: Record<string, unknown>
  state: string
  finalStatus: string
  diagnostics: string
  amRpcAddress?: string
}

export const json = (body: unknown, status = 200): HttpResponse => ({
  status,
  headers: {},
  body: JSON.stringify(body),
})

export const refusal = (status: number, exception: string, message: string): HttpResponse =>
  json({ RemoteException: { exception, message, javaClassName: `org.${exception}` } }, status)

/** A ResourceManager, and a NodeManager with its logs, that live in this process. */
export class FakeYarn {
  readonly applications = new Map<string, FakeApplication>()
  readonly requests: HttpRequest[] = []
  /** Answers before the ResourceManager does. */
  intercept: ((request: HttpRequest) => HttpResponse | undefined) | undefined
  /** Called when an application was submitted: what becomes of it. */
  onSubmit: (application: FakeApplication) => void = (application) => {
    application.state = 'ACCEPTED'
  }
  haState = 'ACTIVE'
  maximum = { memory: 8192, vCores: 4 }
  metrics = {
    activeNodes: 2,
    totalMB: 16384,
    availableMB: 16384,
    totalVirtualCores: 16,
    availableVirtualCores: 16,
  }
  queues: Record<string, unknown>[] = [
    {
      queueName: 'default',
      queuePath: 'root.default',
      state: 'RUNNING',
      absoluteMaxCapacity: 100,
      resourcesUsed: { memory: 0, vCores: 0 },
      AMResourceLimit: { memory: 4096, vCores: 4 },
      usedAMResource: { memory: 1024, vCores: 1 },
    },
  ]
  /** Those of a Fair scheduler, if it has one. */
  fairQueues: Record<string, unknown>[] | undefined
  /** Texts of log files of all containers. */
  logs: Record<string, string> = {}
  #nextId = 1

  readonly transport: HttpTransport = async (request) => {
    request.signal?.throwIfAborted()
    this.requests.push(request)
    return this.intercept?.(request) ?? this.#answer(request)
  }

  get alive(): string[] {
    return [...this.applications.values()]
      .filter(({ state }) => !['FINISHED', 'FAILED', 'KILLED'].includes(state))
      .map(({ id }) => id)
  }

  add(id: string, state: string, finalStatus = 'UNDEFINED'): FakeApplication {
    const application = { id, submission: {}, state, finalStatus, diagnostics: '' }
    this.applications.set(id, application)
    return application
  }

  #answer({ method, url, body }: HttpRequest): HttpResponse {
    const { pathname } = new URL(url)
    const path = pathname.replace('/ws/v1/cluster', '')
    if (method === 'POST' && path === '/apps/new-application') {
      const id = `application_1700000000000_${String(this.#nextId++).padStart(4, '0')}`
      return json({ 'application-id': id, 'maximum-resource-capability': this.maximum })
    }
    if (method === 'POST' && path === '/apps') return this.#submit(body as Record<string, unknown>)
    if (path === '/metrics') return json({ clusterMetrics: this.metrics })
    if (path === '/info') return json({ clusterInfo: { haState: this.haState } })
    if (path === '/nodes') return json({ nodes: { node: [] } })
    if (path === '/scheduler' && this.fairQueues !== undefined) {
      const rootQueue = { queueName: 'root', childQueues: { queue: this.fairQueues } }
      return json({ scheduler: { schedulerInfo: { type: 'fairScheduler', rootQueue } } })
    }
    if (path === '/scheduler') {
      const root = { type: 'capacityScheduler', queueName: 'root', queues: { queue: this.queues } }
      return json({ scheduler: { schedulerInfo: root } })
    }
    const log = /^\/ws\/v1\/node\/containerlogs\/[^/]+\/(.+)$/.exec(pathname)?.[1]
    if (log !== undefined) {
      const text = this.logs[log]
      if (text === undefined) return { status: 404, headers: {}, body: 'no such file' }
      const head = `LogType:${log}\nLogLength:${text.length}\nLogContents:\n`
      return { status: 200, headers: {}, body: `${head}${text}End of LogType:${log}.\n****\n` }
    }
    const [, id, what] = /^\/apps\/([^/]+)(\/.*)?$/.exec(path) ?? []
    const application = this.applications.get(id ?? '')
    if (application === undefined) {
      const message = `java.lang.Exception: app with id: ${id} not found`
      return refusal(404, 'NotFoundException', message)
    }
    if (what === '/state') {
      if (!['FINISHED', 'FAILED', 'KILLED'].includes(application.state)) {
        application.state = 'KILLED'
        application.finalStatus = 'KILLED'
      }
      return json({ state: application.state }, 202)
    }
    if (what === '/appattempts') {
      const attempt = { id: 1, containerId: 'container_1', nodeHttpAddress: 'node1:8042' }
      return json({ appAttempts: { appAttempt: [attempt] } })
    }
    return json({ app: reportOf(application) })
  }

  #submit(submission: Record<string, unknown>): HttpResponse {
    const application = this.add(String(submission['application-id']), 'NEW')
    Object.assign(application, { submission })
    this.onSubmit(application)
    return { status: 202, headers: { location: '…' }, body: '' }
  }
}

function reportOf(application: FakeApplication): Record<string, unknown> {
  const { id, state, finalStatus, diagnostics, amRpcAddress } = application
  return {
    id,
    user: 'ann',
    name: 'a name',
    queue: 'root.default',
    applicationType: 'Apache Flink',
    state,
    finalStatus,
    diagnostics,
    trackingUrl: '',
    amRPCAddress: amRpcAddress ?? 'N/A:-1',
  }
}
