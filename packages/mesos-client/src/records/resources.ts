import type { JsonObject } from './json.js'

/** Both ends included. */
export interface MesosRange {
  readonly begin: number
  readonly end: number
}

/** One resource of an agent, as an offer names it; exactly one of `scalar`, `ranges` and `set` is there. */
export interface MesosResource {
  /** `cpus`, `mem` (megabytes), `disk` (megabytes), `gpus`, `ports` (ranges), or what the operator called it. */
  readonly name: string
  /** Three decimals count. */
  readonly scalar?: number
  readonly ranges?: readonly MesosRange[]
  readonly set?: readonly string[]
  /** For whom it is reserved; `*`: for nobody. */
  readonly role: string
  /** May be taken back at any moment (over-subscription). */
  readonly isRevocable: boolean
  /** Is a volume, a disk of its own, shared, or of a provider: nothing that can be cut into pieces. */
  readonly isSpecial: boolean
  /** As the master wrote it: what is launched from it must say the same of its reservation and allocation. */
  readonly wire: JsonObject
}

/** Of an agent; `text` as people write it in constraints. */
export interface MesosAttribute {
  readonly name: string
  /** A scalar without needless digits, ranges as `[1-2,5-6]`, a set as `{a,b}`. */
  readonly text: string
}
