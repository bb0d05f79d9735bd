import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { PATCHES } from './sensitivity/patches.js'

// A simulation that finds nothing may be blind: each patch breaks one component, and must be found.

const run = promisify(execFile)
const program = fileURLToPath(new URL('sensitivity/find-violation.js', import.meta.url))

/** `FLINK_TS_SENSITIVITY=1000` allows as many; by default a few after the pinned one, so that it is quick. */
const maxSeeds = Number(process.env['FLINK_TS_SENSITIVITY'] ?? 60)

t.jobs = 2
for (const { name, breaks } of PATCHES) {
  t.test(`the simulation finds ${name}: ${breaks}`, async (t) => {
    const { stdout } = await run(process.execPath, [program, name, String(maxSeeds)])
    const { applied, seed, error, scenario } = JSON.parse(stdout)
    t.equal(applied, true, 'the patched modules were loaded')
    t.ok(error, `found within ${maxSeeds} seeds`)
    t.comment(`${scenario}, seed ${seed}: ${error}`)
  })
}
