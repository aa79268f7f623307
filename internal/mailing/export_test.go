package mailing

import "context"

// Erase is what the job does.
func (s *Mailings) Erase(ctx context.Context, userID int64) error { return s.erase(ctx, userID) }
