import { stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { BuildFailure, Message } from 'esbuild'
import { ProgramBundleError } from './program-bundle-error.js'

/** Packages that a bundle leaves to the cluster's own copy: one type registry, one set of operators. */
export const CLUSTER_PACKAGES = [
  '@flink-ts/connector-files',
  '@flink-ts/core',
  '@flink-ts/metrics',
  '@flink-ts/state',
  '@flink-ts/runtime',
  '@flink-ts/streaming',
] as const

const PROGRAM_FILE = /\.(?:m|c)?[jt]s$|\.[jt]sx$/

/** Errors that are shown; the rest is counted. */
const ERRORS_SHOWN = 3

/** A program and what it imports, as one ES module with its source map inside. */
export interface ProgramBundle {
  readonly code: Uint8Array
  /** Base name of the program's file. */
  readonly programName: string
  /** Absolute path of the program's file. */
  readonly programPath: string
}

/** Once it is loaded. */
let esbuild: typeof import('esbuild') | undefined

// CommonJS packages inside the bundle find Node's own modules by `require`.
const BANNER =
  "import { createRequire as __flinkCreateRequire } from 'node:module'; const require = __flinkCreateRequire(import.meta.url);"

/**
 * Makes one ES module of a TypeScript or JavaScript program and everything it imports, but for the packages
 * of the cluster. Another process does it: this one is free meanwhile. That stays until this one ends, or {@link endCompiler}.
 *
 * @throws ProgramBundleError if the file is missing or esbuild refuses it, with file, line and column
 */
export async function bundleProgram(
  program: string,
  workingDirectory: string,
): Promise<ProgramBundle> {
  const programPath = isAbsolute(program) ? program : resolve(workingDirectory, program)
  await checkProgramFile(program, programPath)
  // esbuild costs some 25 ms to load: only those who bundle pay.
  esbuild ??= await import('esbuild')
  try {
    const { outputFiles } = await esbuild.build({
      entryPoints: [programPath],
      absWorkingDir: dirname(programPath),
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: 'external',
      outfile: `${dirname(programPath)}/program.mjs`,
      external: [...CLUSTER_PACKAGES],
      banner: { js: BANNER },
      legalComments: 'none',
      logLevel: 'silent',
    })
    const [map, code] = outputFiles
    return {
      code: withSourceMap(code!.text, map!.text, dirname(programPath)),
      programName: basename(programPath),
      programPath,
    }
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>
    if (errors === undefined || errors.length === 0) throw error
    throw new ProgramBundleError(
      describe(program, errors, dirname(programPath), workingDirectory),
      program,
    )
  }
}

/**
 * Ends the process that compiles programs, for whoever goes on for long. Whatever else uses esbuild in this process shares it: builds that
 * are under way fail, later ones start another.
 */
export async function endCompiler(): Promise<void> {
  await esbuild?.stop()
}

/**
 * The module with its source map inside. Sources are named by absolute URLs: relative ones would be looked for
 * beside the bundle, wherever a task has put it, and stacks would name that place.
 */
function withSourceMap(code: string, mapText: string, folder: string): Uint8Array {
  const map = JSON.parse(mapText) as { sources: string[] }
  map.sources = map.sources.map((source) => pathToFileURL(resolve(folder, source)).href)
  const base64 = Buffer.from(JSON.stringify(map)).toString('base64')
  return Buffer.from(`${code}//# sourceMappingURL=data:application/json;base64,${base64}\n`)
}

async function checkProgramFile(program: string, path: string): Promise<void> {
  const file = await stat(path).catch(() => undefined)
  if (file === undefined) {
    throw new ProgramBundleError(`The program file does not exist: ${program}`, program)
  }
  if (file.isDirectory() || !PROGRAM_FILE.test(path)) {
    throw new ProgramBundleError(
      `${program} is no program: expected a TypeScript or JavaScript file (.ts, .js, .mts, .mjs, …)`,
      program,
    )
  }
}

function describe(
  program: string,
  errors: readonly Message[],
  folder: string,
  workingDirectory: string,
): string {
  const lines = errors.slice(0, ERRORS_SHOWN).map(({ text, location }) => {
    const hint = /\.node["']? files/.test(text) ? ' (native add-ons cannot be shipped)' : ''
    if (location === null) return `  ${text}${hint}`
    const file = relative(workingDirectory, resolve(folder, location.file))
    const pointer = `${' '.repeat(location.column)}${'^'.repeat(Math.max(1, location.length))}`
    return `  ${file}:${location.line}:${location.column + 1}: ${text}${hint}\n    ${location.lineText}\n    ${pointer}`
  })
  const more = errors.length > ERRORS_SHOWN ? [`  … and ${errors.length - ERRORS_SHOWN} more`] : []
  return [`The program ${program} cannot be built:`, ...lines, ...more].join('\n')
}
