import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Latency from send() to poll() at a fixed rate, in one process with one clock:
 * EndToEnd BOOTSTRAP TOPIC PARTITIONS RECORDS_PER_SECOND SECONDS WARM_UP_SECONDS.
 * Prints "p50 p99" in ms. A record is late from the moment at which it was due, so that a stall
 * counts for all that had to wait behind it. Settings not named are the clients' defaults.
 */
public final class EndToEnd {
  private static final int RECORD_BYTES = 1024;
  private static final Duration POLL = Duration.ofMillis(100);
  /** Whoever is that late does not come. */
  private static final long PATIENCE_NANOS = 30_000_000_000L;

  public static void main(String[] args) throws Exception {
    String bootstrap = args[0];
    String topic = args[1];
    int partitions = Integer.parseInt(args[2]);
    int rate = Integer.parseInt(args[3]);
    int wanted = rate * Integer.parseInt(args[4]);
    int skipped = rate * Integer.parseInt(args[5]);
    try (KafkaConsumer<byte[], byte[]> consumer = openConsumer(bootstrap, topic, partitions)) {
      Thread sender = new Thread(() -> send(bootstrap, topic, rate, skipped + wanted));
      sender.setDaemon(true);
      sender.start();
      long[] nanos = receive(consumer, skipped, wanted);
      Arrays.sort(nanos);
      System.out.printf(
          "%.3f %.3f%n", nanos[wanted / 2] / 1e6, nanos[(int) (wanted * 0.99)] / 1e6);
    }
  }

  private static KafkaConsumer<byte[], byte[]> openConsumer(
      String bootstrap, String topic, int partitions) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("auto.offset.reset", "earliest");
    var consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    List<TopicPartition> all =
        java.util.stream.IntStream.range(0, partitions)
            .mapToObj(partition -> new TopicPartition(topic, partition))
            .toList();
    consumer.assign(all);
    all.forEach(consumer::position);
    return consumer;
  }

  private static void send(String bootstrap, String topic, int rate, int records) {
    Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "acks", "1");
    try (var producer =
        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.partitionsFor(topic);
      long start = System.nanoTime();
      for (int sent = 0; sent < records; sent++) {
        long due = start + sent * 1_000_000_000L / rate;
        for (long rest; (rest = due - System.nanoTime()) > 0; ) LockSupport.parkNanos(rest);
        byte[] value = ByteBuffer.allocate(RECORD_BYTES).putLong(due).array();
        producer.send(new ProducerRecord<>(topic, value));
      }
    }
  }

  private static long[] receive(
      KafkaConsumer<byte[], byte[]> consumer, int skipped, int wanted) {
    long[] nanos = new long[wanted];
    long last = System.nanoTime();
    for (int seen = 0; seen < skipped + wanted; ) {
      var records = consumer.poll(POLL);
      long now = System.nanoTime();
      if (records.isEmpty() && now - last > PATIENCE_NANOS) {
        throw new IllegalStateException("only " + seen + " records came");
      }
      for (var record : records) {
        if (seen >= skipped) nanos[seen - skipped] = now - ByteBuffer.wrap(record.value()).getLong();
        last = now;
        seen++;
      }
    }
    return nanos;
  }
}
