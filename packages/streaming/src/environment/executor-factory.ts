import { type Configuration, FlinkError } from '@flink-ts/core'
import { currentProgramContext, type ProgramContext } from '@flink-ts/runtime/program'
import { InvalidProgramError } from '../functions/errors.js'

/** What the package with the executor exports. */
export interface ExecutorFactory {
  /** Makes the context that runs jobs where `configuration` says: in this process unless it names a cluster. */
  createExecutor(configuration: Configuration): ProgramContext | Promise<ProgramContext>
}

/** Nobody is there to run the program. */
export class ExecutorNotFoundError extends FlinkError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'FLINK_EXECUTOR_NOT_FOUND', cause })
  }
}

// A variable, so that this package does not depend on one of a higher layer.
const CLIENT_PACKAGE: string = '@flink-ts/client'

/**
 * Who runs the program of this thread: the client or task that started it, else an executor of `@flink-ts/client`.
 *
 * @throws ExecutorNotFoundError naming the package to install
 */
export async function findProgramContext(configuration: Configuration): Promise<ProgramContext> {
  return currentProgramContext() ?? (await loadExecutorFactory()).createExecutor(configuration)
}

/**
 * Who runs a program that says itself where its jobs run: a task that traces it, else nobody yet.
 *
 * @throws InvalidProgramError if somebody else has said where it runs
 */
export function explicitProgramContext(kind: string): ProgramContext | undefined {
  const context = currentProgramContext()
  if (context?.mode !== 'submission') return context
  throw new InvalidProgramError(
    `The ${kind} cannot be used when a program is run by 'flink run' or in an application cluster, which say where its ` +
      "jobs run: use getExecutionEnvironment(), or start the program with 'node'",
  )
}

async function loadExecutorFactory(): Promise<ExecutorFactory> {
  let module: Partial<ExecutorFactory>
  try {
    module = (await import(CLIENT_PACKAGE)) as Partial<ExecutorFactory>
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new ExecutorNotFoundError(
      `Cannot execute the program: package ${CLIENT_PACKAGE} is not installed; install it ` +
        `(npm install ${CLIENT_PACKAGE}), or run the program with 'flink run'`,
      cause,
    )
  }
  if (typeof module.createExecutor === 'function') return module as ExecutorFactory
  throw new ExecutorNotFoundError(
    `Cannot execute the program: package ${CLIENT_PACKAGE} exports no createExecutor; install the ` +
      'version of it that belongs to @flink-ts/streaming',
  )
}
