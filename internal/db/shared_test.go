package db_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
)

// Whatever is written before a question is in its answer.
func TestSharedIsNeverOlder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var written, readings atomic.Int64
		s := db.NewShared(d, func(_ context.Context, keys []int) (map[int]int64, error) {
			readings.Add(1)
			at := written.Load()
			time.Sleep(100 * time.Microsecond) // others write and ask
			answers := map[int]int64{}
			for _, key := range keys {
				answers[key] = at
			}
			return answers, nil
		})
		const askers, times = 8, 200
		var all sync.WaitGroup
		for i := range askers {
			all.Go(func() {
				for range times {
					before := written.Add(1)
					if got, err := s.Get(t.Context(), i%3); err != nil || got < before {
						t.Errorf("the answer is of %d, %v; %d was written before the question", got, err, before)
						return
					}
				}
			})
		}
		all.Wait()
		if n := readings.Load(); n == 0 || n >= askers*times {
			t.Errorf("%d questions took %d readings", askers*times, n)
		}
	})
}

// whileReading runs test in a bubble, where synctest.Wait waits until everybody
// waits, while the first reading of s goes on; goOn ends it.
func whileReading(t *testing.T, read func(context.Context, []int) (map[int]int, error), test func(t *testing.T, s *db.Shared[int, int], goOn func())) {
	t.Helper()
	d := dbtest.SQLite(t)
	synctest.Test(t, func(t *testing.T) {
		held := make(chan struct{})
		var once sync.Once
		s := db.NewShared(d, func(ctx context.Context, keys []int) (map[int]int, error) {
			once.Do(func() { <-held })
			return read(ctx, keys)
		})
		var first sync.WaitGroup
		first.Go(func() { _, _ = s.Get(t.Context(), 0) })
		synctest.Wait()
		goOn := sync.OnceFunc(func() { close(held); first.Wait() })
		defer goOn()
		test(t, s, goOn)
	})
}

func TestSharedReadsOnceForAllWhoWait(t *testing.T) {
	var asked [][]int
	read := func(_ context.Context, keys []int) (map[int]int, error) {
		asked = append(asked, slices.Sorted(slices.Values(keys)))
		return map[int]int{1: 10, 2: 20}, nil
	}
	whileReading(t, read, func(t *testing.T, s *db.Shared[int, int], goOn func()) {
		var all sync.WaitGroup
		for i := range 30 {
			all.Go(func() {
				key := i % 3
				if got, err := s.Get(t.Context(), key); err != nil || got != 10*key {
					t.Errorf("the answer for %d is %d, %v", key, got, err)
				}
			})
		}
		synctest.Wait()
		goOn()
		all.Wait()
		if len(asked) != 2 || !slices.Equal(asked[1], []int{0, 1, 2}) {
			t.Errorf("it read %v", asked)
		}
	})
}

func TestSharedFails(t *testing.T) {
	away := errors.New("away")
	read := func(context.Context, []int) (map[int]int, error) { return nil, away }
	whileReading(t, read, func(t *testing.T, s *db.Shared[int, int], goOn func()) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		asks, joined := make(chan error, 1), make(chan error, 1)
		go func() { _, err := s.Get(t.Context(), 1); asks <- err }() // is to read next
		synctest.Wait()
		go func() { _, err := s.Get(ctx, 2); joined <- err }()
		synctest.Wait()
		cancel()
		if err := <-joined; !errors.Is(err, context.Canceled) {
			t.Errorf("who no longer waits got %v", err)
		}
		goOn()
		if err := <-asks; !errors.Is(err, away) {
			t.Errorf("who waits got %v", err)
		}
	})
}

// A reading that panics leaves nobody waiting, and the next one works.
func TestSharedPanics(t *testing.T) {
	bad := true
	s := db.NewShared(dbtest.SQLite(t), func(context.Context, []int) (map[int]int, error) {
		if bad {
			panic("bad")
		}
		return map[int]int{1: 10}, nil
	})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is lost")
			}
		}()
		_, _ = s.Get(t.Context(), 1)
	}()
	bad = false
	if got, err := s.Get(t.Context(), 1); err != nil || got != 10 {
		t.Errorf("the next answer is %d, %v", got, err)
	}
}
