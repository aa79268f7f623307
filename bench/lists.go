package main

import (
	"context"
	"fmt"
	"time"

	"gonets/internal/db"
	"gonets/internal/delivery"
	"gonets/internal/mailing"
	"gonets/internal/recipient"
)

// page is one of the pages that people look at all day. Each has 50 lines.
type page struct {
	name string
	read func(context.Context, *node, *world) (lines int, err error)
}

const perPage = 50

// calls is how often each page is read.
const calls = 200

var pages = []page{
	{"recipients, first", recipients(recipient.Filter{})},
	{"recipients, last", recipients(recipient.Filter{After: perPage + 1})},
	{"recipients of a tag, first", recipients(recipient.Filter{Tag: "tenth"})},
	{"recipients of a tag, last", recipients(recipient.Filter{Tag: "tenth", After: 10*perPage + 1})},
	{"recipients unsubscribed, first", recipients(recipient.Filter{Status: recipient.Unsubscribed})},
	{"recipients unsubscribed, last", recipients(recipient.Filter{Status: recipient.Unsubscribed, After: 10*perPage + 10})},
	{"recipients unsubscribed of a tag", recipients(recipient.Filter{Status: recipient.Unsubscribed, Tag: "tenth"})},
	{"mailings, first", mailings(mailing.Filter{})},
	{"mailings, last", mailings(mailing.Filter{Before: perPage + 1})},
	{"attempts, first", attempted(delivery.Filter{})},
	{"attempts, last", attempted(delivery.Filter{Before: perPage + 1})},
	{"attempts failed, first", attempted(delivery.Filter{Outcomes: []delivery.Outcome{delivery.Failure}})},
	{"attempts failed, last", attempted(delivery.Filter{Outcomes: []delivery.Outcome{delivery.Failure}, Before: 10*perPage + 10})},
	{"attempts by code", attempted(delivery.Filter{Code: 550})},
	{"attempts of a mailing", ofMailing},
	{"deliveries, first", deliveries(nil, 0)},
	{"deliveries, last", deliveries(nil, perPage+1)},
	{"deliveries accepted, first", deliveries([]delivery.State{delivery.Accepted}, 0)},
	{"deliveries accepted, last", deliveries([]delivery.State{delivery.Accepted}, 2*perPage)},
	{"deliveries failed, last", deliveries([]delivery.State{delivery.Failed}, 10*perPage+10)},
}

func recipients(f recipient.Filter) func(context.Context, *node, *world) (int, error) {
	f.Limit = perPage
	return func(ctx context.Context, n *node, _ *world) (int, error) {
		list, _, err := n.recipients.List(ctx, n.owner, f)
		return len(list), err
	}
}

func mailings(f mailing.Filter) func(context.Context, *node, *world) (int, error) {
	f.Limit = perPage
	return func(ctx context.Context, n *node, _ *world) (int, error) {
		list, _, err := n.mailings.List(ctx, n.owner, f)
		return len(list), err
	}
}

func attempted(f delivery.Filter) func(context.Context, *node, *world) (int, error) {
	return func(ctx context.Context, n *node, _ *world) (int, error) {
		f.UserID, f.Limit = n.owner.ID, perPage
		list, err := n.ledger.Attempts(ctx, f)
		return len(list), err
	}
}

func ofMailing(ctx context.Context, n *node, w *world) (int, error) {
	list, err := n.ledger.Attempts(ctx, delivery.Filter{UserID: n.owner.ID, MailingID: w.mailing, Limit: perPage})
	return len(list), err
}

func deliveries(states []delivery.State, before int64) func(context.Context, *node, *world) (int, error) {
	return func(ctx context.Context, n *node, w *world) (int, error) {
		list, err := n.ledger.Deliveries(ctx, w.run, states, before, perPage)
		return len(list), err
	}
}

// measureLists reads each page of every world in turns.
func measureLists(ctx context.Context, r *report, s store, worlds []*world) error {
	nodes := make([]*node, len(worlds))
	for i, w := range worlds {
		n, err := open(ctx, w.url)
		if err != nil {
			return err
		}
		defer n.close()
		nodes[i] = n
		if err := n.mix(ctx, w); err != nil {
			return err
		}
		if err := s.tidy(ctx, w); err != nil {
			return err
		}
	}
	for _, p := range pages {
		values, err := p.measure(ctx, nodes, worlds)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		r.add("page, "+s.name+": "+p.name, "ms", r.sizes, values...).growsAtMost(1.5)
	}
	return nil
}

func (p page) measure(ctx context.Context, nodes []*node, worlds []*world) ([]float64, error) {
	took := make([][]float64, len(worlds))
	for range calls {
		for i, w := range worlds {
			began := time.Now()
			lines, err := p.read(ctx, nodes[i], w)
			if err == nil && lines != perPage {
				err = fmt.Errorf("%d lines of %d", lines, perPage)
			}
			if err != nil {
				return nil, err
			}
			took[i] = append(took[i], time.Since(began).Seconds()*1e3)
		}
	}
	values := make([]float64, len(worlds))
	for i := range took {
		values[i] = median(took[i])
	}
	return values, nil
}

// mix makes a world less uniform than a benchmark leaves it: every tenth
// recipient has unsubscribed, every tenth attempt has failed. There are as
// many mailings as a hundredth of its people, but two pages at least.
func (n *node) mix(ctx context.Context, w *world) error {
	for range max(2*perPage, w.people/100) - 1 {
		if _, err := n.newMailing(ctx, "Another"); err != nil {
			return err
		}
	}
	return n.db.Tx(ctx, func(tx db.Tx) error {
		for _, statement := range []string{
			`UPDATE recipients SET status = 'unsubscribed' WHERE id % 10 = 1`,
			`UPDATE attempts SET outcome = 1, code = 550 WHERE id % 10 = 1`,
			`UPDATE deliveries SET state = 4 WHERE id % 10 = 1`,
		} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}
