import type { Hadoop } from './hadoop.js'

const FINAL = new Set(['FINISHED', 'FAILED', 'KILLED'])

export interface YarnApplication {
  readonly id: string
  readonly name: string
  readonly user: string
  readonly queue: string
  readonly applicationType: string
  readonly applicationTags: string
  /** NEW … FINISHED, FAILED or KILLED. */
  readonly state: string
  /** UNDEFINED, SUCCEEDED, FAILED or KILLED. */
  readonly finalStatus: string
  readonly diagnostics: string
  readonly trackingUrl: string
  readonly amHostHttpAddress: string
  /** `host:port` that the ApplicationMaster registered. */
  readonly amRPCAddress?: string
  /** -1 before there are any. */
  readonly runningContainers: number
}

export interface YarnContainer {
  readonly containerId: string
  readonly allocatedMB: string
  readonly allocatedVCores: string
  readonly priority: string
  readonly containerState: string
  readonly assignedNodeId: string
  readonly nodeHttpAddress: string
}

export interface YarnNode {
  readonly id: string
  readonly state: string
  readonly numContainers: number
  readonly usedMemoryMB: number
}

interface YarnAttempt {
  readonly id: number
  readonly appAttemptId: string
  /** Of the ApplicationMaster; absent before there is one. */
  readonly containerId?: string
}

/** What YARN itself says of its applications, as an answer to which tests compare. */
export class YarnRest {
  readonly #hadoop: Hadoop

  constructor(hadoop: Hadoop) {
    this.#hadoop = hadoop
  }

  /** Newest last. */
  async applications(): Promise<readonly YarnApplication[]> {
    const { apps } = await this.#get<{ apps: { app: YarnApplication[] } | null }>('apps')
    return (apps?.app ?? []).toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** Those that have not ended. */
  async running(): Promise<readonly YarnApplication[]> {
    return (await this.applications()).filter(({ state }) => !FINAL.has(state))
  }

  async application(id: string): Promise<YarnApplication> {
    return (await this.#get<{ app: YarnApplication }>(`apps/${id}`)).app
  }

  /** Ids of its attempts, oldest first. */
  async attempts(id: string): Promise<readonly string[]> {
    return (await this.#attempts(id)).map(({ appAttemptId }) => appAttemptId)
  }

  /** Containers of the ApplicationMasters of its attempts, oldest first. */
  async masterContainers(id: string): Promise<readonly string[]> {
    return (await this.#attempts(id)).flatMap(({ containerId }) => containerId ?? [])
  }

  async #attempts(id: string): Promise<readonly YarnAttempt[]> {
    const { appAttempts } = await this.#get<{
      appAttempts: { appAttempt: YarnAttempt[] } | null
    }>(`apps/${id}/appattempts`)
    return (appAttempts?.appAttempt ?? []).toSorted((a, b) => a.id - b.id)
  }

  /** Those of an application that live, of all attempts, by their ids. */
  async containers(id: string): Promise<readonly YarnContainer[]> {
    const lists = await Promise.all(
      (await this.attempts(id)).map((attempt) =>
        this.#get<{ container?: YarnContainer[] }>(`apps/${id}/appattempts/${attempt}/containers`),
      ),
    )
    return lists
      .flatMap(({ container }) => container ?? [])
      .toSorted((a, b) => (a.containerId < b.containerId ? -1 : 1))
  }

  async nodes(): Promise<readonly YarnNode[]> {
    const { nodes } = await this.#get<{ nodes: { node: YarnNode[] } | null }>('nodes')
    return nodes?.node ?? []
  }

  /** As `yarn application -kill` does. */
  async kill(id: string, user: string): Promise<void> {
    await this.#send('PUT', `apps/${id}/state?user.name=${user}`, { state: 'KILLED' })
  }

  /** @returns the id of a new application */
  async newApplication(user: string): Promise<string> {
    const answer = await this.#send('POST', `apps/new-application?user.name=${user}`, undefined)
    return ((await answer.json()) as { 'application-id': string })['application-id']
  }

  /** @param submission in the words of YARN's REST API */
  async submit(submission: Readonly<Record<string, unknown>>, user: string): Promise<void> {
    await this.#send('POST', `apps?user.name=${user}`, submission)
  }

  async #get<T>(path: string): Promise<T> {
    return (await (await this.#send('GET', path, undefined)).json()) as T
  }

  async #send(method: string, path: string, body: unknown): Promise<Response> {
    const base = `http://${this.#hadoop.addresses.resourceManagerHttp}/ws/v1/cluster`
    const response = await fetch(`${base}/${path}`, {
      method,
      signal: AbortSignal.timeout(10_000),
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    if (!response.ok)
      throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response
  }
}
