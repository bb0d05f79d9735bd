import assert from 'node:assert/strict'
import type { Logger } from '@flink-ts/core'
import { type FencingToken, formatFencingToken, sameFencingToken } from '@flink-ts/rpc'
import type {
  LeaderAddress,
  LeaderComponent,
  LeaderContender,
  LeaderElection,
} from './high-availability-services.js'
import { leaderComponentName } from './leader-registry.js'

/** The election of the process, and the place where others find the addresses of its components. */
export interface LeaderElectionDriver {
  /** Takes part from now on; called once, when the first component does. */
  join(): void
  /** Lets others find `component` as long as this term lasts. */
  publish(component: LeaderComponent, leader: LeaderAddress): void
  withdraw(component: LeaderComponent, leader: LeaderAddress): void
}

export interface LeaderElectionServiceOptions {
  readonly driver: LeaderElectionDriver
  readonly log: Logger
}

/**
 * One election for all components of a process: tells each of the process's grants and revocations, in
 * the order in which the components joined.
 */
export class LeaderElectionService {
  readonly #options: LeaderElectionServiceOptions
  readonly #members = new Set<Member>()
  #token: FencingToken | undefined
  #joined = false

  constructor(options: LeaderElectionServiceOptions) {
    this.#options = options
  }

  /** Of the present term; undefined while this process does not lead, as far as it knows. */
  get token(): FencingToken | undefined {
    return this.#token
  }

  election(component: LeaderComponent): LeaderElection {
    const member = new Member(component, {
      driver: this.#options.driver,
      currentToken: () => this.#token,
      onStart: () => this.#onStart(member),
      onClose: () => void this.#members.delete(member),
    })
    return member
  }

  /** The driver has won the election; a term that is not over is revoked first. */
  granted(token: FencingToken): void {
    if (sameFencingToken(this.#token, token)) return
    this.revoked()
    this.#options.log.info('This process leads', { token: formatFencingToken(token) })
    this.#token = token
    for (const member of [...this.#members]) member.tell(token)
  }

  /** The driver has lost the leadership, or does not know any more whether it has it. Idempotent. */
  revoked(): void {
    if (this.#token === undefined) return
    this.#options.log.warn('This process does not lead any more', {
      token: formatFencingToken(this.#token),
    })
    this.#token = undefined
    for (const member of [...this.#members]) member.tell(undefined)
  }

  #onStart(member: Member): void {
    this.#members.add(member)
    if (this.#token !== undefined) member.tell(this.#token)
    if (this.#joined) return
    this.#joined = true
    this.#options.driver.join()
  }
}

interface MemberOptions {
  readonly driver: LeaderElectionDriver
  readonly currentToken: () => FencingToken | undefined
  readonly onStart: () => void
  readonly onClose: () => void
}

class Member implements LeaderElection {
  readonly #component: LeaderComponent
  readonly #options: MemberOptions
  #contender: LeaderContender | undefined
  #confirmed: LeaderAddress | undefined
  #told: FencingToken | undefined
  #closed = false

  constructor(component: LeaderComponent, options: MemberOptions) {
    this.#component = component
    this.#options = options
  }

  start(contender: LeaderContender): void {
    const name = leaderComponentName(this.#component)
    assert(this.#contender === undefined, `the election of ${name} is started once`)
    this.#contender = contender
    this.#options.onStart()
  }

  tell(token: FencingToken | undefined): void {
    if (this.#closed || sameFencingToken(this.#told, token)) return
    this.#told = token
    if (token !== undefined) {
      this.#contender!.grantLeadership(token)
      return
    }
    // The coordination service drops the addresses of a term with the term.
    this.#confirmed = undefined
    this.#contender!.revokeLeadership()
  }

  confirmLeadership(leader: LeaderAddress): void {
    const { currentToken, driver } = this.#options
    if (this.#closed || !sameFencingToken(leader.token, currentToken())) return
    this.#confirmed = leader
    driver.publish(this.#component, leader)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#options.onClose()
    if (this.#confirmed !== undefined)
      this.#options.driver.withdraw(this.#component, this.#confirmed)
  }
}
