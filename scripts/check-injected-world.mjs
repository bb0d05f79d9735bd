// Fails where code that the simulator must drive reads ambient time, chance, sockets or files
// (DESIGN rule: everything that decides has its world handed in). Adapters whose job that is are named here.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const PACKAGES =
  /^(rpc|network|state|state-lsm|metrics|runtime|streaming|connector-.*|resourcemanager-.*|ha-.*|zookeeper-client|mesos-client|hadoop-rpc|installation)$/

const AMBIENT = [
  [/\bDate\.now\(/, 'Date.now'],
  [/\bnew Date\(\)/, 'new Date()'],
  [/\bperformance\.now\(/, 'performance.now'],
  [/\b(?:setTimeout|setInterval|setImmediate)\(/, 'a timer of the process'],
  [/(?:\bfrom|\bimport|\brequire)\s*\(?\s*['"](?:node:)?timers(?:\/promises)?['"]/, 'node:timers'],
  [/\bAbortSignal\.timeout\(/, 'AbortSignal.timeout'],
  [/\bMath\.random\(/, 'Math.random'],
  [/\b(?:randomUUID|randomBytes|randomInt|getRandomValues)\(/, 'randomness of the process'],
  [/\bnew System(?:Clock|Random)\(/, 'a clock or chances of its own'],
  [/from\s+['"](?:node:)?(?:net|tls|dgram|http|https|http2)['"]/, 'sockets'],
  [/from\s+['"](?:node:)?fs(?:\/promises)?['"]/, 'files'],
]

/** Adapters between the injected world and the real one: folder or file, and why. */
const ADAPTERS = [
  ['hadoop-rpc/src/configuration/configuration-files.ts', 'reads the files of Hadoop'],
  ['hadoop-rpc/src/ipc/tcp-ipc-socket.ts', 'connections with daemons of Hadoop'],
  ['installation/src/known-digests.ts', 'digests of files of this machine, kept in one'],
  ['mesos-client/src/http/axios-transport.ts', 'connections with masters of Mesos'],
  ['mesos-client/src/master/read-master-file.ts', 'the file that names the masters'],
  ['network/src/transport/tcp-data-transport.ts', 'the data connection over TCP'],
  ['network/src/blocking/partition-files.ts', 'the files of blocking partitions'],
  ['network/src/blocking/shuffle-folders.ts', 'whose folders of batch results are stale'],
  ['network/src/remote/network-thread.ts', 'a thread is handed no clock: it makes one'],
  ['resourcemanager-mesos/src/artifacts/artifact-server.ts', 'serves what agents fetch'],
  ['resourcemanager-mesos/src/artifacts/open-connections.ts', 'types of its sockets'],
  ['resourcemanager-mesos/src/artifacts/installation-archive.ts', 'packs what agents fetch'],
  ['resourcemanager-mesos/src/artifacts/node-artifact.ts', 'reads what agents fetch'],
  ['resourcemanager-mesos/src/artifacts/sealing.ts', 'tickets that nobody may guess'],
  ['resourcemanager-mesos/src/container/http-get.ts', 'asks the JobManager before it starts'],
  ['resourcemanager-process/src/local-processes.ts', 'starts and ends processes of this machine'],
  ['resourcemanager-yarn/src/container/deployment-file.ts', 'files that a container finds'],
  ['state-lsm/src/state-folder.ts', 'folders of keyed state on disk'],
  ['state-lsm/src/store/local-table-files.ts', 'tables of keyed state on disk'],
  ['streaming/src/environment/new-job-id.ts', 'ids of jobs, made where a program runs'],
  ['rpc/src/grpc/', 'takes the sockets over on which gRPC goes on'],
  ['runtime/src/program/cluster-modules.ts', 'links packages where the module loader looks'],
  ['runtime/src/program/preload-cluster-modules.ts', 'looks at what a bundle imports'],
  ['runtime/src/program/refused-side-effects.ts', 'refuses files and sockets to programs'],
  ['runtime/src/taskmanager/line-writer.ts', 'standard output of a task thread'],
  ['runtime/src/taskmanager/local-state/link-local-file.ts', 'second names for files of state'],
  ['runtime/src/taskmanager/local-spill-files.ts', 'files for what does not fit into memory'],
  ['runtime/src/taskmanager/run-task-in-thread.ts', 'a thread is handed no world: it makes one'],
  ['runtime/src/taskmanager/user-frame.ts', 'reads source lines for a stuck thread'],
  ['runtime/src/taskmanager/worker-socket-connector.ts', 'sockets of sources in task threads'],
  ['runtime/src/taskmanager/worker-task-loop.ts', 'turns of the event loop of a task thread'],
  ['zookeeper-client/src/library/', 'connections with ZooKeeper servers'],
]

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* sources(path)
    else if (/\.m?ts$/.test(entry.name)) yield path
  }
}

const problems = []
const used = new Set()
for (const name of readdirSync('packages')) {
  if (!PACKAGES.test(name) || !existsSync(`packages/${name}/src`)) continue
  for (const file of sources(`packages/${name}/src`)) {
    const adapter = ADAPTERS.find(([path]) => file.startsWith(`packages/${path}`))
    const text = readFileSync(file, 'utf8')
      .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
      .replace(/(^|\s)\/\/.*$/gm, '$1')
    text.split('\n').forEach((line, index) => {
      for (const [pattern, what] of AMBIENT) {
        if (!pattern.test(line)) continue
        if (adapter === undefined) problems.push(`${file}:${index + 1}: ${what}: ${line.trim()}`)
        else used.add(adapter[0])
      }
    })
  }
}
for (const [path] of ADAPTERS) {
  if (!used.has(path))
    problems.push(`scripts/check-injected-world.mjs: ${path} needs no exception any more`)
}

for (const problem of problems) console.error(problem)
process.exit(problems.length === 0 ? 0 : 1)
