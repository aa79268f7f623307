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

// resumePlans goes on with what a process that died left half planned. Its job
// is lost, or would wait long for the queue to notice; a second planner of the
// same run does no harm.
func (e *Engine) resumePlans() {
	runs, err := e.Mailings.OpenRuns(e.work)
	if err != nil {
		e.Log.Error("look for half-planned runs", "error", err)
		return
	}
	for _, r := range runs {
		if r.State != mailing.RunPlanning || e.work.Err() != nil {
			continue
		}
		if err := e.plan(e.work, mailing.PlanJob{RunID: r.ID}); err != nil {
			e.Log.Error("go on with a plan", "run", r.ID, "error", err)
		}
	}
}
