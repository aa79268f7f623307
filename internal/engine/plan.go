package engine

import (
	"context"

	"gonets/internal/mailing"
)

// plan writes the deliveries of a run, chunk by chunk. Sending begins with the
// first chunk. If the job dies, it is worked again and goes on where it was.
func (e *Engine) plan(ctx context.Context, job mailing.PlanJob) error {
	for first := true; ; first = false {
		more, err := e.Mailings.Plan(ctx, job.RunID)
		if err != nil {
			return err
		}
		if first || !more {
			e.nudge()
		}
		if !more {
			return nil
		}
	}
}
