import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { userEnvironment } from '../support/flink-configuration.js'
import { temporaryFolder } from '../support/installation.js'
import { isAlive, killHard, processesWith, processesWithVariable } from '../support/processes.js'
import { until } from '../support/until.js'

t.setTimeout(600_000)

const MAIN = fileURLToPath(new URL('main.js', import.meta.url))

/** A fault run in a folder of its own. */
function startRun(t: Parameters<typeof temporaryFolder>[0], args: readonly string[]) {
  const folder = temporaryFolder(t)
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: userEnvironment({ TMPDIR: folder }),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const run = { child, folder, output: '', code: undefined as number | null | undefined }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    run.output += text
  })
  child.on('close', (code) => {
    run.code = code
  })
  // Those of its cluster, by the folder of their configuration, whatever has become of the run.
  const processes = () => [...processesWith(folder), ...processesWithVariable('TMPDIR', folder)]
  t.teardown(() => {
    for (const pid of processes()) killHard(pid)
  })
  return { run, processes }
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  t.test(
    `${signal} ends the run and all that it started, and it says what it has found`,
    async (t) => {
      const { run, processes } = startRun(t, ['--scenario', 'pause-task-manager-until-lost'])
      await until('a TaskManager is stopped', () => / for \d+ ms/.test(run.output))
      await until('its cluster runs', () => processes().length >= 5)
      run.child.kill(signal)
      run.child.kill(signal)
      await until('the run has ended', () => run.code !== undefined)
      t.equal(run.code, code)
      t.match(run.output, new RegExp(`The run ended early: ended by ${signal}`))
      t.match(run.output, /\nfaults \d+, recoveries \d+, records 0, lost 0, duplicated 0\n$/)
      t.strictSame(processes().filter(isAlive), [])
      const left = readdirSync(run.folder).filter((name) => name.startsWith('flink-faults-'))
      t.strictSame(left, [])
    },
  )
}

t.test('SIGTERM while its cluster starts leaves nothing, either', async (t) => {
  const { run, processes } = startRun(t, ['--scenario', 'kill-task-manager'])
  await until('a process of the cluster runs', () => {
    const [folder] = readdirSync(run.folder).filter((name) => name.startsWith('flink-faults-'))
    return folder !== undefined && existsSync(join(run.folder, folder, 'pids'))
  })
  run.child.kill('SIGTERM')
  await until('the run has ended', () => run.code !== undefined)
  t.match(run.output, /\nfaults 0, recoveries 0, records 0, lost 0, duplicated 0\n$/)
  t.strictSame(processes().filter(isAlive), [])
})
