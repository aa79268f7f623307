package engine

import (
	"errors"
	"runtime"
	"time"

	"gonets/internal/delivery"
	"gonets/internal/smtp"
)

// courier is one connection's worth of sending, for as long as the process
// works.
type courier struct {
	*Engine
	place   int        // among the couriers
	conn    *smtp.Conn // nil: none
	of      *relay     // whose conn is
	again   *parcel    // a parcel whose connection dropped: tried again at once
	results []delivery.Result
	settled []*parcel // whose results are in results
	buffers [2][]byte // of the letter being sent and of the one being offered
	turn    int
}

// courier carries parcels until the process stops, or the mail server takes
// fewer connections.
func (e *Engine) courier(place int) {
	c := &courier{Engine: e, place: place}
	defer c.hangUp()
	var ready *letter // the server awaits its content
	for {
		if ready == nil {
			c.settle()
			p := c.next()
			if p == nil {
				return
			}
			ready = c.offer(p)
			continue
		}
		ready = c.deliver(ready)
	}
}

// next waits for a parcel; nil says that there is none to come. A connection
// that is not needed for a while goes back to the pool.
func (c *courier) next() *parcel {
	if p := c.again; p != nil {
		c.again = nil
		return p
	}
	idle := time.NewTimer(time.Second)
	defer idle.Stop()
	for !c.dismissed() {
		r := c.relay.Load()
		select {
		case p := <-c.outbox:
			if r.limit.Wait(c.work) != nil {
				p.out.Done()
				return nil
			}
			return p
		case <-idle.C:
			c.hangUp()
		case <-r.gone:
			c.hangUp()
		case <-c.work.Done():
			return nil
		}
	}
	return nil
}

// following is the letter to be offered along with a delivery, if its parcel
// comes while the ledger is being written, and nothing stands against it.
func (c *courier) following(written <-chan struct{}) *letter {
	if c.again != nil || c.work.Err() != nil || c.conn.Spent() || c.of.limited || c.of != c.relay.Load() {
		return nil
	}
	select {
	case p := <-c.outbox:
		return c.compose(p)
	case <-written:
		return nil
	}
}

// offer brings a letter to where the server awaits its content; nil if it did
// not come to that, and then the parcel is settled.
func (c *courier) offer(p *parcel) *letter {
	if p.isHalted() || c.work.Err() != nil || !c.connect() {
		p.halt()
		p.out.Done()
		return nil
	}
	l := c.compose(p)
	if l == nil {
		return nil
	}
	if err := c.conn.Offer(c.wire, l.envelope); err != nil {
		c.refused(l, err)
		return nil
	}
	return l
}

// connect gets a connection, or says that there is none.
func (c *courier) connect() bool {
	r := c.relay.Load()
	if c.conn != nil && c.of == r && c.conn.Healthy() && !c.conn.Spent() {
		return true
	}
	c.hangUp()
	if r.away() {
		return false
	}
	conn, err := r.pool.Get(c.wire)
	if err != nil {
		c.unreachable(r, err)
		return false
	}
	c.conn, c.of = conn, r
	r.live.Add(1)
	return true
}

func (c *courier) hangUp() {
	if c.conn != nil {
		c.of.pool.Put(c.conn)
		c.of.live.Add(-1)
		c.conn = nil
	}
}

// deliver marks a letter, together with the results before it, lets it leave,
// and offers the next one in the same flight. It returns that one if the
// server awaits its content. The next one is composed while the ledger is
// being written.
func (c *courier) deliver(l *letter) *letter {
	began := c.Clock.Now()
	written, commit := c.submit(l.parcel.delivery)
	runtime.Gosched() // the others submit first: composing can wait for the commit to begin
	following := c.following(written)
	marked, err := commit()
	if !marked || err != nil {
		c.abandon(l, err)
		c.postpone(following)
		return nil
	}
	if c.stalled(began) {
		c.conn.Abandon()
		c.settleAs(l.parcel, delivery.Result{Delivery: l.parcel.delivery, End: delivery.Dropped, At: c.Clock.Now()})
		c.postpone(following)
		return nil
	}
	var envelope *smtp.Envelope
	if following != nil {
		envelope = &following.envelope
	}
	reply, offered, err := c.conn.Deliver(c.wire, l.content, envelope)
	c.ended(l, reply, err)
	if following == nil {
		return nil
	}
	if offered != nil {
		c.refused(following, offered)
		return nil
	}
	return following
}

// stalled says that the process stood still for so long since the mark that
// another node may have taken over. The wall's clock is asked too: a machine
// that was suspended does not count its sleep.
func (c *courier) stalled(began time.Time) bool {
	limit := c.Ledger.Policy().Lease / 2
	now := c.Clock.Now()
	return now.Sub(began) > limit || now.Round(0).Sub(began.Round(0)) > limit
}

// abandon lets a letter go whose mark was refused: the connection is closed
// without the dot, so the server has no whole message.
func (c *courier) abandon(l *letter, err error) {
	c.conn.Abandon()
	if err != nil {
		if !errors.Is(err, delivery.ErrStopped) {
			c.Log.Error("the ledger refuses: nothing leaves", "error", err)
		}
		l.parcel.halt()
	} else if held, err := c.Ledger.Held(c.wire, l.parcel.run.ID); held || err != nil {
		l.parcel.halt()
	}
	l.parcel.out.Done()
}

// postpone keeps a letter that could not be offered for the next connection.
func (c *courier) postpone(l *letter) {
	if l != nil {
		c.again = l.parcel
	}
}

// submit hands the results that have gathered, with a mark, to the ledger. It
// returns what is closed once they are written, and how to wait for that.
func (c *courier) submit(mark *delivery.Delivery) (written <-chan struct{}, commit func() (marked bool, err error)) {
	results, settled := c.results, c.settled
	c.results, c.settled = nil, nil
	turn := c.Ledger.Submit(results, mark)
	return turn.Done(), func() (bool, error) {
		marked, err := turn.Wait(c.books)
		if err != nil && len(results) > 0 {
			// Their rows stay leaving. When the batch is given back they become
			// uncertain: nothing is lost, and a possible double is on record.
			c.Log.Error("results were not recorded", "results", len(results), "error", err)
		}
		for _, p := range settled {
			p.out.Done()
		}
		return marked, err
	}
}

// settle writes what has gathered before the courier waits.
func (c *courier) settle() {
	if len(c.results) > 0 {
		_, commit := c.submit(nil)
		commit() //nolint:errcheck // logged there; there is nobody else to tell
	}
}

// settleAs notes the result of a parcel, to be written with the next mark.
func (c *courier) settleAs(p *parcel, r delivery.Result) {
	c.results = append(c.results, r)
	c.settled = append(c.settled, p)
}
