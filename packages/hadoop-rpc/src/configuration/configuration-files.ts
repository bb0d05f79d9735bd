import { readFile, stat } from 'node:fs/promises'

/** The files of a machine, as far as they are read here. */
export interface ConfigurationFiles {
  /** The text of a file; undefined: there is none. */
  read(path: string): Promise<string | undefined>
  isFolder(path: string): Promise<boolean>
}

/** Those of this machine. */
export const localConfigurationFiles: ConfigurationFiles = {
  async read(path) {
    try {
      return await readFile(path, 'utf8')
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  },
  async isFolder(path) {
    try {
      return (await stat(path)).isDirectory()
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  },
}

const isMissing = (error: unknown) => {
  const code = (error as { code?: unknown } | null)?.code
  return code === 'ENOENT' || code === 'ENOTDIR'
}
