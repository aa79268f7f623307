package db

import (
	"context"
	"fmt"
	"time"
)

// Health is what there is to know about the database server itself. On SQLite,
// which is none, it is the zero Health.
type Health struct {
	Version  string
	Encoding string    // "UTF8" is the one that holds every letter
	CType    string    // with "C" neither case nor trigrams know Cyrillic
	Trigrams bool      // the extension pg_trgm can be had
	Clock    time.Time // the server's
}

// Health asks the server.
func (d *DB) Health(ctx context.Context) (h Health, err error) {
	if d.dialect == SQLite {
		return h, nil
	}
	var clock Time
	var trigrams int64
	err = d.Read().QueryRow(ctx, `
		SELECT current_setting('server_version'), pg_encoding_to_char(encoding), datctype,
		       (SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'),
		       CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)
		  FROM pg_database WHERE datname = current_database()`).Scan(&h.Version, &h.Encoding, &h.CType, &trigrams, &clock)
	if err != nil {
		return h, unavailable(fmt.Errorf("ask for the server's health: %w", err))
	}
	h.Trigrams, h.Clock = trigrams > 0, clock.Time()
	return h, nil
}
