// `node run-files.mjs FILE…`: runs files of tests as plan.mjs says, two at a time, and writes the TAP of all.
import { t } from 'tap'
import { ROOT } from '../prepare.mjs'
import { planOf } from './plan.mjs'

/** Of a file that sets none: simulations need minutes of a processor that others use, too. */
const TIMEOUT_S = 900

const files = process.argv.slice(2)
const { oneAtATime, beside, alone } = planOf(files)
t.setTimeout(0)
t.jobs = 2

/** One after the other, until none is left in the lists; a file is taken when its turn comes. */
async function inTurn(...lists) {
  for (const list of lists) {
    for (let file = list.shift(); file !== undefined; file = list.shift()) await run(file)
  }
}

function run(file) {
  const options = {
    ...{ at: null, stack: '', buffered: true, cwd: ROOT },
    timeout: TIMEOUT_S * 1000,
    env: { ...process.env, TAP_TIMEOUT: String(TIMEOUT_S) },
  }
  return t.spawn(process.execPath, ['--enable-source-maps', file], options, file)
}

await Promise.all([inTurn(oneAtATime, beside), inTurn(beside)])
await inTurn(alone)
