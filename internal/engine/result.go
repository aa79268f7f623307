package engine

import (
	"context"
	"errors"

	"gonets/internal/delivery"
	"gonets/internal/smtp"
)

// ended notes what became of a message whose final dot was to leave.
func (c *courier) ended(l *letter, reply smtp.Reply, err error) {
	if err == nil {
		c.settleAs(l.parcel, c.result(l, delivery.Took, &smtp.Error{Stage: smtp.StageEndOfData, Reply: reply, Server: c.conn.Server()}))
		return
	}
	e := asError(err)
	switch {
	case e.AfterDot:
		c.settleAs(l.parcel, c.result(l, delivery.Lost, e))
	case e.Closing() && e.Stage != smtp.StageEndOfData: // the connection's end, not the message's
		c.dropped(l, e)
	case e.Permanent():
		c.settleAs(l.parcel, c.result(l, delivery.RefusedForGood, e))
	case e.Temporary():
		c.settleAs(l.parcel, c.result(l, delivery.RefusedForNow, e))
	default:
		c.dropped(l, e)
	}
}

// refused notes what became of a message that the server did not want the
// content of.
func (c *courier) refused(l *letter, err error) {
	e := asError(err)
	switch {
	case e.Network(), e.Closing(), e.Stage.BeforeMail():
		c.dropped(l, e)
	case e.Permanent():
		c.settleAs(l.parcel, c.result(l, delivery.RefusedForGood, e))
	default:
		c.settleAs(l.parcel, c.result(l, delivery.RefusedForNow, e))
	}
}

// dropped handles a connection that ended before the final dot: the parcel is
// tried again at once over a new one, three times, and then deferred. Until
// the server was told the recipient, this says nothing about them and is no
// attempt.
func (c *courier) dropped(l *letter, e *smtp.Error) {
	p := l.parcel
	if errors.Is(e, context.Canceled) { // the process ends: the rest stays planned
		c.settleAs(p, delivery.Result{Delivery: p.delivery, End: delivery.Dropped, At: c.Clock.Now()})
		return
	}
	p.drops++
	if p.drops > atOnce {
		c.settleAs(p, c.result(l, delivery.RefusedForNow, e))
		return
	}
	r := delivery.Result{Delivery: p.delivery, End: delivery.Dropped, At: c.Clock.Now()}
	if !e.Stage.BeforeMail() && e.Stage != smtp.StageMail {
		r = c.result(l, delivery.Dropped, e)
	}
	c.results = append(c.results, r)
	c.settle()          // the next try builds on it
	if c.again != nil { // one at a time; the other goes back to its batch
		p.out.Done()
		return
	}
	c.again = p
}

func (c *courier) result(l *letter, end delivery.End, e *smtp.Error) delivery.Result {
	return delivery.Result{
		Delivery: l.parcel.delivery,
		End:      end,
		At:       c.Clock.Now(),
		Address:  l.address,
		Stage:    string(e.Stage),
		Code:     int64(e.Reply.Code),
		Enhanced: e.Reply.Enhanced,
		Response: words(e),
		Server:   e.Server,
	}
}

// words are the server's own, or the network's where it said nothing.
func words(e *smtp.Error) string {
	if e.Reply.Code != 0 || e.Cause == nil {
		return e.Reply.Text
	}
	return e.Cause.Error()
}

// asError is the *smtp.Error that err is.
func asError(err error) *smtp.Error {
	if e, ok := errors.AsType[*smtp.Error](err); ok {
		return e
	}
	return &smtp.Error{Stage: smtp.StageConnect, Cause: err}
}
