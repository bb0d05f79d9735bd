import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ManualClock } from '@flink-ts/core/testing'
import t from 'tap'
import { logFilesOf, prepareLogFiles } from '../dist/daemon/log-files.js'
import { hurry, pidFileOf, settingsOf } from './support/testing-daemons.js'

t.test('PidFile: a pid per line, in the order of the starts; none leaves no file', async (t) => {
  const pids = pidFileOf(settingsOf(t), 'taskexecutor')
  t.match(pids.path, /\/pids\/flink-tester-taskexecutor\.pid$/)
  t.strictSame(pids.read(), [])
  pids.write([12, 7])
  t.equal(readFileSync(pids.path, 'utf8'), '12\n7\n')
  writeFileSync(pids.path, '12\n\nnonsense\n 7 \n')
  t.strictSame(pids.read(), [12, 7])
  pids.write([])
  t.equal(existsSync(pids.path), false)
})

t.test(
  'PidFile, prepareLogFiles: a folder that cannot be one is told with what to set',
  async (t) => {
    const settings = settingsOf(t)
    const file = join(settings.configDir, 'file')
    writeFileSync(file, '')
    for (const pidDir of [file, join(file, 'below')]) {
      t.throws(() => pidFileOf({ ...settings, pidDir }, 'taskexecutor'), {
        code: 'FLINK_DAEMON_FOLDER',
        message: /Cannot keep pid files in .*; set env\.pid\.dir, or FLINK_PID_DIR, to a folder/,
      })
    }
    const files = logFilesOf(settings, 'taskexecutor', 0)
    t.throws(() => prepareLogFiles({ ...settings, logDir: file }, files), {
      code: 'FLINK_DAEMON_FOLDER',
      message: /Cannot keep log files in .*; set env\.log\.dir, or FLINK_LOG_DIR, to a folder/,
    })
  },
)

t.test('PidFile.locked: one at a time, also after a failure', async (t) => {
  const settings = settingsOf(t)
  const [one, two] = [pidFileOf(settings, 'taskexecutor'), pidFileOf(settings, 'taskexecutor')]
  const events: string[] = []
  let release = () => {}
  const first = one.locked(async () => {
    events.push('first in')
    await new Promise<void>((resolve) => {
      release = resolve
    })
    events.push('first out')
    throw new Error('failed')
  })
  const second = two.locked(() => void events.push('second in'))
  await new Promise<void>((resolve) => setImmediate(resolve))
  release()
  await t.rejects(first, { message: 'failed' })
  await second
  t.strictSame(events, ['first in', 'first out', 'second in'])
  t.strictSame(readdirSync(settings.pidDir), [])
})

t.test('PidFile.locked: gives up after a while, naming the lock', async (t) => {
  const clock = new ManualClock(Date.now())
  const pids = pidFileOf(settingsOf(t), 'taskexecutor', clock)
  writeFileSync(`${pids.path}.lock`, '')
  await t.rejects(
    hurry(
      clock,
      pids.locked(() => {}),
    ),
    {
      code: 'FLINK_PID_FILE_LOCKED',
      message: new RegExp(`another command holds ${pids.path}.lock`),
    },
  )
})

t.test('PidFile.locked: takes over the lock of a command that was killed', async (t) => {
  const pids = pidFileOf(settingsOf(t), 'taskexecutor')
  writeFileSync(`${pids.path}.lock`, '')
  const longAgo = new Date(Date.now() - 120_000)
  utimesSync(`${pids.path}.lock`, longAgo, longAgo)
  t.equal(await pids.locked(() => 'mine'), 'mine')
})

t.test('prepareLogFiles: earlier files are moved on, the oldest goes', async (t) => {
  const settings = settingsOf(t)
  const files = logFilesOf(settings, 'taskexecutor', 2)
  t.match(files.log, /\/log\/flink-tester-taskexecutor-2-here\.log$/)
  t.match(files.out, /\/log\/flink-tester-taskexecutor-2-here\.out$/)
  for (let run = 1; run <= 5; run++) {
    prepareLogFiles(settings, files)
    t.equal(existsSync(files.log), false, 'the new process begins anew')
    writeFileSync(files.log, `run ${run}`)
  }
  t.strictSame(
    [files.log, `${files.log}.1`, `${files.log}.2`, `${files.log}.3`].map((f) =>
      readFileSync(f, 'utf8'),
    ),
    ['run 5', 'run 4', 'run 3', 'run 2'],
  )
  t.equal(readdirSync(settings.logDir).length, 4)
})
