package timerange

import (
	"strconv"
	"strings"
	"time"
)

// reference reads what an offset starts from: now, or a time of day and a day,
// each of which may be left out.
func (p *parser) reference() time.Time {
	if p.take("now") || strings.HasPrefix(p.rest(), "+") || strings.HasPrefix(p.rest(), "-") {
		return p.now
	}
	d := p.timeOfDay()
	if p.err != nil {
		return p.now
	}
	day := p.day()
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, int(d/time.Second), 0, p.now.Location())
}

// timeOfDay is midnight when none is given. Unlike Graphite's, 12pm is noon.
func (p *parser) timeOfDay() time.Duration {
	for _, named := range [...]struct {
		word string
		hour time.Duration
	}{{"noon", 12}, {"midnight", 0}, {"teatime", 16}} {
		if p.take(named.word) {
			return named.hour * time.Hour
		}
	}
	start := p.pos
	hour, minute, second := p.digits(2), "0", "0"
	if colon := p.take(":"); hour != "" && colon {
		if minute = p.digits(2); len(minute) != 2 {
			p.fail(p.pos, "two digits of minutes, as in 14:05")
		}
		if strings.HasPrefix(p.rest(), ":") {
			p.pos++
			second = p.digits(2)
		}
	} else if !strings.HasPrefix(p.rest(), "am") && !strings.HasPrefix(p.rest(), "pm") {
		p.pos = start
		return 0
	}
	return p.clock(start, hour, minute, second)
}

// clock turns the parts into a time of day, minding a following am or pm.
func (p *parser) clock(start int, hour, minute, second string) time.Duration {
	h, _ := strconv.Atoi(hour)
	m, _ := strconv.Atoi(minute)
	s, err := strconv.Atoi(second)
	am, pm := p.take("am"), p.take("pm")
	if am && h > 12 || pm && (h < 1 || h > 12) {
		p.fail(start, "an hour from 1 to 12 before am or pm")
	}
	if (am || pm) && h == 12 {
		h = 0
	}
	if pm {
		h += 12
	}
	if h > 23 || m > 59 || s > 59 || err != nil {
		p.fail(start, "a time of day from 00:00 to 23:59")
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
}

// day is today when none is given.
func (p *parser) day() time.Time {
	rest, _ := cutOffset(p.rest())
	switch {
	case rest == "" || p.take("today"):
		return p.now
	case p.take("yesterday"):
		return p.now.AddDate(0, 0, -1)
	case p.take("tomorrow"):
		return p.now.AddDate(0, 0, 1)
	case strings.Count(rest, "/") == 2:
		return p.written(rest, "1/2/06", "1/2/2006", "a date as month/day/year, 11/20/26")
	case isDigit(rest[0]):
		return p.written(rest, "20060102", "20060102", "a date of eight digits, 20261120")
	}
	if m := monthOf(rest); m > 0 {
		return p.dayOfMonth(m)
	}
	if w := weekdayOf(rest); w >= 0 {
		return p.weekday(time.Weekday(w))
	}
	p.fail(p.pos, wantTime)
	return p.now
}

// cutOffset parts a reference from the offset behind it.
func cutOffset(s string) (reference, offset string) {
	if i := strings.IndexAny(s, "+-"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

func (p *parser) written(s, layout, alternative, want string) time.Time {
	t, err := time.Parse(layout, s)
	if err != nil {
		t, err = time.Parse(alternative, s)
	}
	if err != nil {
		p.fail(p.pos, want)
		return p.now
	}
	p.pos += len(s)
	return t
}

// dayOfMonth reads nov20 or november20: that day of this year.
func (p *parser) dayOfMonth(m time.Month) time.Time {
	p.word(m.String())
	day, err := strconv.Atoi(p.digits(2))
	if err != nil || day < 1 || day > 31 {
		p.fail(p.pos, "a day of the month, as in nov20")
		return p.now
	}
	return time.Date(p.now.Year(), m, day, 0, 0, 0, 0, p.now.Location())
}

// weekday is the most recent such day; today counts.
func (p *parser) weekday(w time.Weekday) time.Time {
	p.word(w.String())
	return p.now.AddDate(0, 0, -((int(p.now.Weekday()) - int(w) + 7) % 7))
}

// word takes a name in full or its first three letters.
func (p *parser) word(name string) {
	if name = strings.ToLower(name); !p.take(name) {
		p.take(name[:3])
	}
}

func monthOf(s string) time.Month {
	for m := time.January; m <= time.December; m++ {
		if strings.HasPrefix(s, strings.ToLower(m.String()[:3])) {
			return m
		}
	}
	return 0
}

func weekdayOf(s string) int {
	for w := time.Sunday; w <= time.Saturday; w++ {
		if strings.HasPrefix(s, strings.ToLower(w.String()[:3])) {
			return int(w)
		}
	}
	return -1
}
