// `npm run faults -- [--minutes M] [--seed S] [--scenario NAME]`: installs and builds if needed and runs the fault run of
// integration-tests/src/faults: real processes, to which bad things are done. See docs/reliability.md.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build, ensureInstalled, ROOT } from './prepare.mjs'

ensureInstalled()
build({ tests: true })
const main = join(ROOT, 'integration-tests', 'dist-test', 'faults', 'main.js')
const faults = spawn(process.execPath, ['--enable-source-maps', main, ...process.argv.slice(2)], {
  stdio: 'inherit',
})
// It ends what it has started and says what it has found so far: that takes a moment.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => faults.kill(signal))
faults.on('exit', (status) => process.exit(status ?? 130))
