package httpd

import (
	"reflect"
	"testing"
	"time"
)

func TestSessionsAreReadAsTheyWereWritten(t *testing.T) {
	until := time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC)
	values := map[string]any{"user": int64(1<<62 + 1), "address": "анна@example.com", "flashes": `[{"Text":"\u0000"}]`}
	data, err := plainCodec{}.Encode(until, values)
	if err != nil {
		t.Fatal(err)
	}
	gotUntil, got, err := plainCodec{}.Decode(data)
	if err != nil || !gotUntil.Equal(until) || !reflect.DeepEqual(got, values) {
		t.Errorf("got %v %v (%v), want %v %v", gotUntil, got, err, until, values)
	}
}

func TestSessionsHoldNothingElse(t *testing.T) {
	if _, err := (plainCodec{}).Encode(time.Time{}, map[string]any{"user": 1}); err == nil {
		t.Error("an int was taken for an int64")
	}
}

// Sessions were once written by gob, and as JSON.
func TestSessionOfAnOlderVersionIsOver(t *testing.T) {
	for _, data := range []string{"\x40\xff\x81", `{"until":"2026-12-24T18:00:00Z"}`, ""} {
		until, values, err := plainCodec{}.Decode([]byte(data))
		if err != nil || !until.IsZero() || len(values) != 0 {
			t.Errorf("%q: got %v %v, %v", data, until, values, err)
		}
	}
	for _, broken := range []string{"user", "user=", "user=five", `flashes="`} {
		if _, _, err := (plainCodec{}).Decode([]byte("2026-12-24T18:00:00Z\n" + broken)); err == nil {
			t.Errorf("%q: a broken session was read", broken)
		}
	}
}
