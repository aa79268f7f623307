package db

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Shared answers questions that come at about the same moment by one reading.
// No answer is older than its question: there is one reading at a time, and
// who asks while it goes on waits for the next.
type Shared[K comparable, V any] struct {
	db   *DB
	read func(context.Context, []K) (map[K]V, error)
	turn chan struct{} // held by whoever reads

	mu   sync.Mutex
	next *reading[K, V] // which has not begun; nil: nobody waits for one
}

// reading is one, for all who wait for it.
type reading[K comparable, V any] struct {
	keys    []K
	answers map[K]V
	err     error
	done    chan struct{}
}

// sharedTime is the longest that a reading from PostgreSQL may take.
const sharedTime = 10 * time.Second

var errBrokenOff = errors.New("the reading was broken off")

// NewShared reads by read, each key once. A key without an answer has the zero V.
func NewShared[K comparable, V any](d *DB, read func(context.Context, []K) (map[K]V, error)) *Shared[K, V] {
	return &Shared[K, V]{db: d, read: read, turn: make(chan struct{}, 1)}
}

// Get is the answer for a key. Whoever asks first reads for all who join them,
// whether they still want the answer themselves or not.
func (s *Shared[K, V]) Get(ctx context.Context, key K) (V, error) {
	r, first := s.join(key)
	if first {
		runtime.Gosched() // on a busy processor others are about to ask
		s.answer(ctx, r)
		return r.answers[key], r.err
	}
	select {
	case <-r.done:
		return r.answers[key], r.err
	case <-ctx.Done():
		return *new(V), context.Cause(ctx)
	}
}

func (s *Shared[K, V]) join(key K) (r *reading[K, V], first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next, first = &reading[K, V]{err: errBrokenOff, done: make(chan struct{})}, true
	}
	if !slices.Contains(s.next.keys, key) {
		s.next.keys = append(s.next.keys, key)
	}
	return s.next, first
}

// answer reads in its turn. From then on questions are for the next reading.
func (s *Shared[K, V]) answer(ctx context.Context, r *reading[K, V]) {
	s.turn <- struct{}{}
	defer func() {
		<-s.turn
		close(r.done)
	}()
	s.mu.Lock()
	s.next = nil
	s.mu.Unlock()
	ctx = context.WithoutCancel(ctx)
	if s.db.dialect == Postgres {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, sharedTime)
		defer cancel()
	}
	r.answers, r.err = s.read(ctx, r.keys)
}
