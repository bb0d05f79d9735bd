import type { OperatorStateHandle } from '../checkpoint/state-handle.js'

/** Elements of a stored operator state that a subtask restores. */
export interface OperatorRestorePart {
  readonly handle: OperatorStateHandle
  /** Elements `from` to before `to` of the state with this name, in the order of the file. */
  readonly ranges: readonly { readonly name: string; readonly from: number; readonly to: number }[]
}

/**
 * Gives stored operator state to the subtasks of another (or the same) parallelism: `splitList` in equal shares one after
 * the other, or as it was when the parallelism is; `unionList` all to all; of `broadcast` copy `i mod p` to subtask `i`, of the
 * `p` that are stored.
 *
 * @param handles by subtask of the stored parallelism; those without state may be missing
 * @returns by new subtask, in the order of the stored ones
 */
export function redistributeOperatorState(
  handles: ReadonlyMap<number, OperatorStateHandle>,
  parallelism: { readonly old: number; readonly new: number },
): OperatorRestorePart[][] {
  const stored = [...handles].sort(([a], [b]) => a - b)
  const parts = Array.from(
    { length: parallelism.new },
    () => new Map<OperatorStateHandle, { name: string; from: number; to: number }[]>(),
  )
  const give = (
    subtask: number,
    handle: OperatorStateHandle,
    name: string,
    from: number,
    to: number,
  ) => {
    if (from >= to) return
    const ranges = parts[subtask]!.get(handle) ?? []
    ranges.push({ name, from, to })
    parts[subtask]!.set(handle, ranges)
  }
  for (const [name, holders] of byState(stored)) {
    const { kind } = holders[0]!
    if (kind === 'splitList' && parallelism.old === parallelism.new) {
      for (const { subtask, handle, elements } of holders) give(subtask, handle, name, 0, elements)
    } else if (kind === 'splitList') {
      splitEqually(holders, parallelism.new, (subtask, handle, from, to) =>
        give(subtask, handle, name, from, to),
      )
    } else {
      for (let subtask = 0; subtask < parallelism.new; subtask++) {
        const read = kind === 'unionList' ? holders : [holders[subtask % holders.length]!]
        for (const { handle, elements } of read) give(subtask, handle, name, 0, elements)
      }
    }
  }
  // By stored subtask, so that elements keep their order whatever the order of the states.
  return parts.map((part) =>
    stored.flatMap(([, handle]) => {
      const ranges = part.get(handle)
      return ranges === undefined ? [] : [{ handle, ranges }]
    }),
  )
}

interface Holder {
  readonly subtask: number
  readonly handle: OperatorStateHandle
  readonly kind: OperatorStateHandle['states'][number]['kind']
  readonly elements: number
}

function byState(
  stored: readonly (readonly [number, OperatorStateHandle])[],
): Map<string, Holder[]> {
  const states = new Map<string, Holder[]>()
  for (const [subtask, handle] of stored) {
    for (const { name, kind, elements } of handle.states) {
      const holders = states.get(name) ?? []
      holders.push({ subtask, handle, kind, elements })
      states.set(name, holders)
    }
  }
  return states
}

function splitEqually(
  holders: readonly Holder[],
  parallelism: number,
  give: (subtask: number, handle: OperatorStateHandle, from: number, to: number) => void,
): void {
  const total = holders.reduce((sum, { elements }) => sum + elements, 0)
  const [share, rest] = [Math.floor(total / parallelism), total % parallelism]
  let [holder, taken] = [0, 0]
  for (let subtask = 0; subtask < parallelism; subtask++) {
    let left = share + (subtask < rest ? 1 : 0)
    while (left > 0) {
      const { handle, elements } = holders[holder]!
      const count = Math.min(left, elements - taken)
      give(subtask, handle, taken, taken + count)
      taken += count
      left -= count
      if (taken === elements) {
        holder++
        taken = 0
      }
    }
  }
}
