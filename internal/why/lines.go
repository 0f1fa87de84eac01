package why

import "context"

// lineFacts is what the entries say.
type lineFacts struct {
	// places are components and the hosts they spoke on, links components and
	// those that their entries name.
	places, links [][2]string
}

func (q *question) readLines(context.Context) error { return nil }

func (q *question) lineFindings(*graph) []*finding { return nil }
