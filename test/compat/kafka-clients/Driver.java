import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Apache Kafka's Java client behind the line protocol: see the README of this room. */
public class Driver {
  static final String BOOTSTRAP = System.getenv("COMPAT_BOOTSTRAP");
  static final ObjectMapper JSON = new ObjectMapper();
  static final Map<String, KafkaProducer<String, String>> producers = new HashMap<>();
  static final Map<String, Member> members = new HashMap<>();
  static Admin admin;

  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    admin = Admin.create(Map.of("bootstrap.servers", BOOTSTRAP));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonNode call = JSON.readTree(line);
      Map<String, Object> answer = new HashMap<>();
      answer.put("id", call.get("id").asInt());
      try {
        answer.put("result", serve(call.get("op").asText(), call));
      } catch (UnsupportedOperationException error) {
        answer.put("unsupported", error.getMessage());
      } catch (Exception error) {
        answer.put("error", String.valueOf(error.getCause() == null ? error : error.getCause()));
      }
      out.println(JSON.writeValueAsString(answer));
    }
    Runtime.getRuntime().halt(0);
  }

  static Object serve(String op, JsonNode call) throws Exception {
    switch (op) {
      case "open-producer": return openProducer(call);
      case "send": return send(call);
      case "close-producer": producers.remove(text(call, "producer")).close(); return null;
      case "read": return read(call);
      case "join": members.put(text(call, "member"), new Member(call)); return null;
      case "poll": return members.get(text(call, "member")).taken();
      case "leave": members.remove(text(call, "member")).leave(); return null;
      case "committed": return committed(call);
      case "list-groups": return listGroups();
      case "describe-group": return describeGroup(text(call, "group"));
      case "delete-group":
        return done(admin.deleteConsumerGroups(List.of(text(call, "group"))).all());
      default: return serveTopics(op, call);
    }
  }

  static Object serveTopics(String op, JsonNode call) throws Exception {
    String topic = call.path("topic").asText();
    switch (op) {
      case "create-topic":
        Optional<Integer> partitions = Optional.of(call.get("partitions").asInt());
        return done(
            admin.createTopics(List.of(new NewTopic(topic, partitions, Optional.empty()))).all());
      case "describe-topic": return describeTopic(topic);
      case "list-topics": return done(admin.listTopics().names());
      case "delete-topic": return done(admin.deleteTopics(List.of(topic)).all());
      case "add-partitions":
        NewPartitions more = NewPartitions.increaseTo(call.get("count").asInt());
        return done(admin.createPartitions(Map.of(topic, more)).all());
      case "describe-config":
        ConfigResource one = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        return done(admin.describeConfigs(List.of(one)).all()).get(one)
            .get(text(call, "key")).value();
      case "alter-config":
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        ConfigEntry entry = new ConfigEntry(text(call, "key"), text(call, "value"));
        AlterConfigOp set = new AlterConfigOp(entry, AlterConfigOp.OpType.SET);
        return done(admin.incrementalAlterConfigs(Map.of(resource, List.of(set))).all());
      case "delete-records":
        RecordsToDelete before = RecordsToDelete.beforeOffset(call.get("before").asLong());
        return done(admin.deleteRecords(Map.of(partitionOf(call), before)).all());
      case "list-offsets": return listOffset(call);
      default: throw new UnsupportedOperationException("has no " + op);
    }
  }

  static Object openProducer(JsonNode call) {
    Map<String, Object> options = new HashMap<>();
    options.put("bootstrap.servers", BOOTSTRAP);
    options.put("compression.type", text(call, "codec"));
    options.put("acks", "all");
    options.put("enable.idempotence", call.path("idempotent").asBoolean(false));
    options.put("linger.ms", 5);
    producers.put(
        text(call, "producer"),
        new KafkaProducer<>(options, new StringSerializer(), new StringSerializer()));
    return null;
  }

  static Object send(JsonNode call) throws Exception {
    KafkaProducer<String, String> producer = producers.get(text(call, "producer"));
    int chunk = call.path("chunk").asInt(Integer.MAX_VALUE);
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    for (JsonNode one : call.get("records")) {
      ProducerRecord<String, String> record =
          new ProducerRecord<>(
              text(call, "topic"), call.get("partition").asInt(), text(one, "key"),
              text(one, "value"));
      one.get("headers").fields().forEachRemaining(
          header ->
              record.headers().add(
                  header.getKey(), header.getValue().asText().getBytes(StandardCharsets.UTF_8)));
      sent.add(producer.send(record));
      if (sent.size() % chunk == 0) for (Future<RecordMetadata> future : sent) future.get();
    }
    producer.flush();
    for (Future<RecordMetadata> future : sent) future.get();
    return null;
  }

  static Object read(JsonNode call) {
    TopicPartition partition = partitionOf(call);
    int count = call.get("count").asInt();
    List<Object> records = new ArrayList<>();
    long deadline = System.currentTimeMillis() + 30_000;
    try (KafkaConsumer<String, String> consumer = consumer(Map.of())) {
      consumer.assign(List.of(partition));
      consumer.seek(partition, call.get("from").asLong());
      while (records.size() < count && System.currentTimeMillis() < deadline) {
        consumer.poll(Duration.ofMillis(200)).forEach(record -> records.add(recordOf(record)));
      }
    }
    return records;
  }

  static Object committed(JsonNode call) throws Exception {
    Map<TopicPartition, OffsetAndMetadata> offsets =
        done(
            admin.listConsumerGroupOffsets(text(call, "group"))
                .partitionsToOffsetAndMetadata());
    List<Long> found = new ArrayList<>();
    for (JsonNode partition : call.get("partitions")) {
      found.add(offsets.get(new TopicPartition(text(call, "topic"), partition.asInt())).offset());
    }
    return found;
  }

  static Object listGroups() throws Exception {
    List<String> ids = new ArrayList<>();
    done(admin.listConsumerGroups().all()).forEach(group -> ids.add(group.groupId()));
    return ids;
  }

  static Object describeGroup(String group) throws Exception {
    ConsumerGroupDescription found =
        done(admin.describeConsumerGroups(List.of(group)).all()).get(group);
    Object state = either(found, "groupState", "state");
    return Map.of("state", state.toString(), "members", found.members().size());
  }

  static Object describeTopic(String topic) throws Exception {
    DescribeTopicsResult asked = admin.describeTopics(List.of(topic));
    KafkaFuture<Map<String, TopicDescription>> all = either(asked, "allTopicNames", "all");
    TopicDescription found = done(all).get(topic);
    List<Object> partitions = new ArrayList<>();
    found.partitions().forEach(
        one -> partitions.add(Map.of("leader", one.leader() == null ? -1 : one.leader().id())));
    return Map.of("partitions", partitions);
  }

  static Object listOffset(JsonNode call) throws Exception {
    long at = call.get("at").asLong();
    OffsetSpec spec =
        at == -2 ? OffsetSpec.earliest() : at == -1 ? OffsetSpec.latest() : OffsetSpec.forTimestamp(at);
    return done(admin.listOffsets(Map.of(partitionOf(call), spec)).all())
        .get(partitionOf(call)).offset();
  }

  static KafkaConsumer<String, String> consumer(Map<String, Object> more) {
    Map<String, Object> options = new HashMap<>(more);
    options.put("bootstrap.servers", BOOTSTRAP);
    options.put("auto.offset.reset", "earliest");
    return new KafkaConsumer<>(options, new StringDeserializer(), new StringDeserializer());
  }

  static Map<String, Object> recordOf(ConsumerRecord<String, String> record) {
    Map<String, String> headers = new LinkedHashMap<>();
    for (Header header : record.headers()) {
      headers.put(header.key(), new String(header.value(), StandardCharsets.UTF_8));
    }
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("partition", record.partition());
    answer.put("offset", record.offset());
    answer.put("key", record.key());
    answer.put("value", record.value());
    answer.put("headers", headers);
    return answer;
  }

  static TopicPartition partitionOf(JsonNode call) {
    return new TopicPartition(text(call, "topic"), call.get("partition").asInt());
  }

  static String text(JsonNode node, String field) {
    return node.get(field).isNull() ? null : node.get(field).asText();
  }

  /** A method that one version of the client has lost and another one does not have yet. */
  @SuppressWarnings("unchecked")
  static <T> T either(Object target, String newer, String older) throws Exception {
    Class<?> type = target.getClass();
    boolean isNewer = Arrays.stream(type.getMethods()).anyMatch(one -> one.getName().equals(newer));
    return (T) type.getMethod(isNewer ? newer : older).invoke(target);
  }

  static <T> T done(KafkaFuture<T> future) throws Exception {
    return future.get(40, TimeUnit.SECONDS);
  }

  /** A member of a group in a thread of its own. */
  static class Member extends Thread {
    private final KafkaConsumer<String, String> consumer;
    private final String topic;
    private List<Object> records = new ArrayList<>();
    private Set<Integer> assigned = Set.of();
    private volatile boolean isLeaving = false;

    Member(JsonNode call) {
      consumer = consumer(
          Map.of(
              "group.id", text(call, "group"), "auto.commit.interval.ms", 200,
              "session.timeout.ms", 10_000, "heartbeat.interval.ms", 300));
      topic = text(call, "topic");
      setDaemon(true);
      start();
    }

    @Override
    public void run() {
      consumer.subscribe(List.of(topic));
      while (!isLeaving) {
        ConsumerRecords<String, String> polled = consumer.poll(Duration.ofMillis(100));
        Set<Integer> now = new HashSet<>();
        consumer.assignment().forEach(partition -> now.add(partition.partition()));
        synchronized (this) {
          polled.forEach(record -> records.add(recordOf(record)));
          assigned = now;
        }
      }
      consumer.close();
    }

    synchronized Object taken() {
      List<Object> taken = records;
      records = new ArrayList<>();
      return Map.of("assigned", assigned, "records", taken);
    }

    void leave() throws Exception {
      isLeaving = true;
      join(30_000);
    }
  }
}
