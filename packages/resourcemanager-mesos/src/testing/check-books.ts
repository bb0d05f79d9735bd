import assert from 'node:assert/strict'
import { type AgentRecord, addAmounts } from './master-records.js'

/** @throws AssertionError when free, offered and used resources of an agent are not all that it has */
export function checkBooks({ agent, free, offers, tasks }: AgentRecord): void {
  const parts = [
    ...[...offers].map(({ amounts }) => amounts),
    ...[...tasks].filter(({ holdsResources }) => holdsResources).map(({ amounts }) => amounts),
  ]
  // Of ports, adding asserts that none is there twice.
  const sum = parts.reduce(addAmounts, free)
  assert.deepEqual(sum, agent.total, `the resources of ${agent.spec.hostname}`)
}
