import { type FaultRunResult, RunInterruptedError } from './run-frame.js'

/** That are shown. */
const MAX_PATHS = 12

/** Whether nothing was lost, nothing was there twice, nothing was left behind, and the run came to its end. */
export function isRight({ lost, duplicated, leftBehind, error }: FaultRunResult): boolean {
  return lost === 0 && duplicated === 0 && (leftBehind ?? []).length === 0 && error === undefined
}

/** What a run ends with: what went wrong, the times to recover, and the one line with all counts. */
export function closingLines(result: FaultRunResult): string[] {
  const { faults, records, lost, duplicated, recoveriesMs, error, folder } = result
  const { leaders, leftBehind } = result
  const lines: string[] = []
  if (error !== undefined) {
    lines.push(`The run ended early: ${textOf(error)}`)
    const cause = error instanceof Error ? error.cause : undefined
    if (cause !== undefined)
      lines.push(`because of ${cause instanceof Error ? cause.stack : cause}`)
  }
  if (folder !== undefined) lines.push(`Logs and output are in ${folder}`)
  if (recoveriesMs.length > 0) {
    const [median, p99] = [0.5, 0.99].map((part) => percentile(recoveriesMs, part).toFixed(0))
    lines.push(`time to recover: median ${median} ms, p99 ${p99} ms`)
  }
  if (leaders !== undefined && leftBehind !== undefined) {
    for (const path of leftBehind.slice(0, MAX_PATHS)) lines.push(`left behind: ${path}`)
    lines.push(`leaders ${leaders}, left behind ${leftBehind.length} nodes and files`)
  }
  lines.push(
    `faults ${faults}, recoveries ${recoveriesMs.length}, records ${records}, lost ${lost}, duplicated ${duplicated}`,
  )
  return lines
}

function textOf(error: unknown): unknown {
  if (error instanceof RunInterruptedError) return error.message
  return error instanceof Error ? error.stack : error
}

/** The value below or at which this part of the values lies. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN
}
