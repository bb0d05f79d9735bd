import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { PROJECT_FOLDER } from '../../support/test-cluster.js'
import { SCENARIO_RUNS } from '../scenario-runs.js'
import { FAULT_PATCHES } from './patches.js'

// That each of them is found takes minutes: `npm run faults -- --patches`.
t.test('FAULT_PATCHES fit the code as it is', (t) => {
  for (const { name, edits, scenario } of FAULT_PATCHES) {
    t.ok(
      SCENARIO_RUNS.some((known) => known.name === scenario),
      `${name}: its scenario`,
    )
    for (const { module, find } of edits) {
      const text = readFileSync(join(PROJECT_FOLDER, 'packages', module), 'utf8')
      t.equal(text.split(find).length - 1, 1, `${name}: its text is in ${module} once`)
    }
  }
  t.end()
})
