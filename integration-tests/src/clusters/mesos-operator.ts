/** What `GET_…` calls of the operator API answer, as far as tests look at it. */
export interface MesosFramework {
  readonly id: string
  readonly name: string
  readonly user: string
  readonly roles: readonly string[]
  readonly principal?: string
  readonly hostname: string
  readonly webuiUrl?: string
  readonly failoverTimeoutSeconds: number
  readonly checkpoint: boolean
  readonly capabilities: readonly string[]
  readonly active: boolean
  readonly connected: boolean
}

export interface MesosTask {
  readonly id: string
  readonly name: string
  readonly state: string
  readonly frameworkId: string
  readonly agentId: string
  /** For which the framework got its resources. */
  readonly role?: string
  /** By name; ports as text. */
  readonly resources: Readonly<Record<string, number | string>>
  readonly labels: Readonly<Record<string, string>>
}

export interface MesosAgentState {
  readonly id: string
  readonly hostname: string
  /** Of its process. */
  readonly port: number
  readonly active: boolean
}

/** What a framework has said to the operator, who wants a machine back. */
export interface MaintenanceAnswer {
  readonly hostname: string
  readonly frameworkId: string
  readonly answer: 'ACCEPT' | 'DECLINE' | 'UNKNOWN'
}

/** Of all agents here. */
const IP = '127.0.0.1'

// Answers of the master, which are looked at with care by nobody but tests.
// biome-ignore lint/suspicious/noExplicitAny: parsed JSON of a test
type Json = any

const TIMEOUT_MS = 10_000

/** Whoever runs a Mesos: asks and orders the master that leads. */
export class MesosOperator {
  readonly #masters: readonly string[]

  /** @param masters `host:port` of all */
  constructor(masters: readonly string[]) {
    this.#masters = masters
  }

  /** `host:port` of the master that leads, and has recovered. @throws Error if none does now */
  async leader(): Promise<string> {
    for (const address of this.#masters) {
      try {
        const { status } = await post(address, { type: 'GET_MASTER' })
        if (status === 200) return address
      } catch {
        // It is down.
      }
    }
    throw new Error('No master of Mesos leads')
  }

