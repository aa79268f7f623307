package smtp

import (
	"cmp"
	"context"
)

// Offer asks the server to take a message: it sends MAIL, RCPT and DATA of env,
// in one flight where PIPELINING is offered, and returns nil once the server
// said 354. The message is then due: Deliver it, or Abandon the connection.
//
// Otherwise the error is an [*Error] that says at which stage the server
// refused. After a refusal other than 421 the connection is ready for the next
// Offer; after anything else it is not [Conn.Healthy].
func (c *Conn) Offer(ctx context.Context, env Envelope) error {
	if c.state != idle {
		return c.misuse(StageMail)
	}
	if err := c.check(&env); err != nil {
		return err
	}
	defer c.interruptible(ctx)()
	if _, err := c.unasked(ctx, StageConnect); err != nil {
		return err
	}
	return c.offer(ctx, &env)
}

// offer sends what steps asks for, and reads the answers.
func (c *Conn) offer(ctx context.Context, env *Envelope) error {
	steps := c.steps(env)
	if c.caps.Pipelining {
		c.out = appendSteps(c.out[:0], steps)
		if _, err := c.write(ctx, c.cfg.Timeouts.Mail, c.out); err != nil {
			return c.lost(StageMail, err)
		}
	}
	return c.answers(ctx, steps)
}

// answers reads the answers to steps; without PIPELINING it sends each step
// first, and stops at the first refusal. The first refusal is the one that
// counts: those behind it only follow from it.
func (c *Conn) answers(ctx context.Context, steps []step) error {
	var refused *Error
	for i := range steps {
		s := &steps[i]
		if !c.caps.Pipelining {
			if _, err := c.write(ctx, s.limit, []byte(s.line+"\r\n")); err != nil {
				return c.lost(s.stage, err)
			}
		}
		reply, err := c.read(ctx, s.stage, s.limit)
		if err != nil {
			if refused != nil { // what the server said outweighs how it left
				return refused
			}
			return err
		}
		if s.agreed = reply.agrees(s.stage); !s.agreed {
			refused = cmp.Or(refused, c.refusal(s.stage, reply))
		}
		if c.state == broken || refused != nil && !c.caps.Pipelining {
			break
		}
	}
	return c.settle(ctx, refused, steps)
}

// agrees reports whether the reply lets the dialogue go on.
func (r Reply) agrees(stage Stage) bool {
	if stage == StageData {
		return r.intermediate()
	}
	return r.positive()
}

// agreed reports whether the server agreed to the step of a stage.
func agreed(steps []step, stage Stage) bool {
	for _, s := range steps {
		if s.stage == stage {
			return s.agreed
		}
	}
	return false
}

// settle brings the connection into the state that the answers call for.
func (c *Conn) settle(ctx context.Context, refused *Error, steps []step) error {
	mail, rcpt, data := agreed(steps, StageMail), agreed(steps, StageRcpt), agreed(steps, StageData)
	switch {
	case refused == nil:
		c.state, c.reset = due, false
		c.messages++
		return nil
	case c.state == broken:
	case refused.Stage == StageConnect:
		// RSET was refused: nobody knows what the server believes.
		c.state = broken
	case data && rcpt:
		// MAIL was refused, RCPT and DATA were not: a lone dot might send an
		// empty message to the recipient.
		c.state = broken
	case data:
		c.loneDot(ctx)
	default:
		c.reset = mail
	}
	return refused
}

// loneDot ends a DATA that no recipient stands behind; the server must refuse
// it with "no valid recipients" (RFC 2920 3.1), and the transaction is over.
func (c *Conn) loneDot(ctx context.Context) {
	c.reset = false
	if _, err := c.write(ctx, c.cfg.Timeouts.Block, []byte(".\r\n")); err != nil {
		return
	}
	// A failure leaves the connection broken, which is all there is to say.
	_, _ = c.read(ctx, StageEndOfData, c.cfg.Timeouts.EndOfData)
}

// unasked looks, without waiting, for an answer that nobody asked for: taken
// for the answer to what is sent next, it would put every later one in the
// wrong place. 421 is the one that may come at any time (RFC 5321 3.8).
func (c *Conn) unasked(ctx context.Context, stage Stage) (Reply, error) {
	if c.br.Buffered() == 0 {
		return Reply{}, nil
	}
	reply, err := c.read(ctx, stage, c.cfg.Timeouts.Command)
	if err != nil {
		return Reply{}, err
	}
	c.state = broken
	if !reply.negative() {
		return Reply{}, c.lost(stage, errUnasked)
	}
	return reply, c.refusal(stage, reply)
}

func appendSteps(b []byte, steps []step) []byte {
	for _, s := range steps {
		b = append(b, s.line...)
		b = append(b, "\r\n"...)
	}
	return b
}
