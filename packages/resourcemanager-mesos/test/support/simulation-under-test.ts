import { SeededRandom } from '@flink-ts/core'
import type {
  FrameworkInfo,
  Offer,
  SchedulerCall,
  SchedulerEvent,
  SubscriptionEnd,
  TaskInfo,
  TaskStatus,
} from '@flink-ts/mesos-client'
import { DriverClock } from '@flink-ts/testing/resource-manager-drivers'
import {
  SimulatedMesos,
  type SimulatedMesosOptions,
  type SimulatedScheduler,
} from '../../dist/testing/index.js'

export const FRAMEWORK: FrameworkInfo = {
  name: 'test',
  user: 'flink',
  roles: ['*'],
  failoverTimeoutSeconds: 60,
  checkpoint: true,
  capabilities: ['PARTITION_AWARE', 'MULTI_ROLE', 'TASK_KILLING_STATE'],
}

/** A scheduler of a simulated Mesos that notes all that it is told, and acknowledges it if it is to. */
export class NotingScheduler {
  readonly scheduler: SimulatedScheduler
  readonly events: SchedulerEvent[] = []
  /** What came besides events, in words. */
  readonly notes: string[] = []
  readonly offers = new Map<string, Offer>()
  frameworkId = ''
  end: SubscriptionEnd | undefined
  acknowledges = true

  constructor(mesos: SimulatedMesos, framework: Partial<FrameworkInfo> = {}) {
    this.scheduler = mesos.scheduler()
    this.scheduler.start(
      { ...FRAMEWORK, ...framework },
      {
        onSubscribed: ({ frameworkId }) => {
          this.frameworkId = frameworkId
          this.offers.clear()
          this.notes.push('subscribed')
        },
        onEvent: (event) => this.#event(event),
        onDisconnected: () => void this.notes.push('disconnected'),
        onEnded: (end) => {
          this.end = end
          this.notes.push(end.kind)
        },
      },
    )
  }

  /** States of a task, in the order in which they were told. */
  states(taskId: string): string[] {
    return this.statuses(taskId).map(({ state }) => state.slice('TASK_'.length))
  }

  statuses(taskId: string): TaskStatus[] {
    return this.events.flatMap((event) =>
      event.type === 'UPDATE' && event.status.taskId === taskId ? [event.status] : [],
    )
  }

  /** @returns `ok`, or the reason of the refusal */
  async call(call: SchedulerCall): Promise<string> {
    return this.scheduler.call(call).then(
      () => 'ok',
      (error) => error.reason,
    )
  }

  /** Launches tasks of one cpu each with an offer. */
  launch(offer: Offer, taskIds: readonly string[], cpus = 1): Promise<string> {
    return this.call({
      type: 'ACCEPT',
      offerIds: [offer.id],
      launch: taskIds.map((taskId) => taskOn(offer, taskId, cpus)),
      refuseSeconds: 0,
    })
  }

  #event(event: SchedulerEvent): void {
    this.events.push(event)
    if (event.type === 'OFFERS') for (const offer of event.offers) this.offers.set(offer.id, offer)
    if (event.type === 'RESCIND') this.offers.delete(event.offerId)
    if (event.type !== 'UPDATE' || !this.acknowledges) return
    const { taskId, agentId = '', uuid } = event.status
    if (uuid !== undefined) void this.call({ type: 'ACKNOWLEDGE', taskId, agentId, uuid })
  }
}

export function taskOn(offer: Offer, taskId: string, cpus: number): TaskInfo {
  const from = offer.resources.find(({ name }) => name === 'cpus')?.wire ?? {}
  return {
    taskId,
    name: taskId,
    agentId: offer.agentId,
    resources: [{ name: 'cpus', scalar: cpus, from }],
    command: { shell: true, value: 'run', environment: {}, uris: [] },
    labels: {},
  }
}

/** A simulated Mesos, on time of its own. */
export function openMesos(
  options: Partial<SimulatedMesosOptions> & Pick<SimulatedMesosOptions, 'agents'>,
): { clock: DriverClock; mesos: SimulatedMesos } {
  const clock = new DriverClock()
  const mesos = new SimulatedMesos({ ...options, clock, random: new SeededRandom(1) })
  return { clock, mesos }
}
