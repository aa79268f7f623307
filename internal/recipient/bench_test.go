package recipient

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"gonets/internal/db"
	"gonets/internal/db/dbtest"
)

const benchRows = 100_000

// benchLine is a row of usual length.
func benchLine(i int) (email, name, city string) {
	return fmt.Sprintf("user%07d@example%d.com", i, i%100), fmt.Sprintf("Иван Петров %d", i), "Москва"
}

func benchFile(n int) string {
	var b strings.Builder
	b.WriteString("email,name,city\n")
	for i := range n {
		email, name, city := benchLine(i)
		fmt.Fprintf(&b, "%s,%s,%s\n", email, name, city)
	}
	return b.String()
}

// BenchmarkImport compares an import with the bare insertion of the same
// rows by one prepared statement, on a fresh database each.
func BenchmarkImport(b *testing.B) {
	text := benchFile(benchRows)
	bare := func(b *testing.B, r *bench) {
		statement, err := r.db.Writer().PrepareContext(b.Context(), `INSERT INTO recipients
			(user_id, email, email_key, name, attributes, search, created_at, updated_at) VALUES (1, ?, ?, ?, ?, ?, 1, 1)`)
		if err != nil {
			b.Fatal(err)
		}
		defer statement.Close()
		tx, err := r.db.Writer().BeginTx(b.Context(), nil)
		if err != nil {
			b.Fatal(err)
		}
		inTx := tx.StmtContext(b.Context(), statement)
		for i := range benchRows {
			email, name, city := benchLine(i)
			if _, err := inTx.ExecContext(b.Context(), email, email, name, `{"city":"`+city+`"}`, email+" "+name); err != nil {
				b.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
		if err := r.RebuildCounts(b.Context(), r.anna.ID); err != nil {
			b.Fatal(err)
		}
	}
	load := func(o ImportOptions) func(*testing.B, *bench) {
		return func(b *testing.B, r *bench) {
			if _, err := r.ImportReader(b.Context(), r.anna, strings.NewReader(text), 0, o, nil); err != nil {
				b.Fatal(err)
			}
		}
	}
	again := func(b *testing.B, r *bench) {
		b.StopTimer()
		load(ImportOptions{})(b, r)
		b.StartTimer()
		load(ImportOptions{})(b, r)
	}
	upload := func(b *testing.B, r *bench) {
		i, err := r.Upload(b.Context(), r.anna, io.MultiReader(strings.NewReader(text)), ImportOptions{})
		if err == nil {
			err = r.work(b.Context(), i.ID)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	for _, kind := range []struct {
		name string
		run  func(*testing.B, *bench)
	}{{"bare", bare}, {"import", load(ImportOptions{})}, {"tagged", load(ImportOptions{Tags: []string{"a", "b"}})}, {"again", again}, {"upload", upload}} {
		for name, fresh := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
			if kind.name == "bare" && name == "postgres" {
				continue
			}
			b.Run(kind.name+"/"+name, func(b *testing.B) {
				for range b.N {
					b.StopTimer()
					r := newBench(b, fresh(b))
					b.StartTimer()
					kind.run(b, r)
				}
				b.ReportMetric(float64(benchRows*b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}
