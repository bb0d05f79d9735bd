import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Configuration, noopLogger } from '@flink-ts/core'
import t, { type Test } from 'tap'
import { InstallationArchive } from '../../dist/artifacts/installation-archive.js'
import { exitStatusMeaning } from '../../dist/launch/exit-status-meaning.js'
import { BAD_ARTIFACT_STATUS, UNPACK_STATUS } from '../../dist/launch/fetched-files.js'
import { describeTaskStatus } from '../../dist/tasks/task-status-event.js'
import { launcherUnderTest, OFFER, PORTS, specOf } from '../support/launching.js'

/** What tasks of an agent find of programs. */
const PATH = '/usr/local/bin:/usr/bin:/bin'

/** An agent that fetches what a task of `values` wants, and runs its command. */
async function agentUnderTest(t: Test, values: Record<string, string> = {}) {
  const { launcher, home, node } = launcherUnderTest(t, {
    'mesos.resourcemanager.tasks.bootstrap-cmd': 'echo bootstrap',
    ...values,
  })
  writeFileSync(join(home, 'bin/mesos-taskmanager.sh'), '#!/bin/sh\necho "TaskManager $FLINK_HOME"')
  await launcher.start()
  await launcher.prepare()
  const { command } = launcher.launch('taskmanager-00001', specOf(), OFFER, PORTS)
  const sandbox = temporary(t)
  const fetchAll = async () => {
    for (const { value, extract, executable, outputFile } of command.uris) {
      t.equal(extract, false, 'the fetcher interprets nothing')
      const file = join(sandbox, outputFile!)
      writeFileSync(file, Buffer.from(await (await fetch(value)).arrayBuffer()))
      if (executable === true) chmodSync(file, 0o755)
    }
  }
  const run = (path = PATH) => {
    const env = { ...command.environment, MESOS_SANDBOX: sandbox, PATH: path }
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command.value!], {
      env,
      cwd: '/',
      encoding: 'utf8',
    })
    return { status, stdout, stderr }
  }
  return { command, sandbox, fetchAll, run, node }
}

function temporary(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'flink-fetched-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')

/** As a disk, a cache or somebody in between may do it. */
function spoil(file: string): void {
  const bytes = readFileSync(file)
  bytes[bytes.length >> 1]! ^= 1
  writeFileSync(file, bytes)
}

t.test('a task checks and unpacks what was fetched before anything else', async (t) => {
  const { sandbox, fetchAll, run, node } = await agentUnderTest(t)
  await fetchAll()
  t.equal(sha256(join(sandbox, 'node')), sha256(node))
  t.strictSame(run(), {
    status: 0,
    stdout: `bootstrap\nTaskManager ${sandbox}/flink-ts\n`,
    stderr: '',
  })
  t.strictSame(readdirSync(sandbox).toSorted(), ['flink-ts', 'node'], 'the archive is gone')
  const script = join(sandbox, 'flink-ts/bin/mesos-taskmanager.sh')
  t.match(execFileSync(script, { encoding: 'utf8' }), 'TaskManager', 'programs are executable')
})

t.test('a task does not start from what is not served by the JobManager', async (t) => {
  for (const file of ['node', 'flink-ts.tgz']) {
    await t.test(file, async (t) => {
      const { sandbox, fetchAll, run } = await agentUnderTest(t)
      await fetchAll()
      const path = join(sandbox, file)
      const served = sha256(path)
      spoil(path)
      t.strictSame(run(), {
        status: BAD_ARTIFACT_STATUS,
        stdout: '',
        stderr: `FLINK_MESOS_ARTIFACT Cannot start from ${file} as it was fetched to this agent: its SHA-256 is ${sha256(path)}, and that of what the JobManager serves is ${served}\n`,
      })
      if (file !== 'node') t.notOk(existsSync(join(sandbox, 'flink-ts')), 'nothing was unpacked')
    })
  }
  await t.test('of which a part is missing', async (t) => {
    const { sandbox, fetchAll, run } = await agentUnderTest(t)
    await fetchAll()
    const archive = join(sandbox, 'flink-ts.tgz')
    const bytes = readFileSync(archive)
    writeFileSync(archive, bytes.subarray(0, bytes.length - 1))
    t.match(run(), { status: BAD_ARTIFACT_STATUS, stderr: /from flink-ts\.tgz as it was fetched/ })
  })
})

t.test('commands of the configuration undo no check', async (t) => {
  for (const commands of [
    { 'bootstrap-cmd': 'echo bootstrap; echo more' },
    { 'bootstrap-cmd': 'false || true' },
    { 'bootstrap-cmd': 'echo bootstrap & ' },
    { 'taskmanager-cmd': 'echo one & echo' },
  ]) {
    const values = Object.fromEntries(
      Object.entries(commands).map(([key, value]) => [`mesos.resourcemanager.tasks.${key}`, value]),
    )
    const { sandbox, fetchAll, run } = await agentUnderTest(t, values)
    await fetchAll()
    const archive = join(sandbox, 'flink-ts.tgz')
    const whole = readFileSync(archive)
    spoil(archive)
    const refused = { status: BAD_ARTIFACT_STATUS, stdout: /^$/, stderr: /^FLINK_MESOS_ARTIFACT/ }
    t.match(run(), refused, JSON.stringify(commands))
    writeFileSync(archive, whole)
    spoil(join(sandbox, 'node'))
    t.match(run(), refused, JSON.stringify(commands))
  }
})

