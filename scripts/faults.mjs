// `npm run faults -- [--minutes M] [--seed S] [--scenario NAME]`: installs and builds if needed and runs the fault run of
// integration-tests/src/faults: real processes, to which bad things are done. See docs/reliability.md.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build, ensureInstalled, ROOT } from './prepare.mjs'

ensureInstalled()
build({ tests: true })
const main = join(ROOT, 'integration-tests', 'dist-test', 'faults', 'main.js')
const { status } = spawnSync(
  process.execPath,
  ['--enable-source-maps', main, ...process.argv.slice(2)],
  {
    stdio: 'inherit',
  },
)
process.exit(status ?? 130)
