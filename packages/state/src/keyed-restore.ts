import type { OpenStateHandle } from './checkpoint/state-handle.js'
import type { KeyedRestorePart } from './redistribution/assign-key-groups.js'

/** What a subtask restores its keyed state from. */
export interface KeyedRestore {
  /** In any order; no key group lies in two of them. `assignKeyGroups` makes them. */
  readonly parts: readonly KeyedRestorePart[]
  /** Opens a file of a part: from the checkpoint's storage, or a local copy of it. */
  readonly open: OpenStateHandle
}
