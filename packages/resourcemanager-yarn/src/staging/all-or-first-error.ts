/** As Promise.all, but nothing runs any more when it rejects: what was uploaded can be removed then. */
export async function allOrFirstError<const T extends readonly unknown[]>(
  work: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const settled = await Promise.allSettled(work)
  const failed = settled.find((each) => each.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return settled.map((each) => (each as PromiseFulfilledResult<unknown>).value) as never
}
