// franz-go behind the line protocol: see the README of this room.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

type call struct {
	ID         int      `json:"id"`
	Op         string   `json:"op"`
	Producer   string   `json:"producer"`
	Codec      string   `json:"codec"`
	Idempotent bool     `json:"idempotent"`
	Topic      string   `json:"topic"`
	Partition  int32    `json:"partition"`
	Partitions any      `json:"partitions"`
	Records    []record `json:"records"`
	Chunk      int      `json:"chunk"`
	From       int64    `json:"from"`
	Count      int      `json:"count"`
	Member     string   `json:"member"`
	Group      string   `json:"group"`
	Key        string   `json:"key"`
	Value      string   `json:"value"`
	Before     int64    `json:"before"`
	At         int64    `json:"at"`
}

type record struct {
	Partition int32             `json:"partition"`
	Offset    int64             `json:"offset"`
	Key       *string           `json:"key"`
	Value     *string           `json:"value"`
	Headers   map[string]string `json:"headers"`
}

type answer struct {
	ID          int    `json:"id"`
	Result      any    `json:"result"`
	Error       string `json:"error,omitempty"`
	Unsupported string `json:"unsupported,omitempty"`
}

type state struct {
	seeds     []string
	admin     *kadm.Client
	producers map[string]*kgo.Client
	members   map[string]*member
}

var codecs = map[string]kgo.CompressionCodec{
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

var errNotOffered = errors.New("has no such call")

func main() {
	seeds := strings.Split(os.Getenv("COMPAT_BOOTSTRAP"), ",")
	client, err := kgo.NewClient(kgo.SeedBrokers(seeds...))
	if err != nil {
		panic(err)
	}
	own := &state{seeds, kadm.NewClient(client), map[string]*kgo.Client{}, map[string]*member{}}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var one call
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			panic(err)
		}
		result, err := own.serve(&one)
		said := answer{ID: one.ID, Result: result}
		if errors.Is(err, errNotOffered) {
			said.Unsupported = err.Error()
		} else if err != nil {
			said.Error = err.Error()
		}
		_ = out.Encode(said)
	}
}

func (s *state) serve(c *call) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Second)
	defer cancel()
	switch c.Op {
	case "open-producer":
		return nil, s.openProducer(c)
	case "send":
		return nil, s.send(ctx, c)
	case "close-producer":
		s.producers[c.Producer].Close()
		return nil, nil
	case "read":
		return s.read(c)
	case "join":
		opened, err := join(s.seeds, c.Group, c.Topic)
		s.members[c.Member] = opened
		return nil, err
	case "poll":
		return s.members[c.Member].take(), nil
	case "leave":
		s.members[c.Member].client.Close()
		return nil, nil
	}
	if c.Group != "" || c.Op == "list-groups" {
		return s.serveGroups(ctx, c)
	}
	return s.serveTopics(ctx, c)
}

func (s *state) openProducer(c *call) error {
	options := []kgo.Opt{
		kgo.SeedBrokers(s.seeds...),
		kgo.ProducerBatchCompression(codecs[c.Codec]),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	}
	if !c.Idempotent {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	client, err := kgo.NewClient(options...)
	s.producers[c.Producer] = client
	return err
}

func (s *state) send(ctx context.Context, c *call) error {
	var batch []*kgo.Record
	for index, one := range c.Records {
		made := &kgo.Record{Topic: c.Topic, Partition: c.Partition}
		if one.Key != nil {
			made.Key = []byte(*one.Key)
		}
		if one.Value != nil {
			made.Value = []byte(*one.Value)
		}
		for name, value := range one.Headers {
			made.Headers = append(made.Headers, kgo.RecordHeader{Key: name, Value: []byte(value)})
		}
		batch = append(batch, made)
		if index == len(c.Records)-1 || len(batch) == c.Chunk {
			if err := s.producers[c.Producer].ProduceSync(ctx, batch...).FirstErr(); err != nil {
				return err
			}
			batch = nil
		}
	}
	return nil
}

func (s *state) read(c *call) (any, error) {
	from := map[string]map[int32]kgo.Offset{c.Topic: {c.Partition: kgo.NewOffset().At(c.From)}}
	client, err := kgo.NewClient(kgo.SeedBrokers(s.seeds...), kgo.ConsumePartitions(from))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	records := []record{}
	for len(records) < c.Count && ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(one *kgo.Record) { records = append(records, said(one)) })
	}
	return records, nil
}

func (s *state) serveGroups(ctx context.Context, c *call) (any, error) {
	switch c.Op {
	case "committed":
		found, err := s.admin.FetchOffsets(ctx, c.Group)
		if err != nil {
			return nil, err
		}
		offsets := []int64{}
		for _, partition := range c.Partitions.([]any) {
			one, _ := found.Lookup(c.Topic, int32(partition.(float64)))
			offsets = append(offsets, one.At)
		}
		return offsets, nil
	case "list-groups":
		found, err := s.admin.ListGroups(ctx)
		return found.Groups(), err
	case "describe-group":
		found, err := s.admin.DescribeGroups(ctx, c.Group)
		one := found[c.Group]
		return map[string]any{"state": one.State, "members": len(one.Members)}, errors.Join(err, one.Err)
	case "delete-group":
		found, err := s.admin.DeleteGroups(ctx, c.Group)
		return nil, errors.Join(err, found.Error())
	}
	return nil, fmt.Errorf("%w: %s", errNotOffered, c.Op)
}

