package mailing

import (
	"context"
	"fmt"
	"time"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/queue"
)

// eraseJob asks for what a deleted user had to go.
type eraseJob struct {
	UserID int64 `json:"user_id"`
}

// Kind names the job in the queue.
func (eraseJob) Kind() string { return "erase_owner" }

// eraseTime is how long one job erases; the next goes on.
const eraseTime = time.Minute

// Work registers the job with the queue that New was given, before it is
// opened: also in a process that only deletes.
func (s *Mailings) Work() {
	queue.Handle(s.queue, queue.Options{Lane: queue.Work, Timeout: 2 * eraseTime}, func(ctx context.Context, job eraseJob) error {
		return s.erase(ctx, job.UserID)
	})
}

// EraseOwnerTx ends what a user's mailings do, in the transaction in which the
// user is deleted, and has all that is theirs erased soon.
func (s *Mailings) EraseOwnerTx(ctx context.Context, tx db.Tx, userID int64) error {
	if err := s.PauseOwnerTx(ctx, tx, userID); err != nil {
		return err
	}
	return s.queue.InsertTx(ctx, tx, eraseJob{userID})
}

// erase deletes what a user had, as they could have done by themselves: many
// short transactions, each of which leaves less to do. So it can be repeated.
func (s *Mailings) erase(ctx context.Context, userID int64) error {
	until := s.db.Now().Add(eraseTime)
	for _, chunk := range []func(context.Context, int64) (bool, error){
		s.eraseOne, s.messages.EraseOwner, s.recipients.EraseOwner,
	} {
		for more := true; more; {
			if s.db.Now().After(until) {
				return queue.Later(0)
			}
			var err error
			if more, err = chunk(ctx, userID); err != nil {
				return fmt.Errorf("erase what user %d had: %w", userID, err)
			}
		}
	}
	return nil
}

// eraseOne deletes one mailing of a user; more says that there may be others.
func (s *Mailings) eraseOne(ctx context.Context, userID int64) (more bool, err error) {
	ids, err := ints(ctx, s.db.Read(), `
		SELECT id FROM mailings WHERE user_id = $1 AND deleted_at = 0 ORDER BY id LIMIT 1`, userID)
	if err != nil || len(ids) == 0 {
		return false, err
	}
	return true, s.db.Tx(ctx, func(tx db.Tx) error {
		if _, err := s.holdTx(ctx, tx, ids[0]); err != nil {
			return err
		}
		return s.deleteTx(ctx, tx, ids[0])
	})
}

// Holdings are what goes with a user who is deleted.
type Holdings struct {
	Mailings, Messages, Recipients int64
}

// Holdings are what a user has.
func (s *Mailings) Holdings(ctx context.Context, actor account.Actor, userID int64) (h Holdings, err error) {
	if err := account.Check(actor, account.UserDelete, account.Object{Kind: "user"}); err != nil {
		return h, err
	}
	err = s.db.Read().QueryRow(ctx, `
		SELECT coalesce((SELECT CAST(sum(mailings) AS BIGINT) FROM mailing_counts WHERE user_id = $1 AND standing <> 'deleted'), 0),
		       (SELECT count(*) FROM messages WHERE user_id = $1 AND deleted_at = 0),
		       coalesce((SELECT total FROM recipient_counts WHERE user_id = $1), 0)`, userID).
		Scan(&h.Mailings, &h.Messages, &h.Recipients)
	if err != nil {
		return h, fmt.Errorf("count what user %d has: %w", userID, err)
	}
	return h, nil
}
