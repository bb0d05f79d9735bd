import { createHash } from 'node:crypto'
import { type AttemptInfo, EXECUTION_STATES, type ExecutionState } from '@flink-ts/runtime'

/** How often each state occurs; 0 for those that do not. */
export function countStates(states: readonly ExecutionState[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const state of EXECUTION_STATES) counts[state] = 0
  for (const state of states) counts[state]!++
  return counts
}

/** A stable id for the name of a slot sharing group, where Flink has one of its own. */
export function slotSharingGroupId(name: string): string {
  return createHash('md5').update(name).digest('hex')
}

/** Start (first deployment), end (-1 while one runs) and duration of an attempt. */
export function attemptTimes(attempt: AttemptInfo, nowMs: number) {
  const { timestamps } = attempt
  const startMs = timestamps.DEPLOYING === 0 ? -1 : timestamps.DEPLOYING
  const ended = Math.max(timestamps.FINISHED, timestamps.CANCELED, timestamps.FAILED)
  const endMs = ended === 0 ? -1 : ended
  const duration = startMs === -1 ? -1 : (endMs === -1 ? nowMs : endMs) - startMs
  return { 'start-time': startMs, 'end-time': endMs, duration }
}

/** From the first start to the last end of its subtasks. */
export function vertexTimes(attempts: readonly AttemptInfo[], nowMs: number) {
  const times = attempts.map((attempt) => attemptTimes(attempt, nowMs))
  const starts = times.map((t) => t['start-time']).filter((start) => start !== -1)
  const startMs = starts.length === 0 ? -1 : Math.min(...starts)
  const ends = times.map((t) => t['end-time'])
  const endMs = ends.includes(-1) ? -1 : Math.max(...ends)
  const duration = startMs === -1 ? -1 : (endMs === -1 ? nowMs : endMs) - startMs
  return { 'start-time': startMs, 'end-time': endMs, duration }
}

/** Milliseconds in each state that the attempt entered. */
export function statusDurations(attempt: AttemptInfo, nowMs: number): Record<string, number> {
  const entered = EXECUTION_STATES.map((state) => ({ state, atMs: attempt.timestamps[state] }))
    .filter(({ atMs }) => atMs > 0)
    .sort((a, b) => a.atMs - b.atMs)
  const durations: Record<string, number> = {}
  entered.forEach(({ state, atMs }, index) => {
    const terminal = state === 'FINISHED' || state === 'CANCELED' || state === 'FAILED'
    if (!terminal) durations[state] = (entered[index + 1]?.atMs ?? nowMs) - atMs
  })
  return durations
}
