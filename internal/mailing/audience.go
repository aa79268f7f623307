package mailing

import (
	"context"
	"encoding/json"
	"fmt"

	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/recipient"
)

// stored is the audience of a run, as it was when the run opened.
type stored struct {
	recipient.StoredAudience
	States []delivery.State `json:"states,omitempty"` // OfFailed: of the source run's deliveries
}

// freeze is the audience of a run as JSON.
func freeze(ctx context.Context, tx db.Tx, m *Mailing, f firing) (string, error) {
	audience := stored{}
	var err error
	if f.kind == OfFailed {
		audience.States = []delivery.State{delivery.Failed}
		if f.uncertain {
			audience.States = append(audience.States, delivery.Uncertain)
		}
	} else if audience.StoredAudience, err = storedAudience(ctx, tx, m); err != nil {
		return "", fmt.Errorf("read the audience of mailing %d: %w", m.ID, err)
	}
	text, err := json.Marshal(audience)
	if err != nil {
		return "", fmt.Errorf("keep the audience of mailing %d: %w", m.ID, err)
	}
	return string(text), nil
}

func storedAudience(ctx context.Context, q db.Q, m *Mailing) (a recipient.StoredAudience, err error) {
	if m.Audience.All {
		return recipient.StoredAudience{All: true}, nil
	}
	if a.TagIDs, err = ints(ctx, q, `SELECT tag_id FROM mailing_tags WHERE mailing_id = $1 ORDER BY tag_id`, m.ID); err != nil {
		return a, err
	}
	a.RecipientIDs, err = ints(ctx, q, `SELECT recipient_id FROM mailing_recipients WHERE mailing_id = $1 ORDER BY recipient_id`, m.ID)
	return a, err
}

// readAudience fills in the tags, in alphabetical order, and the recipients
// of a mailing.
func readAudience(ctx context.Context, q db.Q, m *Mailing) error {
	if m.Audience.All {
		return nil
	}
	rows, err := q.Query(ctx, `SELECT t.name FROM mailing_tags mt JOIN tags t ON t.id = mt.tag_id
		WHERE mt.mailing_id = $1 ORDER BY t.name_key`, m.ID)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		m.Audience.Tags = append(m.Audience.Tags, name)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	rows.Close()
	m.Audience.RecipientIDs, err = ints(ctx, q, `SELECT recipient_id FROM mailing_recipients WHERE mailing_id = $1 ORDER BY recipient_id`, m.ID)
	return err
}
