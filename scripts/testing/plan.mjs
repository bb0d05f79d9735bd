// Which files of tests run beside which, so that no two of those starve each other that wait for real processes.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../prepare.mjs'

/** Each has the daemons of a Hadoop or a Mesos, and clusters on it: nothing runs beside them. */
export const ALONE = integrationTests([
  'hadoop-rpc',
  'mesos-client',
  'mesos-clusters',
  'mesos-failures',
  'yarn-clusters',
  'yarn-failures',
])

/** They start one small cluster at the most, do no harm to it, and wait for nothing but its answers. */
const SMALL = integrationTests([
  'attached',
  'bad-input',
  'connected-streams',
  'dist',
  'docker-entrypoint',
  'faults/faults-parts',
  'files',
  'options',
  'printing',
  'programs',
  'rest',
  'rest-authentication',
  'security',
  'slots',
  'test-run',
  'transitions',
  'word-count',
])

/** All that have a place of their own in the plan. */
export const NAMED = [...ALONE, ...SMALL]

/** @returns every file of tests, below the root: those that .taprc names */
export function testFiles() {
  const packages = readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}`)
  return [...packages, 'integration-tests']
    .map((folder) => `${folder}/dist-test`)
    .filter((folder) => existsSync(join(ROOT, folder)))
    .flatMap((folder) => testFilesIn(folder).sort())
}

/** Links are not followed. */
function testFilesIn(folder) {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    const isOwn = entry.name !== 'fixtures' && !entry.name.startsWith('.')
    if (entry.isDirectory()) return isOwn ? testFilesIn(path) : []
    return entry.name.endsWith('.test.js') ? [path] : []
  })
}

/**
 * @returns `oneAtATime`: clusters and servers to which things are done; `beside`: those that may run beside them and
 *   each other; `alone`: those that run when nothing else does. Each in the order given
 */
export function planOf(files) {
  const alone = files.filter((file) => ALONE.includes(file))
  const oneAtATime = files.filter(
    (file) =>
      file.startsWith('integration-tests/') && !ALONE.includes(file) && !SMALL.includes(file),
  )
  const beside = files.filter((file) => !alone.includes(file) && !oneAtATime.includes(file))
  return { oneAtATime, beside, alone }
}

function integrationTests(names) {
  return names.map((name) => `integration-tests/dist-test/${name}.test.js`)
}
