/** Jobs restart often enough for whatever a scenario does to them. */
export const RESTARTING: Readonly<Record<string, string>> = {
  'restart-strategy.type': 'fixed-delay',
  'restart-strategy.fixed-delay.attempts': '50',
  'restart-strategy.fixed-delay.delay': '1 s',
}
