import type { SerializerRegistry } from '../serializer-registry.js'
import { fieldPath, indexPath, kindOf } from '../value-path.js'
import { MAX_DEPTH } from './format.js'
import { canWrite } from './object-writer.js'

/** The first part of `value` that cannot travel. Slow; called when the encoder met one. */
export function findUnserializable(
  value: unknown,
  registry: SerializerRegistry | undefined,
): { path: string; what: string } {
  const open: { value: unknown; path: string; depth: number }[] = [
    { value, path: 'record', depth: 1 },
  ]
  const seen = new Set<unknown>()
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    const { value: current, path, depth } = part
    if (typeof current === 'function' || typeof current === 'symbol') {
      return { path, what: kindOf(current) }
    }
    if (typeof current !== 'object' || current === null) continue
    if (depth > MAX_DEPTH) return { path: 'record', what: `nested deeper than ${MAX_DEPTH}` }
    if (seen.has(current)) continue
    seen.add(current)
    const custom = registry?.forValue(current)
    if (custom === undefined && !canWrite(current)) return { path, what: kindOf(current) }
    const parts = custom === undefined ? partsOf(current, path) : [[custom.toData(current), path]]
    for (const [value, path] of parts.reverse() as [unknown, string][]) {
      open.push({ value, path, depth: depth + 1 })
    }
  }
  return { path: 'record', what: 'an instance of a registered class that contains itself' }
}

function partsOf(value: object, path: string): [unknown, string][] {
  if (Array.isArray(value)) {
    return Object.keys(value).map((name) => {
      const index = Number(name)
      return [value[index], indexPath(path, index)]
    })
  }
  if (value instanceof Map) {
    return [...value].flatMap(([key, element]): [unknown, string][] => [
      [key, `${path}.key(${describeKey(key)})`],
      [element, `${path}.get(${describeKey(key)})`],
    ])
  }
  if (value instanceof Set) return [...value].map((element) => [element, `${path}.values()`])
  if (value instanceof Error) return [[value.cause, fieldPath(path, 'cause')]]
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return []
  return Object.entries(value).map(([name, field]) => [field, fieldPath(path, name)])
}

function describeKey(key: unknown): string {
  if (typeof key === 'string') return JSON.stringify(key)
  return typeof key === 'object' || typeof key === 'function' ? kindOf(key) : String(key)
}