func (s *state) serveTopics(ctx context.Context, c *call) (any, error) {
	switch c.Op {
	case "create-topic":
		_, err := s.admin.CreateTopic(ctx, int32(c.Partitions.(float64)), -1, nil, c.Topic)
		return nil, err
	case "describe-topic":
		found, err := s.admin.ListTopics(ctx, c.Topic)
		partitions := []map[string]int32{}
		for _, one := range found[c.Topic].Partitions.Sorted() {
			partitions = append(partitions, map[string]int32{"leader": one.Leader})
		}
		return map[string]any{"partitions": partitions}, err
	case "list-topics":
		found, err := s.admin.ListTopics(ctx)
		return found.Names(), err
	case "delete-topic":
		_, err := s.admin.DeleteTopic(ctx, c.Topic)
		return nil, err
	case "add-partitions":
		found, err := s.admin.UpdatePartitions(ctx, c.Count, c.Topic)
		return nil, errors.Join(err, found.Error())
	case "describe-config":
		found, err := s.admin.DescribeTopicConfigs(ctx, c.Topic)
		for _, resource := range found {
			for _, one := range resource.Configs {
				if one.Key == c.Key {
					return one.Value, err
				}
			}
		}
		return nil, errors.Join(err, errors.New("the key is not there"))
	case "alter-config":
		set := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: c.Key, Value: &c.Value}}
		found, err := s.admin.AlterTopicConfigs(ctx, set, c.Topic)
		for _, one := range found {
			err = errors.Join(err, one.Err)
		}
		return nil, err
	case "delete-records":
		before := kadm.Offsets{}
		before.Add(kadm.Offset{Topic: c.Topic, Partition: c.Partition, At: c.Before})
		found, err := s.admin.DeleteRecords(ctx, before)
		return nil, errors.Join(err, found.Error())
	case "list-offsets":
		return s.listOffset(ctx, c)
	}
	return nil, fmt.Errorf("%w: %s", errNotOffered, c.Op)
}

func (s *state) listOffset(ctx context.Context, c *call) (any, error) {
	var found kadm.ListedOffsets
	var err error
	switch c.At {
	case -2:
		found, err = s.admin.ListStartOffsets(ctx, c.Topic)
	case -1:
		found, err = s.admin.ListEndOffsets(ctx, c.Topic)
	default:
		found, err = s.admin.ListOffsetsAfterMilli(ctx, c.At, c.Topic)
	}
	one, _ := found.Lookup(c.Topic, c.Partition)
	return one.Offset, errors.Join(err, one.Err)
}

// member is a member of a group that polls in a routine of its own.
type member struct {
	client   *kgo.Client
	mutex    sync.Mutex
	records  []record
	assigned map[int32]bool
}

func join(seeds []string, group, topic string) (*member, error) {
	own := &member{records: []record{}, assigned: map[int32]bool{}}
	assign := func(isNow bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, changed map[string][]int32) {
			own.mutex.Lock()
			defer own.mutex.Unlock()
			for _, partition := range changed[topic] {
				if isNow {
					own.assigned[partition] = true
				} else {
					delete(own.assigned, partition)
				}
			}
		}
	}
	revoked := assign(false)
	client, err := kgo.NewClient(
		kgo.SeedBrokers(seeds...),
		kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.SessionTimeout(10*time.Second),
		kgo.HeartbeatInterval(300*time.Millisecond),
		kgo.AutoCommitInterval(200*time.Millisecond),
		kgo.OnPartitionsAssigned(assign(true)),
		kgo.OnPartitionsRevoked(func(ctx context.Context, client *kgo.Client, changed map[string][]int32) {
			_ = client.CommitUncommittedOffsets(ctx)
			revoked(ctx, client, changed)
		}),
	)
	if err != nil {
		return nil, err
	}
	own.client = client
	go own.run()
	return own, nil
}

func (m *member) run() {
	for {
		fetched := m.client.PollFetches(context.Background())
		if fetched.IsClientClosed() {
			return
		}
		m.mutex.Lock()
		fetched.EachRecord(func(one *kgo.Record) { m.records = append(m.records, said(one)) })
		m.mutex.Unlock()
	}
}

func (m *member) take() map[string]any {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	assigned := []int32{}
	for partition := range m.assigned {
		assigned = append(assigned, partition)
	}
	taken := m.records
	m.records = []record{}
	return map[string]any{"assigned": assigned, "records": taken}
}

func said(one *kgo.Record) record {
	headers := map[string]string{}
	for _, header := range one.Headers {
		headers[header.Key] = string(header.Value)
	}
	return record{one.Partition, one.Offset, text(one.Key), text(one.Value), headers}
}

func text(bytes []byte) *string {
	if bytes == nil {
		return nil
	}
	made := string(bytes)
	return &made
}
