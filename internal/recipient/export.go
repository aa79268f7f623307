package recipient

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gonets/internal/account"
	"gonets/internal/db"
)

// exportPage is how many recipients are read at once.
const exportPage = 2000

// Export writes the actor's recipients that a filter matches as CSV in UTF-8,
// the oldest first, in a form that an import reads back as the same: whoever
// refused mail refuses it there too.
//
// Values are written as they are, also those that begin with = or @: a mark in
// front would spoil them for every other program, and a sheet that is opened
// here was typed or imported by its owner. A caller whose readers use Excel
// writes a byte order mark first.
func (r *Recipients) Export(ctx context.Context, actor account.Actor, f Filter, w io.Writer) error {
	if err := may(actor, account.RecipientView, actor.ID); err != nil {
		return err
	}
	q := r.db.Read()
	var keys []string
	c, err := choose(ctx, q, actor.ID, Filter{Search: f.Search, Tag: f.Tag, Status: f.Status})
	if err == nil && !c.nobody {
		keys, err = attributeKeys(ctx, q, c)
	}
	if err == nil {
		err = export(ctx, q, c, keys, w)
	}
	if err != nil {
		return fmt.Errorf("export recipients: %w", err)
	}
	return nil
}

func export(ctx context.Context, q db.Q, c choice, keys []string, w io.Writer) error {
	out := csv.NewWriter(w)
	if err := out.Write(append([]string{"email", "name", "comment", "tags", "time_zone", "locale", "mail_status"}, keys...)); err != nil {
		return err
	}
	var last int64
	for more := !c.nobody; more; {
		p := c.above(last)
		list, err := collect(ctx, q, fmt.Sprintf(`SELECT %s FROM %s ORDER BY %s LIMIT %d`, columns, p.from, p.order, exportPage), p.args...)
		if err == nil {
			err = withTags(ctx, q, list)
		}
		if err != nil {
			return err
		}
		for i := range list {
			if err := out.Write(cells(&list[i], keys)); err != nil {
				return err
			}
			last = list[i].ID
		}
		more = len(list) == exportPage
	}
	out.Flush()
	return out.Error()
}

// above is the choice beyond a key, ascending.
func (c choice) above(last int64) choice {
	c.args = slices.Clone(c.args)
	c.where(c.order+` > $%d`, last)
	return c
}

// attributeKeys are the names of all attributes of a choice.
func attributeKeys(ctx context.Context, q db.Q, c choice) ([]string, error) {
	all := map[string]bool{}
	var last int64
	for n := exportPage; n == exportPage; {
		p := c.above(last)
		rows, err := q.Query(ctx, fmt.Sprintf(`SELECT r.id, r.attributes FROM %s ORDER BY %s LIMIT %d`, p.from, p.order, exportPage), p.args...)
		if err != nil {
			return nil, err
		}
		for n = 0; rows.Next(); n++ {
			var encoded string
			if err := rows.Scan(&last, &encoded); err != nil {
				rows.Close()
				return nil, err
			}
			attributes, err := decodeAttributes(encoded)
			if err != nil {
				rows.Close()
				return nil, err
			}
			for key := range attributes {
				all[key] = true
			}
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(all)), nil
}

func cells(r *Recipient, keys []string) []string {
	list := []string{r.Email, r.Name, r.Comment, strings.Join(r.Tags, "|"), r.TimeZone, r.Locale, string(r.Status)}
	for _, key := range keys {
		list = append(list, untyped(r.Attributes[key]))
	}
	return list
}

// untyped writes an attribute so that typed reads the same.
func untyped(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return formatFloat(v)
	case string:
		if v != "" && typed(v) == any(v) {
			return v
		}
	}
	return string(appendJSON(nil, value))
}
