import type { SubtaskInfo } from '@flink-ts/runtime'
import type {
  BackPressureLevel,
  JobVertexBackPressureBody,
  SubtaskBackPressureBody,
} from '../messages/backpressure-messages.js'

/** How back-pressured the subtasks of a vertex have been in the last seconds. */
export function backPressureBody(
  subtasks: readonly SubtaskInfo[],
  nowMs: number,
): JobVertexBackPressureBody {
  const bodies = subtasks.flatMap(subtaskBody)
  if (bodies.length === 0) return { status: 'deprecated' }
  const level = levelOf(Math.max(...bodies.map(({ ratio }) => ratio)))
  return {
    status: 'ok',
    backpressureLevel: level,
    'backpressure-level': level,
    'end-timestamp': nowMs,
    subtasks: bodies,
  }
}

function subtaskBody({ subtaskIndex, current }: SubtaskInfo): SubtaskBackPressureBody[] {
  if (current.metrics === undefined) return []
  const { values } = current.metrics
  const ratioOf = (metric: string) => (values[metric] ?? 0) / 1000
  const ratio = ratioOf('backPressuredTimeMsPerSecond')
  const level = levelOf(ratio)
  return [
    {
      subtask: subtaskIndex,
      'attempt-number': current.attemptNumber,
      backpressureLevel: level,
      'backpressure-level': level,
      ratio,
      idleRatio: ratioOf('idleTimeMsPerSecond'),
      busyRatio: ratioOf('busyTimeMsPerSecond'),
    },
  ]
}

function levelOf(ratio: number): BackPressureLevel {
  if (ratio <= 0.1) return 'ok'
  return ratio <= 0.5 ? 'low' : 'high'
}
