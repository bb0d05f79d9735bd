// Hooks of the module loader: replaces pieces of compiled modules as they are loaded, on no disk.
import type { LoadHook } from 'node:module'
import type { FaultPatch } from './patches.js'

let patch: FaultPatch

export function initialize(data: FaultPatch): void {
  patch = data
}

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context)
  const edits = patch.edits.filter(({ module }) => url.endsWith(`/packages/${module}`))
  if (edits.length === 0) return loaded
  let source = String(loaded.source)
  for (const { module, find, replace } of edits) {
    const found = source.split(find).length - 1
    if (found !== 1) {
      throw new Error(
        `Patch ${patch.name}: its text is in ${module} ${found} times, expected once; adapt faults/sensitivity/patches.ts`,
      )
    }
    source = source.replace(find, () => replace)
  }
  return { ...loaded, source }
}
