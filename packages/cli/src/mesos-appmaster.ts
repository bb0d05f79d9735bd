import { writeSync } from 'node:fs'
import { SystemClock } from '@flink-ts/core'
import { INTERRUPTED } from './actions/run/interruption.js'
import { type ParsedArguments, parseArguments } from './arguments/option-parser.js'
import { HELP, VERBOSE } from './arguments/options.js'
import { actionConfiguration, dynamicPropertyWarnings } from './configuration.js'
import { type AppMasterLaunch, prepareAppMaster } from './mesos/appmaster-launch.js'
import { APPMASTER_OPTIONS, type AppMasterKind, appMasterHelp } from './mesos/appmaster-options.js'
import { JOB_GRAPH_KEY } from './mesos/prepare-job.js'
import { onInterrupt } from './terminal/on-interrupt.js'
import { renderFailure } from './terminal/render-failure.js'
import { CliArgumentError, processTerminal } from './terminal/terminal.js'

/**
 * Of `mesos-appmaster.sh` and `mesos-appmaster-job.sh`: says on descriptor 3, words ended by NUL, what the script is to become:
 * `exec`, the log file, the words behind the name of Node.js; or `exit` and its code. Node.js itself cannot become another process,
 * and one in between would leave the JobManager behind when it is killed.
 */
const ANSWER_DESCRIPTOR = 3

const terminal = processTerminal()

async function prepare(
  kind: AppMasterKind,
  words: readonly string[],
): Promise<AppMasterLaunch | number> {
  let args: ParsedArguments | undefined
  try {
    args = parseArguments(words, APPMASTER_OPTIONS[kind])
    if (args.has(HELP)) {
      terminal.out(appMasterHelp(kind))
      return 0
    }
    for (const warning of dynamicPropertyWarnings(args)) {
      if (!warning.includes(JOB_GRAPH_KEY)) terminal.err(`Warning: ${warning}`)
    }
    return await prepareAppMaster(kind, args, {
      terminal,
      clock: new SystemClock(),
      environment: process.env,
      workingDirectory: process.cwd(),
      configuration: await actionConfiguration(args, process.env, process.cwd()),
      onInterrupt,
    })
  } catch (error) {
    if (error instanceof CliArgumentError) {
      terminal.err(error.message)
      terminal.err()
      terminal.err('Use the help option (-h or --help) to get help on the command.')
    } else {
      renderFailure(terminal, error, args?.has(VERBOSE) ?? false)
    }
    return 1
  }
}

function answer(words: readonly string[]): void {
  writeSync(ANSWER_DESCRIPTOR, words.map((word) => `${word}\0`).join(''))
}

// As `exit`, so that what a program has begun here is taken back.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(INTERRUPTED))
}
const [kind, ...words] = process.argv.slice(2)
const launch = await prepare(kind === 'job' ? 'job' : 'session', words)
if (typeof launch === 'number') {
  answer(['exit', String(launch)])
  process.exit(launch)
}
try {
  answer(['exec', launch.logFile, ...launch.words])
} catch {
  // The script was ended meanwhile: nobody starts it.
  launch.remove()
  process.exit(INTERRUPTED)
}
// A program may have left timers behind.
process.exit(0)
