package bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.apache.flink.api.common.RuntimeExecutionMode;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/**
 * The counterpart of bench/programs/keyed-updates.ts: the same arguments, and {@code --set "key=value;…"} for the configuration of
 * the job.
 */
public class KeyedUpdates {
  private static final long STEP = 611_953L;

  public static void main(String[] words) throws Exception {
    Map<String, String> args = new HashMap<>();
    for (int i = 0; i + 1 < words.length; i += 2) args.put(words[i].substring(2), words[i + 1]);
    Configuration configuration = new Configuration();
    for (String pair : args.getOrDefault("set", "").split(";")) {
      int at = pair.indexOf('=');
      if (at > 0) configuration.setString(pair.substring(0, at), pair.substring(at + 1));
    }
    long keys = Long.parseLong(args.get("keys"));
    int valueBytes = Integer.parseInt(args.getOrDefault("value-bytes", "0"));
    int parallelism = Integer.parseInt(args.get("parallelism"));
    // One subtask sees the records in order: behind the first `keys` of them each key has a value.
    long ordered = parallelism == 1 ? keys : Long.MAX_VALUE;

    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment(configuration);
    env.setParallelism(parallelism);
    env.setRuntimeMode(RuntimeExecutionMode.STREAMING);
    env.fromSequence(0, Long.parseLong(args.get("records")) - 1).uid("numbers")
        .map(new Pace(keys, Integer.parseInt(args.getOrDefault("per-second", "0")))).uid("pace")
        .keyBy(n -> n * STEP % keys, Types.LONG)
        .process(valueBytes > 0 ? new Hold(ordered, valueBytes) : new Count(ordered), Types.LONG).uid("hold").name("hold")
        .map(new Progress(args.get("progress"), Long.parseLong(args.getOrDefault("slow-us", "0"))))
        .uid("progress")
        .sinkTo(new org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink<>()).uid("sink");
    env.execute("keyed updates");
  }

  private static final class Pace extends RichMapFunction<Long, Long> {
    private final long keys;
    private final int perSecond;
    private long passed;

    Pace(long keys, int perSecond) {
      this.keys = keys;
      this.perSecond = perSecond;
    }

    @Override
    public Long map(Long n) throws Exception {
      int piece = Math.max(1, Math.round(perSecond / 100f));
      if (perSecond > 0 && n >= keys && ++passed % piece == 0) Thread.sleep(piece * 1000L / perSecond);
      return n;
    }
  }

  private static final class Count extends KeyedProcessFunction<Long, Long, Long> {
    private final long ordered;
    private transient ValueState<Integer> state;

    Count(long ordered) {
      this.ordered = ordered;
    }

    @Override
    public void open(OpenContext context) {
      state = getRuntimeContext().getState(new ValueStateDescriptor<>("held", Types.INT));
    }

    @Override
    public void processElement(Long n, Context context, Collector<Long> out) throws Exception {
      Integer held = state.value();
      if (held == null && n >= ordered) throw new IllegalStateException("the state of record " + n + " is lost");
      state.update((held == null ? 0 : held) + 1);
      out.collect(n);
    }
  }

  private static final class Hold extends KeyedProcessFunction<Long, Long, Long> {
    private final long ordered;
    private final int valueBytes;
    private transient ValueState<Tuple2<Integer, byte[]>> state;
    private transient byte[] noise;

    Hold(long ordered, int valueBytes) {
      this.ordered = ordered;
      this.valueBytes = valueBytes;
    }

    @Override
    public void open(OpenContext context) {
      state = getRuntimeContext().getState(new ValueStateDescriptor<>(
          "held", Types.TUPLE(Types.INT, Types.PRIMITIVE_ARRAY(Types.BYTE))));
      noise = new byte[valueBytes * 64];
      new Random().nextBytes(noise);
    }

    @Override
    public void processElement(Long n, Context context, Collector<Long> out) throws Exception {
      Tuple2<Integer, byte[]> held = state.value();
      if (held == null && n >= ordered) throw new IllegalStateException("the state of record " + n + " is lost");
      int at = (int) (n % 63) * valueBytes;
      state.update(Tuple2.of((held == null ? 0 : held.f0) + 1, Arrays.copyOfRange(noise, at, at + valueBytes)));
      out.collect(n);
    }
  }

  /** What the sink of the other one does. */
  private static final class Progress extends RichMapFunction<Long, Long> {
    private static final int LOOK = 1024;
    private static final int INTERVAL_MS = 100;
    private final String folder;
    private final long slowUs;
    private transient Path file;
    private transient long records;
    private transient long due;

    Progress(String folder, long slowUs) {
      this.folder = folder;
      this.slowUs = slowUs;
    }

    @Override
    public void open(OpenContext context) {
      var task = getRuntimeContext().getTaskInfo();
      file = Path.of(folder, task.getIndexOfThisSubtask() + "-" + task.getAttemptNumber());
    }

    @Override
    public Long map(Long n) throws Exception {
      records++;
      if (slowUs > 0) {
        long until = System.nanoTime() + slowUs * 1000;
        while (System.nanoTime() < until) Thread.onSpinWait();
      }
      if (records == 1 || slowUs > 0 || records % LOOK == 0) look();
      return n;
    }

    @Override
    public void close() throws Exception {
      due = 0;
      if (file != null) look();
    }

    private void look() throws Exception {
      long now = System.currentTimeMillis();
      if (now < due) return;
      due = now + INTERVAL_MS;
      Files.writeString(
          file, now + " " + records + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
  }
}
