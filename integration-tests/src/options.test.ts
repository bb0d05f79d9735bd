import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as core from '@flink-ts/core'
import t from 'tap'

const PACKAGES = fileURLToPath(new URL('../../packages/', import.meta.url))
const DEFINITIONS = /core[\\/]src[\\/]configuration[\\/]options[\\/]/

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sources(path)
    return entry.name.endsWith('.ts') && !DEFINITIONS.test(path) ? [path] : []
  })
}

/** Each option that is defined: the name of its group, its own name there, its key. */
const options = Object.entries(core)
  .filter(([group]) => group.endsWith('Options'))
  .flatMap(([group, members]) =>
    Object.entries(members as unknown as Record<string, { key?: unknown }>)
      .filter(([, option]) => typeof option.key === 'string')
      .map(([name, option]) => ({ group, name, key: option.key as string })),
  )

/** Whether a file names `group.name`, by the name that the group has there. */
function reads(text: string, group: string, name: string): boolean {
  const alias = new RegExp(`\\b${group} as (\\w+)|\\bconst (\\w+) = ${group}\\b`, 'g')
  const names = [...text.matchAll(alias)].map(([, imported, local]) => imported ?? local!)
  return (
    [group, ...names].some((called) => new RegExp(`\\b${called}\\.${name}\\b`).test(text)) ||
    new RegExp(`\\b${name}\\b[^}]*\\} = ${group}\\b`).test(text)
  )
}

/** A key counts as without effect if some value of it is accepted with that notice. */
const hasEffect = (key: string) =>
  !['1', 'false', 'a:1'].some((value) =>
    core
      .checkConfiguration(core.Configuration.fromMap({ [key]: value }))
      .some((notice) => notice.key === key && /no effect/.test(notice.message)),
  )

t.test('an option is read by the code exactly if it is documented as having an effect', (t) => {
  const texts = readdirSync(PACKAGES).flatMap((name) =>
    sources(join(PACKAGES, name, 'src')).map((file) => readFileSync(file, 'utf8')),
  )
  t.ok(options.length > 80, `${options.length} options are defined`)
  for (const { group, name, key } of options) {
    const isRead = texts.some((text) => text.includes(group) && reads(text, group, name))
    if (isRead !== hasEffect(key)) {
      t.fail(
        `${key} (${group}.${name}) is ${isRead ? 'read, but' : 'not read, but not'} listed as without effect`,
      )
    }
  }
  t.end()
})