t.test('no other end of ours has the status of what was not fetched well', async (t) => {
  // Of a cluster that failed, and of one of which nothing is known, as systems keep them; of the script; of a shell.
  const others = [1443 & 255, 1445 & 255, 166, 126, 127, 1, 2]
  t.notOk(others.includes(BAD_ARTIFACT_STATUS))
  t.notOk([...others, BAD_ARTIFACT_STATUS].includes(UNPACK_STATUS))
})

t.test('where programs are missing a task says so, and does not start unchecked', async (t) => {
  const { sandbox, fetchAll, run } = await agentUnderTest(t)
  await fetchAll()
  const path = temporary(t)
  t.match(run(path), {
    status: UNPACK_STATUS,
    stdout: '',
    stderr:
      /FLINK_MESOS_UNPACK Cannot compute the SHA-256 of flink-ts\.tgz.*sha256sum must be there/,
  })
  symlinkSync(
    execFileSync('which', ['sha256sum'], { encoding: 'utf8' }).trim(),
    `${path}/sha256sum`,
  )
  t.match(run(path), {
    status: UNPACK_STATUS,
    stdout: '',
    stderr: /FLINK_MESOS_UNPACK Cannot unpack flink-ts\.tgz.*tar and gzip must be there/,
  })
  t.notOk(existsSync(join(sandbox, 'flink-ts')))
})

t.test('openssl computes the SHA-256 where it is there and able, for it is faster', async (t) => {
  const { sandbox, fetchAll, run } = await agentUnderTest(t)
  const path = temporary(t)
  const openssl = (end: string) => {
    writeFileSync(`${path}/openssl`, `#!/bin/sh\necho "$*" >>${path}/asked\n${end}`)
    chmodSync(`${path}/openssl`, 0o755)
  }
  for (const end of ['exec sha256sum', 'echo "Error configuring OpenSSL" >&2\nexit 1']) {
    rmSync(`${path}/asked`, { force: true })
    rmSync(join(sandbox, 'flink-ts'), { force: true, recursive: true })
    await fetchAll()
    openssl(end)
    t.match(run(`${path}:${PATH}`), { status: 0, stdout: /TaskManager/, stderr: '' })
    t.equal(readFileSync(`${path}/asked`, 'utf8'), 'dgst -sha256 -r\n'.repeat(2))
    await fetchAll()
    spoil(join(sandbox, 'node'))
    t.equal(run(`${path}:${PATH}`).status, BAD_ARTIFACT_STATUS)
  }
})

t.test(
  'a task says of no file that it is another one if it cannot read or unpack it',
  async (t) => {
    const { sandbox, fetchAll, run } = await agentUnderTest(t)
    await fetchAll()
    // In place of a disk that is full: nothing can be written where the archive wants a folder.
    writeFileSync(join(sandbox, 'flink-ts'), '')
    t.match(run(), {
      status: UNPACK_STATUS,
      stdout: '',
      stderr: /FLINK_MESOS_UNPACK Cannot unpack flink-ts\.tgz.*room on the disk/,
    })
    for (const file of ['flink-ts.tgz', 'node']) {
      await t.test(file, async (t) => {
        const { sandbox, fetchAll, run } = await agentUnderTest(t)
        await fetchAll()
        rmSync(join(sandbox, file))
        const { status, stdout, stderr } = run()
        t.match({ status, stdout }, { status: UNPACK_STATUS, stdout: '' })
        t.match(stderr, `FLINK_MESOS_UNPACK Cannot compute the SHA-256 of ${file}`)
        t.notMatch(stderr, 'FLINK_MESOS_ARTIFACT')
      })
    }
  },
)

t.test('what agents have already is theirs, and not checked', async (t) => {
  const own = join(temporary(t), 'own')
  mkdirSync(join(own, 'bin'), { recursive: true })
  writeFileSync(join(own, 'bin/mesos-taskmanager.sh'), '#!/bin/sh\necho own', { mode: 0o755 })
  const some = await agentUnderTest(t, { 'mesos.flink-ts.home-path': own })
  await some.fetchAll()
  t.match(some.run(), { status: 0, stdout: 'bootstrap\nown\n', stderr: '' })
  spoil(join(some.sandbox, 'node'))
  t.match(some.run(), { status: BAD_ARTIFACT_STATUS, stderr: /from node/ })
  const all = await agentUnderTest(t, {
    'mesos.flink-ts.home-path': own,
    'mesos.flink-ts.node-path': process.execPath,
  })
  t.strictSame(all.command.uris, [])
  t.notMatch(all.command.value, 'sha256sum')
  t.match(all.run(), { status: 0, stdout: 'bootstrap\nown\n' })
})

