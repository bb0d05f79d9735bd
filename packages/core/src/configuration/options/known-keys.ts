import { KEYS_WITHOUT_EFFECT } from './keys-without-effect.js'
import { allOptions } from './option-groups.js'

/** What is known of a key; undefined in `reasonWithoutEffect` means that it is read. */
export interface KnownKey {
  readonly reasonWithoutEffect: string | undefined
  /** The key that took its place, if this one is deprecated. */
  readonly replacedBy: string | undefined
}

interface Index {
  readonly literal: ReadonlyMap<string, KnownKey>
  readonly patterns: readonly { readonly matches: RegExp; readonly known: KnownKey }[]
}

let index: Index | undefined

/** Looks a key up among the options, their deprecated keys and the keys without effect. */
export function findKnownKey(key: string): KnownKey | undefined {
  index ??= buildIndex()
  return index.literal.get(key) ?? index.patterns.find((p) => p.matches.test(key))?.known
}

/** All keys that are known by their full name. */
export function knownKeyNames(): string[] {
  index ??= buildIndex()
  return [...index.literal.keys()]
}

function buildIndex(): Index {
  const literal = new Map<string, KnownKey>()
  const patterns: { matches: RegExp; known: KnownKey }[] = []
  for (const { reason, keys } of KEYS_WITHOUT_EFFECT) {
    const known: KnownKey = { reasonWithoutEffect: reason, replacedBy: undefined }
    for (const key of keys) {
      if (key.includes('<')) patterns.push({ matches: patternOf(key), known })
      else literal.set(key, known)
    }
  }
  for (const { key } of allOptions()) {
    if (!literal.has(key)) {
      literal.set(key, { reasonWithoutEffect: undefined, replacedBy: undefined })
    }
  }
  for (const { key, type } of allOptions()) {
    // The entries of a map may stand under keys of their own.
    if (type.name === 'Map')
      patterns.push({ matches: patternOf(`${key}.<key>`), known: literal.get(key)! })
  }
  for (const { key, deprecatedKeys } of allOptions()) {
    const reasonWithoutEffect = literal.get(key)!.reasonWithoutEffect
    for (const old of deprecatedKeys) {
      // A fallback may be an option of its own (rest.address falls back to jobmanager.rpc.address).
      if (!literal.has(old)) literal.set(old, { reasonWithoutEffect, replacedBy: key })
    }
  }
  return { literal, patterns }
}

/** `<…>` at the end stands for any rest, elsewhere for one name without dots. */
function patternOf(key: string): RegExp {
  const source = key
    .split(/(<[^>]+>)/)
    .map((part) => (part.startsWith('<') ? '[^.]+' : part.replaceAll('.', '\\.')))
    .filter((part) => part !== '')
  if (source.at(-1) === '[^.]+') source[source.length - 1] = '.+'
  return new RegExp(`^${source.join('')}$`)
}
