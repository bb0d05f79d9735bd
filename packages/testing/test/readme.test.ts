import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import ts from 'typescript'

const README = fileURLToPath(new URL('../README.md', import.meta.url))

t.test('the examples of the README run', async (t) => {
  const blocks = [...(await readFile(README, 'utf8')).matchAll(/^```ts\n(.*?)^```/gms)]
  t.equal(blocks.length, 2)
  // Below this package, so that the imports are found.
  const folder = t.testdir({})
  for (const [i, [, source]] of blocks.entries()) {
    const file = `${folder}/example-${i}.mjs`
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
    await writeFile(file, ts.transpileModule(source!, { compilerOptions }).outputText)
    await t.resolves(promisify(execFile)(process.execPath, [file]), `example ${i + 1}`)
  }
})
