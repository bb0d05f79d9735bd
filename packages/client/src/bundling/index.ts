/** Entry point `@flink-ts/client/bundling`: loads nothing of what runs programs, so that a program can be compiled meanwhile. */
export { bundleProgram, endCompiler, type ProgramBundle } from '../program/bundle-program.js'
export { ProgramBundleError } from '../program/program-bundle-error.js'
