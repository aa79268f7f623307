package db

import "strings"

// Records is a FROM item that reads a JSON array of objects from a parameter
// as rows: Records(q, "r", "$1", "id bigint", "reason text") names a table r
// with two columns. One statement then writes many rows, on both databases.
func Records(q Q, name, param string, columns ...string) string {
	if q.Dialect() == Postgres {
		return "json_to_recordset(" + param + "::json) AS " + name + " (" + strings.Join(columns, ", ") + ")"
	}
	var b strings.Builder
	b.WriteString("(SELECT ")
	for i, column := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		field, _, _ := strings.Cut(column, " ")
		b.WriteString("value ->> '" + field + "' AS " + field)
	}
	b.WriteString(" FROM json_each(" + param + ")) AS " + name)
	return b.String()
}
