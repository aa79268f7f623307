package smtp

import (
	"context"
	"time"
)

const (
	// keepSize is the largest buffer that a connection keeps between messages.
	keepSize = 4 * flushSize
	// lastWords is how long we listen for the reason after a failed write.
	lastWords = time.Second
)

// Deliver sends the content of the offered message and the final dot, and, in
// the same flight where PIPELINING is offered, the offer of next if it is not
// nil. The caller has marked the message as leaving before.
//
// A nil err means that the server took the message, saying reply. Otherwise err
// is an [*Error]: a refusal, whose words are also in reply; a network error
// before the dot left; or AfterDot, when nobody knows. The end of ctx while the
// answer is awaited is AfterDot too: do not cut short what is on its way.
//
// offered is the answer to next, as of [Conn.Offer]. If the connection ended with
// this message, it is a network error of stage connect.
func (c *Conn) Deliver(ctx context.Context, content []byte, next *Envelope) (reply Reply, offered, err error) {
	if c.state != due {
		return Reply{}, nil, c.misuse(StageData)
	}
	defer c.interruptible(ctx)()
	var steps []step
	if next != nil {
		if refused := c.check(next); refused != nil {
			next, offered = nil, refused
		} else if c.caps.Pipelining {
			steps = c.steps(next)
		}
	}
	reply, err = c.deliver(ctx, content, steps)
	switch {
	case next == nil:
	case c.state == broken:
		offered = c.lost(StageConnect, errLost)
	case steps != nil:
		offered = c.answers(ctx, steps)
	default:
		offered = c.offer(ctx, next)
	}
	return reply, offered, err
}

// deliver sends content, dot and steps, and reads the answer to the dot.
func (c *Conn) deliver(ctx context.Context, content []byte, steps []step) (Reply, error) {
	if reply, err := c.unasked(ctx, StageData); err != nil {
		return reply, err
	}
	c.state = idle
	dotted, err := c.send(ctx, content, steps)
	if err != nil {
		return c.hear(ctx, dotted, err)
	}
	reply, failed := c.read(ctx, StageEndOfData, c.cfg.Timeouts.EndOfData)
	if failed == nil {
		if reply.positive() {
			return reply, nil
		}
		failed = c.refusal(StageEndOfData, reply)
	}
	failed.AfterDot = failed.Network()
	return failed.Reply, failed
}

// send writes the content, and last of all the dot and the steps behind it.
// dotted reports whether the dot may have left: the last write got that far.
func (c *Conn) send(ctx context.Context, content []byte, steps []step) (dotted bool, err error) {
	b := c.out[:0]
	defer func() {
		if c.out = b; cap(b) > keepSize {
			c.out = nil
		}
	}()
	b, content = stuff(b, content)
	for len(content) > 0 {
		if _, err := c.write(ctx, c.cfg.Timeouts.Block, b); err != nil {
			return false, err
		}
		b, content = stuff(b[:0], content)
	}
	dot := len(b)
	b = append(b, ".\r\n"...)
	b = appendSteps(b, steps)
	// What a failed write reports as written is what the system, or whole TLS
	// records of it, took: a dot beyond that has not left.
	n, err := c.write(ctx, c.cfg.Timeouts.Block, b)
	return n > dot, err
}

// hear listens, after a write failed, for what the server said before it left:
// "552 too big" or 421 may lie in the way of the content.
func (c *Conn) hear(ctx context.Context, dotted bool, cause error) (Reply, error) {
	stage := StageData
	if dotted {
		stage = StageEndOfData
	}
	reply, silent := c.read(ctx, stage, min(lastWords, c.cfg.Timeouts.EndOfData))
	c.state = broken
	switch {
	case silent == nil && reply.negative():
		return reply, c.refusal(stage, reply)
	case silent == nil && reply.positive() && dotted:
		return reply, nil
	}
	failed := c.lost(stage, cause)
	failed.AfterDot = dotted
	return Reply{}, failed
}
