// Writes docs/configuration.md from the option definitions; with --check it only compares.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { renderConfigurationPage } from '@flink-ts/core'

const page = fileURLToPath(new URL('../docs/configuration.md', import.meta.url))
const text = renderConfigurationPage()
if (process.argv.includes('--check')) {
  let current = ''
  try {
    current = readFileSync(page, 'utf8')
  } catch {
    // There is no page yet: it counts as out of date.
  }
  if (current !== text) {
    console.error(
      'docs/configuration.md is out of date: run node scripts/generate-configuration-docs.mjs',
    )
    process.exitCode = 1
  }
} else {
  writeFileSync(page, text)
}
