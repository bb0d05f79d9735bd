// Fails when an error code of the sources is not explained in docs/errors.md, or one explained there is gone.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Environment variables that look like codes. */
const VARIABLES =
  /^FLINK_(?:CONF_DIR|HOME|IDENT_STRING|LOG_DIR|LOG_FILE|PID_DIR|SSH_OPTS|PROPERTIES|NODE|NODE_FLAGS|BIN_DIR|MESOS_ARTIFACTS|MESOS_TICKET|TS_.*)$/
/** What it throws meets those who write tests only; no cluster has it. */
const TEST_PACKAGES = new Set(['testing'])

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* sources(path)
    else if (entry.name.endsWith('.ts')) yield path
  }
}

const used = new Map()
for (const name of readdirSync('packages')) {
  if (TEST_PACKAGES.has(name)) continue
  for (const file of sources(join('packages', name, 'src'))) {
    for (const [, code] of readFileSync(file, 'utf8').matchAll(/'(FLINK_[A-Z_]+[A-Z])'/g)) {
      if (!VARIABLES.test(code)) used.set(code, file)
    }
  }
}
const documented = new Set(readFileSync('docs/errors.md', 'utf8').match(/FLINK_[A-Z_]+[A-Z]/g))
const problems = [...used]
  .filter(([code]) => !documented.has(code))
  .map(([code, file]) => `${file}: ${code} is not in docs/errors.md`)
for (const code of documented) {
  if (!used.has(code)) problems.push(`docs/errors.md: no source has ${code}`)
}
for (const problem of problems) console.error(problem)
process.exit(problems.length === 0 ? 0 : 1)
