"""librdkafka by way of confluent-kafka: see the README of this room."""

import threading
import time

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
)
from line_driver import BOOTSTRAP, decoded, encoded, portions, serve

COMMON = {"bootstrap.servers": BOOTSTRAP, "log_level": 3}
admin = AdminClient(COMMON)
producers = {}
members = {}


def open_producer(producer, codec, idempotent=False):
    options = {"compression.type": codec, "enable.idempotence": idempotent, "linger.ms": 5}
    producers[producer] = Producer({**COMMON, **options, "acks": "all"})


def send(producer, topic, partition, records, chunk=None, **_):
    own = producers[producer]
    failures = []

    def note(error, _message):
        if error is not None:
            failures.append(error)

    for portion in portions(records, chunk):
        for record in portion:
            own.produce(
                topic,
                key=encoded(record["key"]),
                value=encoded(record["value"]),
                partition=partition,
                headers=[(name, encoded(value)) for name, value in record["headers"].items()],
                on_delivery=note,
            )
        if own.flush(90) > 0:
            raise TimeoutError("not everything was acknowledged")
        if failures:
            raise KafkaException(failures[0])


def read(topic, partition, count, **args):
    options = {"group.id": "nobody", "enable.auto.commit": False}
    consumer = Consumer({**COMMON, **options})
    consumer.assign([TopicPartition(topic, partition, args["from"])])
    records = []
    deadline = time.monotonic() + 30
    while len(records) < count and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is not None:
            if message.error():
                raise KafkaException(message.error())
            records.append(record_of(message))
    consumer.close()
    return records


class Member(threading.Thread):
    """A member of a group in a thread of its own."""

    def __init__(self, group, topic):
        super().__init__(daemon=True)
        self.consumer = Consumer(
            {
                **COMMON,
                "group.id": group,
                "auto.offset.reset": "earliest",
                "auto.commit.interval.ms": 200,
                "session.timeout.ms": 10000,
                "heartbeat.interval.ms": 300,
            }
        )
        self.topic = topic
        self.records = []
        self.assigned = []
        self.is_leaving = False
        self.start()

    def run(self):
        self.consumer.subscribe([self.topic])
        while not self.is_leaving:
            message = self.consumer.poll(0.1)
            if message is not None and not message.error():
                self.records.append(record_of(message))
            self.assigned = [one.partition for one in self.consumer.assignment()]
        self.consumer.close()

    def taken(self):
        taken, self.records = self.records, []
        return {"assigned": self.assigned, "records": taken}


def join(member, group, topic):
    members[member] = Member(group, topic)


def leave(member):
    own = members.pop(member)
    own.is_leaving = True
    own.join(30)


def committed(group, topic, partitions):
    wanted = [TopicPartition(topic, partition) for partition in partitions]
    asked = [ConsumerGroupTopicPartitions(group, wanted)]
    found = admin.list_consumer_group_offsets(asked)[group].result(30)
    return [one.offset for one in found.topic_partitions]


def create_topic(topic, partitions, **_):
    return done(admin.create_topics([NewTopic(topic, partitions)]))


def describe_topic(topic):
    found = admin.list_topics(topic, timeout=20).topics[topic].partitions
    return {"partitions": [{"leader": found[id].leader} for id in sorted(found)]}


def describe_config(topic, key):
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    return done(admin.describe_configs([resource]))[key].value


def alter_config(topic, key, value):
    operation = AlterConfigOpType.SET
    entry = ConfigEntry(key, value, incremental_operation=operation)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    return done(admin.incremental_alter_configs([resource]))


def delete_records(topic, partition, before):
    done(admin.delete_records([TopicPartition(topic, partition, before)]))


def list_offsets(topic, partition, at):
    specs = {-2: OffsetSpec.earliest(), -1: OffsetSpec.latest()}
    spec = specs.get(at) or OffsetSpec.for_timestamp(at)
    return done(admin.list_offsets({TopicPartition(topic, partition): spec})).offset


def describe_group(group):
    found = done(admin.describe_consumer_groups([group]))
    return {"state": found.state.name, "members": len(found.members)}


def done(futures):
    (future,) = futures.values()
    return future.result(30)


def record_of(message):
    return {
        "partition": message.partition(),
        "offset": message.offset(),
        "key": decoded(message.key()),
        "value": decoded(message.value()),
        "headers": {name: decoded(value) for name, value in message.headers() or []},
    }


serve(
    {
        "open-producer": open_producer,
        "send": send,
        "close-producer": lambda producer: producers.pop(producer).flush(30),
        "read": read,
        "join": join,
        "poll": lambda member: members[member].taken(),
        "leave": leave,
        "committed": committed,
        "create-topic": create_topic,
        "describe-topic": describe_topic,
        "list-topics": lambda: list(admin.list_topics(timeout=20).topics),
        "delete-topic": lambda topic: done(admin.delete_topics([topic])),
        "add-partitions": lambda topic, count: done(
            admin.create_partitions([NewPartitions(topic, count)])
        ),
        "describe-config": describe_config,
        "alter-config": alter_config,
        "delete-records": delete_records,
        "list-offsets": list_offsets,
        "list-groups": lambda: [one.group_id for one in admin.list_consumer_groups().result(30).valid],
        "describe-group": describe_group,
        "delete-group": lambda group: done(admin.delete_consumer_groups([group])),
    }
)
