package delivery

import (
	"math"
	"math/rand/v2"
	"time"
)

// next is what an attempt's end makes of a delivery: a pure function of the
// delivery as it was loaded, the end, and the policy.
type next struct {
	state  State
	reason string
	tries  int64
	copies int64
	at     time.Time // deferred: when it is tried again
}

func (p Policy) after(d *Delivery, end End, now time.Time, random float64) next {
	n := next{tries: d.Tries + 1, copies: d.Copies}
	first := d.firstAt
	if first.IsZero() {
		first = now
	}
	switch end {
	case Took:
		n.state = Accepted
	case RefusedForGood:
		n.state, n.reason = Failed, ReasonRefused
	case CannotCompose:
		n.state, n.reason = Failed, ReasonUnsendable
	case Dropped:
		n.state, n.tries = Planned, d.Tries
	case RefusedForNow:
		n.state, n.at = Deferred, now.Add(p.wait(n.tries, random))
		if n.at.Sub(first) > p.GiveUp {
			n.state, n.reason, n.at = Failed, ReasonGaveUp, time.Time{}
		}
	case Lost:
		n.state, n.reason = Uncertain, ReasonLostReply
		if d.run.resend && d.Copies < p.MaxCopies {
			n.state, n.reason, n.copies = Deferred, "", d.Copies+1
			n.at = now.Add(p.wait(n.tries, random))
		}
	}
	return n
}

// wait is the time between the attempt with this number and the next one.
// random is in [0, 1).
func (p Policy) wait(attempt int64, random float64) time.Duration {
	if len(p.Retries) == 0 {
		return 0
	}
	i := int(attempt) - 1
	base := float64(p.Retries[min(max(i, 0), len(p.Retries)-1)])
	if over := i - (len(p.Retries) - 1); over > 0 {
		base *= math.Pow(2, float64(over))
	}
	base = min(base, float64(p.RetryMax))
	return time.Duration(base * (1 + p.Jitter*(2*random-1)))
}

func random() float64 { return rand.Float64() } //nolint:gosec // jitter is no secret
