import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Until every partition takes a record again: Takeover BOOTSTRAP TOPIC PARTITIONS.
 * Writes a record to each partition, prints "ready", waits for a line on its input (the leader was
 * killed), writes a record to each again and prints the ms until the last one was acknowledged.
 * acks=all; settings not named are the client's defaults.
 */
public final class Takeover {
  public static void main(String[] args) throws Exception {
    String topic = args[1];
    int partitions = Integer.parseInt(args[2]);
    Map<String, Object> settings = Map.of("bootstrap.servers", args[0], "acks", "all");
    try (var producer =
        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
      writeToEach(producer, topic, partitions);
      writeToEach(producer, topic, partitions);
      System.out.println("ready");
      System.in.read();
      long start = System.nanoTime();
      writeToEach(producer, topic, partitions);
      System.out.printf("%.1f%n", (System.nanoTime() - start) / 1e6);
      System.out.flush();
    }
  }

  private static void writeToEach(
      KafkaProducer<byte[], byte[]> producer, String topic, int partitions) throws Exception {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    for (int partition = 0; partition < partitions; partition++) {
      sent.add(producer.send(new ProducerRecord<>(topic, partition, null, new byte[100])));
    }
    for (Future<RecordMetadata> one : sent) one.get();
  }
}
