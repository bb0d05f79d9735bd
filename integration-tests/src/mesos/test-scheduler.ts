import { SystemClock, SystemRandom } from '@flink-ts/core'
import {
  type CommandInfo,
  type ContainerInfo,
  createMesosScheduler,
  type FrameworkInfo,
  type MesosCredentials,
  type MesosScheduler,
  type MesosSchedulerLimits,
  type Offer,
  type SchedulerCall,
  type SchedulerEvent,
  type SchedulerListener,
  type Subscription,
  type SubscriptionEnd,
  type TaskInfo,
  type TaskStatus,
} from '@flink-ts/mesos-client'
import type { Test } from 'tap'
import { until } from '../support/until.js'

export interface TestSchedulerOptions {
  readonly master: string
  readonly framework?: Partial<FrameworkInfo>
  readonly credentials?: MesosCredentials
  readonly limits?: Partial<MesosSchedulerLimits>
  /** Whether updates are acknowledged as they come; default true. */
  readonly acknowledges?: boolean
}

export interface TestTask {
  readonly taskId: string
  /** A line for the shell, or all of it. */
  readonly command: string | Partial<CommandInfo>
  readonly container?: ContainerInfo
  readonly cpus?: number
  readonly memoryMb?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly killGracePeriodMs?: number
}

/** A framework without any sense: keeps what it is told, and says what the test says. */
export class TestScheduler implements SchedulerListener {
  readonly scheduler: MesosScheduler
  /** What it said of itself when it began. */
  readonly framework: FrameworkInfo
  readonly subscriptions: Subscription[] = []
  readonly disconnections: string[] = []
  readonly failedAttempts: string[] = []
  readonly events: SchedulerEvent[] = []
  /** Oldest first. */
  readonly updates: TaskStatus[] = []
  /** Those that can be used now. */
  readonly offers = new Map<string, Offer>()
  end: SubscriptionEnd | undefined
  readonly #acknowledges: boolean

  /** Begins to subscribe; closed with the test at the latest. */
  static async start(t: Test, options: TestSchedulerOptions): Promise<TestScheduler> {
    const scheduler = await createMesosScheduler({
      master: options.master,
      clock: new SystemClock(),
      random: new SystemRandom(),
      limits: { initialBackoffMs: 100, maxBackoffMs: 500, ...options.limits },
      ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    })
    t.teardown(() => scheduler.close())
    const framework: FrameworkInfo = {
      name: 'test',
      user: 'root',
      roles: ['*'],
      failoverTimeoutSeconds: 60,
      checkpoint: true,
      capabilities: ['PARTITION_AWARE', 'TASK_KILLING_STATE', 'MULTI_ROLE'],
      ...options.framework,
    }
    const listener = new TestScheduler(scheduler, framework, options.acknowledges ?? true)
    scheduler.start(framework, listener)
    return listener
  }

  private constructor(scheduler: MesosScheduler, framework: FrameworkInfo, acknowledges: boolean) {
    this.scheduler = scheduler
    this.framework = framework
    this.#acknowledges = acknowledges
  }

  get frameworkId(): string {
    const id = this.subscriptions.at(-1)?.frameworkId
    if (id === undefined) throw new Error('the framework was never subscribed')
    return id
  }

  onSubscribed(subscription: Subscription): void {
    this.offers.clear()
    this.subscriptions.push(subscription)
  }

  onEvent(event: SchedulerEvent): void {
    this.events.push(event)
    switch (event.type) {
      case 'OFFERS':
        for (const offer of event.offers) this.offers.set(offer.id, offer)
        break
      case 'RESCIND':
        this.offers.delete(event.offerId)
        break
      case 'UPDATE':
        this.updates.push(event.status)
        if (this.#acknowledges) void this.acknowledge(event.status).catch(() => {})
        break
      default:
        break
    }
  }

  onDisconnected(reason: string): void {
    this.disconnections.push(reason)
  }

  onAttemptFailed(reason: string): void {
    this.failedAttempts.push(reason)
  }

  onEnded(end: SubscriptionEnd): void {
    this.end = end
  }

  call(call: SchedulerCall): Promise<void> {
    return this.scheduler.call(call)
  }

  async acknowledge({ uuid, agentId, taskId }: TaskStatus): Promise<void> {
    if (uuid === undefined || agentId === undefined) return
    await this.call({ type: 'ACKNOWLEDGE', agentId, taskId, uuid })
  }

  /** @param count of all subscriptions so far */
  untilSubscribed(count = 1): Promise<unknown> {
    return until(`subscription ${count}`, () => this.subscriptions.length >= count)
  }

  untilEnd(): Promise<SubscriptionEnd> {
    return until('the subscription has ended for good', () => this.end)
  }

  untilOffer(isIt: (offer: Offer) => boolean = () => true): Promise<Offer> {
    return until('an offer has come', () => [...this.offers.values()].find(isIt))
  }

  /** The states that a task was told to be in, one after the other, repetitions once. */
  states(taskId: string): string[] {
    const states = this.updates.filter((each) => each.taskId === taskId).map(({ state }) => state)
    return states.filter((state, i) => state !== states[i - 1])
  }

  untilState(taskId: string, state: string, after = 0): Promise<TaskStatus> {
    return until(`${taskId} is ${state}`, () => {
      return this.updates
        .slice(after)
        .find((each) => each.taskId === taskId && each.state === state)
    })
  }

  /** Takes all of an offer for some tasks; what they do not need goes back for so long. */
  async launch(offer: Offer, tasks: readonly TestTask[], refuseSeconds = 0): Promise<void> {
    this.offers.delete(offer.id)
    await this.call({
      type: 'ACCEPT',
      offerIds: [offer.id],
      launch: tasks.map((task) => taskInfo(offer, task)),
      refuseSeconds,
    })
  }

  /** Launches a task on whatever is offered and waits until it runs. */
  async run(task: TestTask): Promise<Offer> {
    const offer = await this.untilOffer()
    await this.launch(offer, [task])
    await this.untilState(task.taskId, 'TASK_RUNNING')
    return offer
  }

  /** Ends the framework and all of its tasks. */
  async tearDown(): Promise<void> {
    await this.call({ type: 'TEARDOWN' })
    await this.scheduler.close()
  }
}

/** A task with so much of an offer's resources. */
export function taskInfo(offer: Offer, task: TestTask): TaskInfo {
  const { taskId, command, container, cpus = 0.1, memoryMb = 32, labels = {} } = task
  const { killGracePeriodMs } = task
  const take = (name: string, scalar: number) => {
    const from = offer.resources.find((each) => each.name === name)
    if (from === undefined) throw new Error(`${offer.id} has no ${name}`)
    return { name, scalar, from: from.wire }
  }
  return {
    taskId,
    name: `the task ${taskId}`,
    agentId: offer.agentId,
    resources: [take('cpus', cpus), take('mem', memoryMb)],
    command: {
      shell: true,
      environment: {},
      uris: [],
      ...(typeof command === 'string' ? { value: command } : command),
    },
    ...(container !== undefined && { container }),
    labels,
    ...(killGracePeriodMs !== undefined && { killGracePeriodMs }),
  }
}
