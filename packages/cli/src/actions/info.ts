import { bundleProgram, runProgram } from '@flink-ts/client/submission'
import { SystemRandom } from '@flink-ts/core'
import { DYNAMIC_PROPERTY, ENTRY, HELP, PARALLELISM, VERBOSE } from '../arguments/options.js'
import { CliArgumentError } from '../terminal/terminal.js'
import type { Action } from './action.js'
import { programConfiguration } from './program-configuration.js'

const TITLE = '----------------------- Execution Plan -----------------------'
const NOTHING_MORE = Symbol('the plan is known')

/** `flink info`: the plan of a program's first job, without running it. */
export const infoAction: Action = {
  name: 'info',
  summary: 'shows the execution plan of the program (JSON).',
  positional: '<program.ts|program.js> <arguments>',
  options: [ENTRY, PARALLELISM, DYNAMIC_PROPERTY, VERBOSE, HELP],
  async run(args, context) {
    const { terminal, clock } = context
    const [program, ...programArgs] = args.positional
    if (program === undefined) {
      throw new CliArgumentError('A program should be specified: a TypeScript or JavaScript file.')
    }
    const bundle = await bundleProgram(program, context.workingDirectory)
    try {
      await runProgram({
        bundle,
        entryPoint: args.value(ENTRY),
        args: programArgs,
        configuration: programConfiguration(args, context.configuration),
        clock,
        random: new SystemRandom(),
        submit: async (job) => {
          terminal.out(TITLE)
          terminal.out(JSON.stringify(job.executionPlan, undefined, 2))
          terminal.out('-'.repeat(TITLE.length))
          throw NOTHING_MORE
        },
      })
    } catch (error) {
      // The program was stopped where it would have run its job.
      if (error !== NOTHING_MORE) throw error
    }
    return 0
  },
}
