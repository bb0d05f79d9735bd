import assert from 'node:assert/strict'
import { sameFencingToken } from '@flink-ts/rpc'
import type {
  LeaderAddress,
  LeaderComponent,
  LeaderRetriever,
} from './high-availability-services.js'

/** Names a component as one text, for maps and logs. */
export function leaderComponentName(component: LeaderComponent): string {
  return component.kind === 'jobmanager' ? `jobmanager/${component.jobId}` : component.kind
}

/** Who leads what, as far as this process knows. */
export class LeaderRegistry {
  readonly #leaders = new Map<string, LeaderAddress>()
  readonly #listeners = new Map<string, Set<(leader: LeaderAddress | undefined) => void>>()

  leaderOf(component: LeaderComponent): LeaderAddress | undefined {
    return this.#leaders.get(leaderComponentName(component))
  }

  publish(component: LeaderComponent, leader: LeaderAddress): void {
    this.set(leaderComponentName(component), leader)
  }

  /** Takes the entry back if it still is the one with this token. */
  withdraw(component: LeaderComponent, leader: LeaderAddress): void {
    const name = leaderComponentName(component)
    if (this.#leaders.get(name) === leader) this.set(name, undefined)
  }

  /** By the name of the component; tells nobody what was known already. */
  set(name: string, leader: LeaderAddress | undefined): void {
    const known = this.#leaders.get(name)
    if (
      known?.address === leader?.address &&
      known?.endpointId === leader?.endpointId &&
      sameFencingToken(known?.token, leader?.token)
    )
      return
    if (leader === undefined) this.#leaders.delete(name)
    else this.#leaders.set(name, leader)
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener(leader)
  }

  /** @returns a function that ends the subscription */
  subscribe(
    component: LeaderComponent,
    listener: (leader: LeaderAddress | undefined) => void,
  ): () => void {
    const name = leaderComponentName(component)
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(name) === listeners) {
        this.#listeners.delete(name)
      }
    }
  }

  /** Tells of each change, in the turn in which it becomes known here. */
  retriever(component: LeaderComponent): LeaderRetriever {
    let unsubscribe: (() => void) | undefined
    return {
      start: (listener) => {
        assert(unsubscribe === undefined, 'a retriever is started once')
        unsubscribe = this.subscribe(component, listener)
        const leader = this.leaderOf(component)
        if (leader !== undefined) listener(leader)
      },
      close: async () => unsubscribe?.(),
    }
  }
}
