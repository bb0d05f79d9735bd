// `npm run clean`: removes everything that a build or a test run made inside the workspace.
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './prepare.mjs'

const remove = (...parts) => rmSync(join(ROOT, ...parts), { recursive: true, force: true })
for (const name of readdirSync(join(ROOT, 'packages'))) {
  for (const folder of ['dist', 'dist-test', '.tap']) remove('packages', name, folder)
}
for (const folder of ['.tap', '.nx', 'build', 'integration-tests/dist-test']) remove(folder)
