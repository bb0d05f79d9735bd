/** Replaces `process.argv` and `process.env` as the program shall see them; answers what undoes it. */
export function replaceArgumentsAndEnvironment(options: {
  /** `process.argv[1]`: the file that is imported, so that `import.meta.url` guards hold. */
  readonly programPath: string
  readonly args: readonly string[]
  readonly environment: NodeJS.ProcessEnv
}): () => void {
  const { argv, env } = process
  process.argv = [process.execPath, options.programPath, ...options.args]
  process.env = options.environment
  return () => {
    process.argv = argv
    process.env = env
  }
}

/** The environment of this process; `read` gets every variable that is looked at and is set. */
export function recordedEnvironment(read: Map<string, string>): NodeJS.ProcessEnv {
  const real = process.env
  const record = (name: string | symbol) => {
    const value = typeof name === 'string' ? real[name] : undefined
    if (value !== undefined) read.set(name as string, value)
    return value
  }
  return new Proxy(real, {
    get: (_target, name) => record(name),
    has: (_target, name) => record(name) !== undefined,
    getOwnPropertyDescriptor(target, name) {
      record(name)
      return Reflect.getOwnPropertyDescriptor(target, name)
    },
  })
}