t.test('what cannot be made fails the launch, and is made again for the next', async (t) => {
  const { launcher, home, log } = launcherUnderTest(t)
  await launcher.start()
  const bin = join(home, 'bin')
  const kept = join(home, 'kept')
  mkdirSync(kept)
  copyFileSync(join(bin, 'mesos-taskmanager.sh'), join(kept, 'script'))
  rmSync(bin, { recursive: true })
  await launcher.prepare()
  t.throws(() => launcher.launch('t1', specOf(), OFFER, PORTS), { code: 'ENOENT' })
  t.match(JSON.stringify(log.lines), 'Could not make what agents fetch')
  mkdirSync(bin)
  copyFileSync(join(kept, 'script'), join(bin, 'mesos-taskmanager.sh'))
  await launcher.prepare()
  t.equal(launcher.launch('t1', specOf(), OFFER, PORTS).command.uris.length, 2)
})

t.test('InstallationArchive.digest tries again when nothing is left of what failed', async (t) => {
  const home = join(temporary(t), 'home')
  const folder = temporary(t)
  const archive = new InstallationArchive({
    home,
    content: { parts: ['bin'], hash: 'f'.repeat(64) },
    topFolder: 'flink-ts',
    folder,
    log: noopLogger,
  })
  const first = archive.digest()
  let hasFailed = false
  first.catch(() => {
    hasFailed = true
  })
  while (!hasFailed) {
    const joined = archive.digest()
    joined.catch(() => {})
    t.equal(joined, first, 'two would write the same file')
    await new Promise(setImmediate)
  }
  await t.rejects(first, { code: 'ENOENT' })
  t.strictSame(readdirSync(folder), [])
  mkdirSync(join(home, 'bin'), { recursive: true })
  t.match(await archive.digest(), /^[0-9a-f]{64}$/)
  t.strictSame(readdirSync(folder), [archive.name])
})

t.test('close waits until nothing is packed any more', async (t) => {
  const { launcher, folder, home, log } = launcherUnderTest(t)
  await launcher.start()
  void launcher.prepare()
  await launcher.close()
  t.match(readdirSync(join(folder, 'temp')), [/\.tgz$/])
  rmSync(home, { recursive: true })
  await launcher.prepare()
  t.notMatch(JSON.stringify(log.lines), 'Could not make')
})

t.test('describeTaskStatus says what the status of a task that did not start means', async (t) => {
  const configuration = Configuration.fromMap({
    'mesos.flink-ts.home-path': '/opt/wrong',
    'mesos.flink-ts.node-path': '/opt/node',
  })
  const status = { taskId: 't1', agentId: 'S1', state: 'TASK_FAILED' as const }
  const said = (message: string) =>
    describeTaskStatus({ ...status, message }, (code) => exitStatusMeaning(code, configuration))
  t.match(
    said(`Command exited with status ${BAD_ARTIFACT_STATUS}`),
    /^TASK_FAILED: Command exited with status 167 \(FLINK_MESOS_ARTIFACT: .*; its stderr is in the sandbox of task t1 on agent S1$/,
  )
  t.match(
    said(`Command exited with status ${UNPACK_STATUS}`),
    /status 168 \(FLINK_MESOS_UNPACK: .*sha256sum, tar and gzip.*\); its stderr/,
  )
  t.match(said('Container exited with status 166'), 'there is no Node.js', 'as Docker has it')
  const fetcher = `Failed to fetch all URIs for container 'c': exited with status ${BAD_ARTIFACT_STATUS}`
  t.equal(said(fetcher), `TASK_FAILED: ${fetcher}`, 'the end of another program')
  t.match(
    said('Command exited with status 127'),
    'status 127 (a command was not found: mesos.flink-ts.home-path is /opt/wrong, or bash is missing); its stderr',
  )
  t.match(said('Command exited with status 126'), 'mesos.flink-ts.node-path is /opt/node')
  t.match(said('Command exited with status 166'), 'mesos.flink-ts.node-path is /opt/node')
  t.equal(
    said('Command exited with status 16'),
    'TASK_FAILED: Command exited with status 16; its stderr is in the sandbox of task t1 on agent S1',
  )
  t.notMatch(said('Command exited with status 1650'), 'FLINK')
  t.equal(said('Executor terminated'), 'TASK_FAILED: Executor terminated')
})

t.test('mesos-taskmanager.sh has a status of its own where there is no Node.js', async (t) => {
  const script = fileURLToPath(new URL('../../../../bin/mesos-taskmanager.sh', import.meta.url))
  const { status, stderr } = spawnSync(script, {
    env: { PATH: '/usr/bin:/bin', FLINK_NODE: '/opt/wrong/node' },
    encoding: 'utf8',
  })
  t.match(exitStatusMeaning(status ?? 0, new Configuration()), 'there is no Node.js')
  t.match(stderr, 'There is no Node.js at /opt/wrong/node: mesos.flink-ts.node-path must')
})
