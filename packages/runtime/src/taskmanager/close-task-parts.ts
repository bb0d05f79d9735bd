import type { TaskParts } from './stream-task-options.js'

/** Closes operators, then outputs and inputs, also after errors. @returns what was thrown, in order */
export async function closeTaskParts(
  parts: TaskParts | undefined,
): Promise<{ operatorErrors: unknown[]; ioErrors: unknown[] }> {
  if (parts === undefined) return { operatorErrors: [], ioErrors: [] }
  const operatorErrors = await parts.chain.close()
  const ioErrors: unknown[] = []
  for (const closeable of [...parts.outputs, ...parts.inputs]) {
    try {
      closeable.close()
    } catch (error) {
      ioErrors.push(error)
    }
  }
  return { operatorErrors, ioErrors }
}
