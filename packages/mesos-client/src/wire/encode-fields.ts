import type { JsonObject } from '../records/json.js'

export function id(value: string): JsonObject {
  return { value }
}

export function encodeLabels(labels: Readonly<Record<string, string>>): JsonObject {
  return { labels: Object.entries(labels).map(([key, value]) => ({ key, value })) }
}

export function encodeGracePeriod(milliseconds: number): JsonObject {
  return { grace_period: { nanoseconds: Math.round(milliseconds * 1_000_000) } }
}