  /** Any call of the v1 operator API. @returns the parsed answer. @throws Error with the master's words */
  async call(type: string, body?: object): Promise<Json> {
    const field = type.toLowerCase()
    const { status, text } = await post(await this.leader(), {
      type,
      ...(body === undefined ? {} : { [field]: body }),
    })
    if (status !== 200 && status !== 202) throw new Error(`${type}: ${status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)[field]
  }

  /** All that the master tells of itself, as text in which tests look for what should not be there. */
  async everything(): Promise<string> {
    const leader = await this.leader()
    const texts = await Promise.all(
      ['/master/state', '/master/tasks', '/master/frameworks', '/master/slaves'].map(async (path) =>
        (await fetch(`http://${leader}${path}`)).text(),
      ),
    )
    return [JSON.stringify(await this.call('GET_STATE')), ...texts].join('\n')
  }

  /** Registered ones. */
  async frameworks(): Promise<MesosFramework[]> {
    return ((await this.call('GET_FRAMEWORKS')).frameworks ?? []).map(frameworkOf)
  }

  /** Frameworks that were torn down or did not come back. */
  async completedFrameworks(): Promise<MesosFramework[]> {
    return ((await this.call('GET_FRAMEWORKS')).completed_frameworks ?? []).map(frameworkOf)
  }

  /** Tasks that have not ended, as the master believes. */
  async tasks(): Promise<MesosTask[]> {
    const { tasks, pending_tasks: pending } = await this.call('GET_TASKS')
    return [...(pending ?? []), ...(tasks ?? [])]
      .map(taskOf)
      .filter(({ state }) => !/_(FINISHED|FAILED|KILLED|ERROR|LOST|DROPPED|GONE)$/.test(state))
  }

  /** All tasks that the master remembers, by id. */
  async allTasks(): Promise<Map<string, MesosTask>> {
    const answer = await this.call('GET_TASKS')
    const all = ['completed_tasks', 'unreachable_tasks', 'pending_tasks', 'tasks', 'orphan_tasks']
    return new Map(
      all.flatMap((key) => (answer[key] ?? []).map(taskOf)).map((task) => [task.id, task]),
    )
  }

  async agents(): Promise<MesosAgentState[]> {
    return ((await this.call('GET_AGENTS')).agents ?? []).map((agent: Json) => ({
      id: agent.agent_info.id.value,
      hostname: agent.agent_info.hostname,
      port: Number(agent.pid.slice(agent.pid.lastIndexOf(':') + 1)),
      active: agent.active ?? false,
    }))
  }

  async tearDown(frameworkId: string): Promise<void> {
    await this.call('TEARDOWN', { framework_id: { value: frameworkId } })
  }

  /** It will never be taken back. */
  async markAgentGone(agentId: string): Promise<void> {
    await this.call('MARK_AGENT_GONE', { agent_id: { value: agentId } })
  }

  /** Wants machines back for so long, and no others; none: maintenance is over. */
  async planMaintenance(hostnames: readonly string[], fromMs = 0, forMs = 0): Promise<void> {
    const unavailability = {
      start: { nanoseconds: fromMs * 1e6 },
      duration: { nanoseconds: forMs * 1e6 },
    }
    const machines = hostnames.map((hostname) => ({ hostname, ip: IP }))
    const windows = hostnames.length === 0 ? [] : [{ machine_ids: machines, unavailability }]
    await this.call('UPDATE_MAINTENANCE_SCHEDULE', { schedule: { windows } })
  }

  /** The last answer of each framework for each machine that is wanted back. */
  async maintenanceAnswers(): Promise<MaintenanceAnswer[]> {
    const { status } = await this.call('GET_MAINTENANCE_STATUS')
    return (status.draining_machines ?? []).flatMap(({ id, statuses }: Json) =>
      (statuses ?? []).map((each: Json) => ({
        hostname: id.hostname,
        frameworkId: each.framework_id.value,
        answer: each.status,
      })),
    )
  }

  /** Keeps scalar resources of an agent for a role. */
  async reserve(
    agentId: string,
    role: string,
    resources: Readonly<Record<string, number>>,
  ): Promise<void> {
    await this.call('RESERVE_RESOURCES', {
      agent_id: { value: agentId },
      resources: Object.entries(resources).map(([name, value]) => ({
        name,
        type: 'SCALAR',
        scalar: { value },
        reservations: [{ type: 'DYNAMIC', role }],
      })),
    })
  }
}

async function post(
  address: string,
  call: object,
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`http://${address}/api/v1`, {
    method: 'POST',
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(call),
  })
  return { status: response.status, text: await response.text() }
}

function frameworkOf(framework: Json): MesosFramework {
  const info = framework.framework_info
  return {
    id: info.id.value,
    name: info.name,
    user: info.user,
    roles: info.roles ?? (info.role === undefined ? [] : [info.role]),
    hostname: info.hostname ?? '',
    ...(info.principal === undefined ? {} : { principal: info.principal }),
    ...(info.webui_url === undefined ? {} : { webuiUrl: info.webui_url }),
    failoverTimeoutSeconds: info.failover_timeout ?? 0,
    checkpoint: info.checkpoint ?? false,
    capabilities: (info.capabilities ?? []).map(({ type }: Json) => type),
    active: framework.active ?? false,
    connected: framework.connected ?? false,
  }
}

function taskOf(task: Json): MesosTask {
  const resources = new Map<string, number | string>()
  for (const { name, scalar, ranges } of task.resources ?? []) {
    const before = resources.get(name) ?? 0
    if (scalar !== undefined) resources.set(name, Number(before) + scalar.value)
    else if (ranges !== undefined) resources.set(name, JSON.stringify(ranges.range))
  }
  const role = task.resources?.find((each: Json) => each.allocation_info)?.allocation_info.role
  const labels = (task.labels?.labels ?? []).map(({ key, value }: Json) => [key, value])
  return {
    id: task.task_id.value,
    name: task.name,
    state: task.state ?? 'TASK_STAGING',
    frameworkId: task.framework_id.value,
    agentId: task.agent_id.value,
    ...(role === undefined ? {} : { role }),
    resources: Object.fromEntries(resources),
    labels: Object.fromEntries(labels),
  }
}
