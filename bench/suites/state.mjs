import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { BACKENDS } from '../state/backends.mjs'

/** Keys of the snapshots. 10 million take some minutes and 4 GB. */
const KEYS = Number(process.env.BENCH_STATE_KEYS ?? 1_000_000)

/** State access, snapshots and restores of each state backend, each run in a process of its own. */
export async function run({ report, runs, root, scratch, atEnd }) {
  for (let i = 0; i < runs; i++) {
    for (const name of Object.keys(BACKENDS)) {
      const folder = join(scratch, `state-${name}-${i}`)
      mkdirSync(folder)
      const script = join(root, 'bench', 'state', 'measure-backend.mjs')
      const words = ['--max-old-space-size=6144', script, name, String(KEYS), folder]
      const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
      const ended = new Promise((resolve) => child.once('close', resolve))
      atEnd(async () => {
        if (child.exitCode === null) child.kill()
        await ended
      })
      for await (const line of createInterface(child.stdout)) report(JSON.parse(line))
      const code = await ended
      if (code !== 0) throw new Error(`The measurement of ${name} ended with ${code}`)
    }
  }
}
