import { type LogFields, type Logger, noopLogger } from '@flink-ts/core'
import { ManualClock } from '@flink-ts/core/testing'
import type { Offer, SchedulerCall, TaskInfo } from '@flink-ts/mesos-client'
import { LaunchCoordinator } from '../../dist/offers/launch-coordinator.js'
import type { LaunchCoordinatorSettings } from '../../dist/offers/launch-coordinator-settings.js'
import type { Placement } from '../../dist/offers/placement.js'

export const SETTINGS: LaunchCoordinatorSettings = {
  roles: ['*'],
  constraints: [],
  networkResourceName: 'network',
  declinedOfferRefuseMs: 5000,
  unusedOfferExpirationMs: 120_000,
}

/** What a placement becomes, without a driver. */
export function taskInfos({ offers, tasks }: Placement): TaskInfo[] {
  return tasks.map(({ taskId, resources }) => ({
    taskId,
    name: taskId,
    agentId: offers[0]?.agentId ?? '',
    resources,
    command: { shell: true, value: 'run', environment: {}, uris: [] },
    labels: {},
  }))
}

/** A launch coordinator whose master is the test. */
export class CoordinatorUnderTest {
  readonly clock = new ManualClock(1_000_000)
  readonly calls: SchedulerCall[] = []
  readonly placements: Placement[] = []
  readonly voided: string[] = []
  readonly unsatisfied: [readonly string[], string][] = []
  readonly hindrances: (string | undefined)[] = []
  readonly transitions: string[] = []
  readonly warnings: string[] = []
  readonly coordinator: LaunchCoordinator
  /** What becomes of placements. */
  place: (placement: Placement) => Promise<readonly TaskInfo[]> = async (placement) =>
    taskInfos(placement)
  /** What the master answers. */
  answer: (call: SchedulerCall) => Promise<void> = async () => {}

  constructor(settings: Partial<LaunchCoordinatorSettings> = {}) {
    const log: Logger = {
      ...noopLogger,
      warn: (message) => void this.warnings.push(message),
      debug: (message: string, fields: LogFields = {}) => {
        if (message === 'Launch coordinator changed') {
          this.transitions.push(`${String(fields['from'])} -> ${String(fields['to'])}`)
        }
      },
      child: () => log,
    }
    this.coordinator = new LaunchCoordinator({
      clock: this.clock,
      log,
      settings: { ...SETTINGS, ...settings },
      call: (call) => {
        this.calls.push(call)
        return this.answer(call)
      },
      place: (placement) => {
        this.placements.push(placement)
        return this.place(placement)
      },
      onVoided: (taskIds) => void this.voided.push(...taskIds),
      onHindered: (why) => void this.hindrances.push(why),
      onUnsatisfied: (taskIds, explanation) => void this.unsatisfied.push([taskIds, explanation]),
    })
  }

  /** What was said to the master since it was last looked at: types, and ids of offers. */
  get said(): string[] {
    const said = this.calls.map((call) =>
      'offerIds' in call ? `${call.type} ${call.offerIds.join(',')}` : call.type,
    )
    this.calls.length = 0
    return said
  }

  /** Tasks by agent, of all placements so far. */
  get places(): Record<string, string[]> {
    const places: Record<string, string[]> = {}
    for (const { offers, tasks } of this.placements) {
      const agentId = offers[0]?.agentId ?? ''
      places[agentId] = [...(places[agentId] ?? []), ...tasks.map(({ taskId }) => taskId)]
    }
    return places
  }

  offers(...offers: readonly Offer[]): void {
    this.coordinator.offersReceived(offers)
  }

  /** Time passes, and what was awaited goes on. */
  async pass(ms: number): Promise<void> {
    await settled()
    this.clock.advance(ms)
    await settled()
  }
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
