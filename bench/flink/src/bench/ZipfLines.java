package bench;

import java.util.StringJoiner;

/** The counterpart of bench/text/zipf-lines.mjs: the same lines. */
final class ZipfLines {
  private static final int VOCABULARY = 10_000;
  private static final int WEIGHT = 1_000_000;
  private static final int RANGES = 2 * VOCABULARY;

  private final String[] words = new String[VOCABULARY];
  private final long[] bounds = new long[VOCABULARY];
  /** The first word that numbers of a range may mean: what is left are a few steps. */
  private final int[] guide = new int[RANGES];
  private long total;
  private int state = 42;

  private ZipfLines() {
    for (int rank = 1; rank <= VOCABULARY; rank++) {
      words[rank - 1] = wordOfRank(rank);
      total += WEIGHT / rank;
      bounds[rank - 1] = total;
    }
    for (int range = 0, rank = 0; range < RANGES; range++) {
      while (bounds[rank] <= range * total / RANGES) rank++;
      guide[range] = rank;
    }
  }

  static String[] make(int count) {
    ZipfLines lines = new ZipfLines();
    String[] made = new String[count];
    for (int i = 0; i < count; i++) made[i] = lines.line();
    return made;
  }

  private static String wordOfRank(int rank) {
    StringBuilder word = new StringBuilder();
    for (int i = 0, digits = rank; i < 3; i++, digits /= 26) {
      word.insert(0, (char) ('a' + digits % 26));
    }
    for (int i = 3; i < 3 + rank % 5; i++) word.append((char) ('a' + rank * i % 26));
    return word.toString();
  }

  private long random() {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Integer.toUnsignedLong(state);
  }

  private String line() {
    int length = 8 + (int) (random() % 5);
    StringJoiner line = new StringJoiner(" ");
    for (int i = 0; i < length; i++) line.add(draw());
    return line.toString();
  }

  private String draw() {
    long at = random() % total;
    int rank = guide[(int) (at * RANGES / total)];
    while (bounds[rank] <= at) rank++;
    return words[rank];
  }
}
