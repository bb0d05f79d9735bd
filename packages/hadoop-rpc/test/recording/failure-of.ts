/** What a call threw, as it must. */
export async function failureOf(call: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await call
  } catch (error) {
    return error as Error
  }
  throw new Error('It should have failed')
}
