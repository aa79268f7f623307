package mailing

import (
	"context"

	"gonets/internal/account"
	"gonets/internal/db"
	"gonets/internal/fault"
)

// Send opens a run now, besides the schedule. A mailing that was not active is
// so until that run is done. Conflict while another run still sends.
func (s *Mailings) Send(ctx context.Context, actor account.Actor, id int64) (runID int64, err error) {
	_, err = s.activate(ctx, actor, id, "send", func(tx db.Tx, m *Mailing) error {
		runID, err = s.fireTx(ctx, tx, m, firing{kind: ByHand, due: tx.Now()})
		return err
	})
	return runID, err
}

// ResendFailed opens a run for those to whom a finished run failed, and if
// uncertain says so, those whose end is not known. Who got the mail in a later
// resending of that run is skipped.
func (s *Mailings) ResendFailed(ctx context.Context, actor account.Actor, sourceID int64, uncertain bool) (runID int64, err error) {
	source, err := s.Run(ctx, actor, sourceID)
	if err != nil {
		return 0, err
	}
	_, err = s.activate(ctx, actor, source.MailingID, "resend", func(tx db.Tx, m *Mailing) error {
		if source.Open() {
			return fault.New(fault.Conflict, "mailing.still_sending", nil)
		}
		if source.Counts.Failed == 0 && (!uncertain || source.Counts.Uncertain == 0) {
			return fault.New(fault.Conflict, "mailing.nobody_failed", nil)
		}
		runID, err = s.fireTx(ctx, tx, m, firing{kind: OfFailed, due: tx.Now(), source: sourceID, uncertain: uncertain})
		return err
	})
	return runID, err
}

// fireTx opens a run by hand, if the mailing may go and no run is busy.
func (s *Mailings) fireTx(ctx context.Context, tx db.Tx, m *Mailing, f firing) (int64, error) {
	switch {
	case m.Disabled != nil:
		return 0, isDisabled(m)
	case m.State == Paused:
		return 0, wrongState(m)
	}
	if busy, err := s.busy(ctx, tx, m.ID); err != nil {
		return 0, err
	} else if busy {
		return 0, fault.New(fault.Conflict, "mailing.still_sending", nil)
	}
	if m.State != Active {
		if err := setStateTx(ctx, tx, m, Active, EventStarted); err != nil {
			return 0, err
		}
	}
	id, opened, err := s.openTx(ctx, tx, m, f)
	if err == nil && !opened { // another run has this very microsecond
		err = fault.New(fault.Conflict, "mailing.still_sending", nil)
	}
	return id, err
}
