import type { LeaderAddress, LeaderComponent } from './high-availability-services.js'

/** Names a component as one text, for maps and logs. */
export function leaderComponentName(component: LeaderComponent): string {
  return component.kind === 'jobmanager' ? `jobmanager/${component.jobId}` : component.kind
}

/** Who leads what in this process. */
export class LeaderRegistry {
  readonly #leaders = new Map<string, LeaderAddress>()
  readonly #listeners = new Map<string, Set<(leader: LeaderAddress | undefined) => void>>()

  leaderOf(component: LeaderComponent): LeaderAddress | undefined {
    return this.#leaders.get(leaderComponentName(component))
  }

  publish(component: LeaderComponent, leader: LeaderAddress): void {
    this.#leaders.set(leaderComponentName(component), leader)
    this.#tell(component, leader)
  }

  /** Takes the entry back if it still is the one with this token. */
  withdraw(component: LeaderComponent, leader: LeaderAddress): void {
    const name = leaderComponentName(component)
    if (this.#leaders.get(name) !== leader) return
    this.#leaders.delete(name)
    this.#tell(component, undefined)
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

  #tell(component: LeaderComponent, leader: LeaderAddress | undefined): void {
    for (const listener of this.#listeners.get(leaderComponentName(component)) ?? []) {
      listener(leader)
    }
  }
}
