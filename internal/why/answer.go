package why

// Reasons are what changed, ranked. Times are RFC 3339 with nanoseconds, UTC.
type Reasons struct {
	From  string `json:"from"`
	Until string `json:"until"`
	Base  Times  `json:"base"`
	// Onset is when it began, OnsetHow how that was found.
	Onset    string   `json:"onset"`
	OnsetHow string   `json:"onset_how"`
	Compared Compared `json:"compared"`
	// Rows are the findings, the most telling first.
	Rows []Reason `json:"rows"`
	// RuledOut says what was looked at and did not change.
	RuledOut []string `json:"ruled_out"`
	// Quiet is set where nothing stands out; Note says so, and what was left
	// out of the baseline.
	Quiet bool   `json:"quiet"`
	Note  string `json:"note"`
	// Suffers are the components that changed because another did.
	Suffers []string `json:"suffers"`
	// Components are the parts by how much speaks for each, the most first, at
	// most 50.
	Components []Ranked `json:"components"`
}

// Times is a range of time.
type Times struct {
	From  string `json:"from"`
	Until string `json:"until"`
}

// Compared counts what was looked at.
type Compared struct {
	Series  int   `json:"series"`
	Entries int   `json:"entries"`
	Events  int   `json:"events"`
	TookMS  int64 `json:"took_ms"`
}

// Ranked is a component, or a host, and what speaks for it.
type Ranked struct {
	Name  string  `json:"name"`
	Score float64 `json:"score"`
}

// The kinds of rows.
const (
	KindEvent   = "event"
	KindPattern = "pattern"
	KindField   = "field"
	KindSeries  = "series"
	KindVitals  = "vitals"
	KindLink    = "link"
	KindHerd    = "herd"
	KindCheck   = "check"
)

// Reason is one finding.
type Reason struct {
	Rank int    `json:"rank"`
	Kind string `json:"kind" enum:"event,pattern,field,series,vitals,link,herd,check"`
	// Sentence says all of it; Strong are the parts of it to stress.
	Sentence string   `json:"sentence"`
	Strong   []string `json:"strong"`
	// Component and Host are whom it concerns, "" for none.
	Component string `json:"component"`
	Host      string `json:"host"`
	// Time is when it was first seen.
	Time string `json:"time"`
	// Chance is how likely a row like this comes up though nothing happened;
	// ChanceText says it.
	Chance     float64 `json:"chance"`
	ChanceText string  `json:"chance_text"`
	// Value is the change in short: "+59 points", "new", "4 s before".
	Value string  `json:"value"`
	Score float64 `json:"score"`
	Spark *Curve  `json:"spark,omitempty"`
	Link  Way     `json:"link"`
	// Evidence is what else points to the same.
	Evidence []Evidence `json:"evidence"`
	// Similar is how many more changed in the same way.
	Similar int `json:"similar"`
}

// Curve is a small graph of values on a grid.
type Curve struct {
	From   string     `json:"from"`
	StepMS int64      `json:"step_ms"`
	Values []*float64 `json:"values" doc:"null where there is none"`
	// Window is where in the graph the window is, as two times.
	Window []string `json:"window"`
}

// Way leads to the graph, the lines or the host behind a row.
type Way struct {
	Kind    string   `json:"kind" enum:"graph,lines,host"`
	Targets []string `json:"targets,omitempty"`
	Query   string   `json:"query,omitempty"`
	Host    string   `json:"host,omitempty"`
	From    string   `json:"from"`
	Until   string   `json:"until"`
}

// Evidence is one more fact behind a row.
type Evidence struct {
	Kind     string `json:"kind"`
	Sentence string `json:"sentence"`
	Link     Way    `json:"link"`
}
