import { type TypeDescription, typeToString } from '@flink-ts/core'
import {
  describeSavepoint,
  type OperatorSummary,
  type SavepointReader,
  type StateSummary,
} from '@flink-ts/state-tools'
import type { Terminal } from '../../terminal/terminal.js'

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

/** `flink state ls`. */
export async function listSavepoint(
  reader: SavepointReader,
  terminal: Terminal,
  options: { readonly keyGroups: boolean; readonly json: boolean; readonly counts: boolean },
): Promise<number> {
  const { jobId, checkpointId, timestampMs, kind } = reader.metadata
  const taken = new Date(timestampMs).toISOString()
  const operators = await describeSavepoint(reader, options)
  if (options.json) {
    const { path } = reader
    const facts = {
      path,
      kind,
      jobId,
      checkpointId: String(checkpointId),
      timestampMs: timestampMs,
    }
    terminal.out(JSON.stringify({ ...facts, operators }, undefined, 2))
    return 0
  }
  const what = kind === 'SAVEPOINT' ? 'Savepoint' : 'Checkpoint'
  terminal.out(`${what} ${reader.path}`)
  terminal.out(`  job ${jobId}, checkpoint ${checkpointId}, taken ${taken}`)
  for (const operator of operators) listOperator(operator, terminal, options.keyGroups)
  return 0
}

function listOperator(operator: OperatorSummary, terminal: Terminal, keyGroups: boolean): void {
  const { operatorName, operatorUid, operatorId, parallelism, maxParallelism, states } = operator
  terminal.out()
  const uid = operatorUid === undefined ? '' : `uid ${operatorUid}, `
  terminal.out(`${operatorName} (${uid}id ${operatorId})`)
  const facts = [
    `parallelism ${parallelism} of ${maxParallelism}`,
    bytesToText(operator.sizeBytes),
    ...(operator.keyType === undefined ? [] : [`keys ${typeText(operator.keyType)}`]),
    ...(operator.coordinatorBytes > 0
      ? [`coordinator ${bytesToText(operator.coordinatorBytes)}`]
      : []),
    ...(operator.finishedSubtasks > 0 ? [`${operator.finishedSubtasks} subtasks finished`] : []),
    ...(operator.isNative ? ['keyed state in files of its backend'] : []),
  ]
  terminal.out(`  ${facts.join(', ')}`)
  if (states.length === 0) return
  const rows = [
    ['STATE', 'KIND', 'KEYS', 'ELEMENTS', 'TYPE'],
    ...states.map((state) => [
      state.name,
      state.kind,
      state.keys === undefined ? '-' : String(state.keys),
      state.elements === undefined ? '-' : String(state.elements),
      stateType(state),
    ]),
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const shown = rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd(),
  )
  terminal.out(shown[0])
  states.forEach((state, index) => {
    terminal.out(shown[index + 1])
    if (!keyGroups) return
    for (const { keyGroup, keys, elements } of state.keyGroups ?? []) {
      terminal.out(`    key group ${keyGroup}: ${many(keys, 'key')}, ${many(elements, 'element')}`)
    }
  })
}

function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function stateType({ type, mapKeyType, ttl }: StateSummary): string {
  const value = ttl === true ? `${typeText(type)}, with a time to live` : typeText(type)
  return mapKeyType === undefined ? value : `${typeText(mapKeyType)} → ${value}`
}

function typeText(type: TypeDescription | 'dynamic'): string {
  return type === 'dynamic' ? type : typeToString(type)
}

/** With one digit behind the point: `12.3 KiB`. */
function bytesToText(bytes: number): string {
  let value = bytes
  let unit = 0
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`
}
