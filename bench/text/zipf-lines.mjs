/** Largest weight; that of rank r is this divided by r, without a fraction, so that every language agrees. */
const WEIGHT = 1_000_000

/** Words by rank: all different, three to seven letters. */
export function wordOfRank(rank) {
  let digits = rank
  let word = ''
  for (let i = 0; i < 3; i++) {
    word = String.fromCharCode(97 + (digits % 26)) + word
    digits = Math.trunc(digits / 26)
  }
  for (let i = 3; i < 3 + (rank % 5); i++) word += String.fromCharCode(97 + ((rank * i) % 26))
  return word
}

/**
 * Lines of eight to twelve words each, drawn as in natural language: the word of rank r is r times as rare as the
 * first. Always the same lines; bench/flink has the counterpart in Java.
 */
export function zipfLines(count, { vocabulary = 10_000, seed = 42 } = {}) {
  const words = []
  const bounds = new Float64Array(vocabulary)
  let total = 0
  for (let rank = 1; rank <= vocabulary; rank++) {
    words.push(wordOfRank(rank))
    total += Math.trunc(WEIGHT / rank)
    bounds[rank - 1] = total
  }
  let state = seed
  const random = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  // The first word that numbers of a range may mean: what is left are a few steps.
  const ranges = 2 * vocabulary
  const guide = new Int32Array(ranges)
  for (let range = 0, rank = 0; range < ranges; range++) {
    while (bounds[rank] <= Math.floor((range * total) / ranges)) rank++
    guide[range] = rank
  }
  const draw = () => {
    const at = random() % total
    let rank = guide[Math.floor((at * ranges) / total)]
    while (bounds[rank] <= at) rank++
    return words[rank]
  }
  const lines = []
  for (let i = 0; i < count; i++) {
    const line = []
    for (let left = 8 + (random() % 5); left > 0; left--) line.push(draw())
    lines.push(line.join(' '))
  }
  return lines
}
