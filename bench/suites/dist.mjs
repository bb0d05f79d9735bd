import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

export const needsInstallation = true

/** Size and number of files of what `npm run dist` assembles, beside the whole of Apache Flink. */
export async function run({ report, home, against }) {
  const ours = sizeOf(home)
  const examples = sizeOf(join(home, 'examples'))
  const other = against === undefined ? undefined : sizeOf(against.home)
  for (const [metric, unit, key] of [
    ['size', 'MB', 'megabytes'],
    ['files', 'files', 'files'],
  ]) {
    const beside = other && { against: against.name, againstValue: other[key] }
    report({ case: 'whole folder', metric, unit, value: ours[key], ...beside })
    report({ case: 'without examples/', metric, unit, value: ours[key] - examples[key] })
  }
}

function sizeOf(folder) {
  let megabytes = 0
  let files = 0
  for (const name of readdirSync(folder, { recursive: true })) {
    const entry = statSync(join(folder, name))
    if (!entry.isFile()) continue
    files++
    megabytes += entry.size / 1e6
  }
  return { megabytes, files }
}
