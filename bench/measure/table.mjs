const COLUMNS = [
  ['case', (row) => row.case],
  ['metric', (row) => row.metric],
  ['value', (row) => number(row.value), 'right'],
  ['unit', (row) => row.unit],
  ['against', (row) => row.against ?? ''],
  ['value', (row) => number(row.againstValue), 'right'],
  ['ratio', (row) => (row.ratio === undefined ? '' : `${row.ratio.toFixed(2)}×`), 'right'],
]

/** Three significant digits, and every digit in front of the point. */
function number(value) {
  if (value === undefined) return ''
  if (Math.abs(value) >= 100 || Number.isInteger(value))
    return Math.round(value).toLocaleString('en')
  return value.toPrecision(3)
}

/** Figures as lines of text; columns that nothing is in are left out. */
export function renderTable(rows) {
  if (rows.length === 0) return '  nothing measured'
  const columns = COLUMNS.map(([title, cell, align]) => {
    const cells = rows.map(cell)
    const width = Math.max(title.length, ...cells.map((text) => text.length))
    const pad = (text) => (align === 'right' ? text.padStart(width) : text.padEnd(width))
    return { lines: [title, ...cells].map(pad), empty: cells.every((text) => text === '') }
  }).filter(({ empty }) => !empty)
  return [undefined, ...rows]
    .map((_, line) => `  ${columns.map(({ lines }) => lines[line]).join('  ')}`.trimEnd())
    .join('\n')
}
