import { existsSync, readdirSync, rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { bundleProgram } from '@flink-ts/client/submission'
import { Configuration, FlinkError, isHexId } from '@flink-ts/core'
import { type SavepointWords, setSavepoint } from '../actions/savepoint-settings.js'

export const STANDALONE_JOB_USAGE =
  'Usage: standalone-job.sh ((start|start-foreground) [--job <program>] [--job-classname <export>] [--job-id <hex>] ' +
  '[--host <host>] [--fromSavepoint <path>] [--allowNonRestoredState] [--claimMode <mode>] [-D key=value]... [program arguments])|stop|stop-all'

const PROGRAM_FILE = /\.(?:m|c)?[jt]s$/

/** What the command line of `standalone-job.sh` says. */
export interface StandaloneJobArguments {
  /** File, or name of a file in `usrlib/`. Undefined: the one program in there. */
  readonly program: string | undefined
  /** Export to call. */
  readonly entryPoint: string | undefined
  readonly jobId: string | undefined
  /** `key=value`, in order. */
  readonly properties: readonly string[]
  /** What its job begins with. */
  readonly savepoint: SavepointWords
  readonly programArguments: readonly string[]
}

/**
 * Options of the cluster come first; from the first word that is none on all is the program's (`--` ends them, too).
 *
 * @throws FlinkError FLINK_CLI_ARGUMENT
 */
export function parseStandaloneJobArguments(words: readonly string[]): StandaloneJobArguments {
  const given: Record<string, string> = {}
  const properties: string[] = []
  let allowNonRestoredState = false
  let at = 0
  for (; at < words.length; at++) {
    const word = words[at]!
    if (word === '--') {
      at++
      break
    }
    if (word.startsWith('-D')) {
      properties.push(word === '-D' ? valueAfter(words, at++) : word.slice(2))
      continue
    }
    const [name, inline] = split(word)
    if (name === '--allowNonRestoredState' || name === '-n') {
      if (inline !== undefined) throw refused(`${name} takes no value. ${STANDALONE_JOB_USAGE}`)
      allowNonRestoredState = true
      continue
    }
    const option = OPTIONS[name]
    if (option === undefined) break
    given[option] = inline ?? valueAfter(words, at++)
  }
  const { jobId, host, program, entryPoint } = given
  if (jobId !== undefined && !isHexId(jobId.toLowerCase())) {
    throw refused(`Cannot use --job-id ${jobId}: expected 32 hexadecimal digits`)
  }
  if (host !== undefined) properties.push(`jobmanager.rpc.address=${host}`)
  const savepoint = { path: given['savepoint'], claimMode: given['claimMode'] }
  return {
    program,
    entryPoint,
    jobId,
    properties,
    savepoint: { ...savepoint, allowNonRestoredState },
    programArguments: words.slice(at),
  }
}

const OPTIONS: Readonly<Record<string, string>> = {
  '--job': 'program',
  '--jars': 'program',
  '-jars': 'program',
  '--job-classname': 'entryPoint',
  '-j': 'entryPoint',
  '--job-id': 'jobId',
  '-jid': 'jobId',
  '--host': 'host',
  '-h': 'host',
  '--fromSavepoint': 'savepoint',
  '-s': 'savepoint',
  '--claimMode': 'claimMode',
  '-cm': 'claimMode',
  '--restoreMode': 'claimMode',
  '-rm': 'claimMode',
}

/**
 * The file of the program: as given, else in `usrlib/` of the installation; without a name the only one in there.
 *
 * @throws FlinkError FLINK_CLI_ARGUMENT
 */
export function findProgram(
  program: string | undefined,
  places: { readonly workingDirectory: string; readonly usrlib: string },
): string {
  const { workingDirectory, usrlib } = places
  if (program !== undefined) {
    const asGiven = isAbsolute(program) ? program : resolve(workingDirectory, program)
    const inUsrlib = join(usrlib, program)
    return !existsSync(asGiven) && !isAbsolute(program) && existsSync(inUsrlib) ? inUsrlib : asGiven
  }
  const found = existsSync(usrlib)
    ? readdirSync(usrlib).filter((name) => PROGRAM_FILE.test(name) && !name.endsWith('.d.ts'))
    : []
  if (found.length === 1) return join(usrlib, found[0]!)
  throw refused(
    found.length === 0
      ? `No program found in ${usrlib}. Please provide one explicitly: --job <program.ts|program.js>`
      : `Several programs are in ${usrlib}: ${found.join(', ')}. Choose one: --job <name>`,
  )
}

/** An application that is ready to be started. */
export interface PreparedApplication {
  /** For the daemon. */
  readonly args: readonly string[]
  /** To be called when the daemon is ready, or has ended: it has read the bundle then. */
  remove(): void
}

/**
 * Bundles the program into a file for the daemon.
 *
 * @throws ProgramBundleError, FlinkError
 */
export async function prepareApplication(
  words: readonly string[],
  places: { readonly workingDirectory: string; readonly usrlib: string },
): Promise<PreparedApplication> {
  const parsed = parseStandaloneJobArguments(words)
  const restore = new Configuration()
  setSavepoint(restore, parsed.savepoint, places.workingDirectory)
  const begun = Object.entries(restore.toMap()).map(([key, value]) => `${key}=${value}`)
  const program = findProgram(parsed.program, places)
  const { code, programName } = await bundleProgram(program, places.workingDirectory)
  // Of mode 0700: a program is nobody else's business.
  const folder = await mkdtemp(join(tmpdir(), 'flink-ts-application-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  const bundle = join(folder, 'program.mjs')
  await writeFile(bundle, code)
  return {
    args: [
      ...[...parsed.properties, ...begun].flatMap((property) => ['-D', property]),
      ...['--bundle', bundle, '--program-name', programName],
      ...(parsed.entryPoint === undefined ? [] : ['--entry-point', parsed.entryPoint]),
      ...(parsed.jobId === undefined ? [] : ['--job-id', parsed.jobId]),
      '--',
      ...parsed.programArguments,
    ],
    remove,
  }
}

function split(word: string): [name: string, value: string | undefined] {
  const at = word.indexOf('=')
  return at < 0 || !word.startsWith('--')
    ? [word, undefined]
    : [word.slice(0, at), word.slice(at + 1)]
}

function valueAfter(words: readonly string[], at: number): string {
  const value = words[at + 1]
  if (value === undefined) throw refused(`${words[at]} has no value. ${STANDALONE_JOB_USAGE}`)
  return value
}

function refused(message: string): FlinkError {
  return new FlinkError(message, { code: 'FLINK_CLI_ARGUMENT' })
}
