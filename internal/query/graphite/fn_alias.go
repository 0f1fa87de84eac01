package graphite

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// aliasFunctions only change names: values, tags and the path that aggregates
// show stay, and so does what a view of a distribution is computed from.
func aliasFunctions() []Function {
	const g = "Alias"
	return []Function{
		fn("alias", g, "seriesList:seriesList, newName:string", "Shows the series under a new name.", alias),
		fn("aliasByMetric", g, "seriesList:seriesList", "Shows only the last node of the name.", aliasByMetric),
		fn("aliasByNode", g, "seriesList:seriesList, nodes:nodeOrTag*", "Shows only these nodes of the name, or the values of these tags.", aliasByNode),
		fn("aliasByTags", g, "seriesList:seriesList, tags:nodeOrTag*", "Shows only the values of these tags, or these nodes of the name.", aliasByNode),
		fn("aliasQuery", g, "seriesList:seriesList, search:string, replace:string, newName:string", "Evaluates a target that is made of the name by a regular expression and shows its last value in the new name, in the place of %d.", aliasQuery),
		fn("aliasSub", g, "seriesList:seriesList, search:string, replace:string", `Replaces what a regular expression matches in the name; \1 is its first group.`, aliasSub),
		fn("legendValue", g, "seriesList:seriesList, valuesTypes:string*?", "Adds values to the name: avg, total, min, max or last; si or binary at the end gives them units.", legendValue),
		fn("lower", g, "seriesList:seriesList, pos:integer*?", "Shows the name, or its characters at these places, in lower case.", changeCase(strings.ToLower)),
		fn("upper", g, "seriesList:seriesList, pos:integer*?", "Shows the name, or its characters at these places, in upper case.", changeCase(strings.ToUpper)),
		fn("substr", "Special", "seriesList:seriesList, start:node=0, stop:node=0", "Shows only the nodes from start to stop of the path in the name.", substr),
		fn("cactiStyle", "Special", "seriesList:seriesList, system:string?, units:string?", "Adds the current, greatest and least value to the name, in columns.", cactiStyle),
	}
}

// each applies f to every series of the first argument.
func (c *Call) each(f func(*Series) *Series) ([]*Series, error) {
	list, err := c.series(0)
	if err != nil {
		return nil, err
	}
	out := make([]*Series, len(list))
	for i, s := range list {
		if err := c.run.ctx.Err(); err != nil {
			return nil, err
		}
		out[i] = f(s)
	}
	return out, nil
}

// alias gives all series the same name when there are several.
func alias(c *Call) ([]*Series, error) {
	return c.each(func(s *Series) *Series { return s.renamed(c.text(1)) })
}

// aliasByMetric looks inside of function calls for the path, as aliasByNode
// does.
func aliasByMetric(c *Call) ([]*Series, error) {
	return c.each(func(s *Series) *Series {
		path := pathWithin(s.Name)
		return s.renamed(path[strings.LastIndexByte(path, '.')+1:])
	})
}

// aliasByNode gives the empty name when no node is there, as Graphite does.
func aliasByNode(c *Call) ([]*Series, error) {
	nodes := c.nodes(1)
	return c.each(func(s *Series) *Series { return s.renamed(nodeKey(s, nodes)) })
}

// regexp compiles argument i. Go's expressions know neither lookaround nor
// backreferences within the expression.
func (c *Call) regexp(i int) (*regexp.Regexp, error) {
	re, err := regexp.Compile(c.text(i))
	if err != nil {
		return nil, c.fail(c.argPos(i), fmt.Sprintf("%s is no RE2 expression: %v", c.fn.Params[i].Name, err))
	}
	return re, nil
}

// replacement rewrites Python's \1 and \g<name> as Go's ${1} and ${name}. A
// dollar sign is nothing special in Python and is kept as it is.
func replacement(s string) string {
	s = strings.ReplaceAll(s, "$", "$$")
	s = regexp.MustCompile(`\\g<(\w+)>`).ReplaceAllString(s, `$${$1}`)
	return regexp.MustCompile(`\\(\d{1,2})`).ReplaceAllString(s, `$${$1}`)
}

// substitute replaces in a name what a regular expression matches. What could
// become far longer than a name may be is refused before it is made: at each
// match the text of with appears, and each group it names.
func (c *Call) substitute(re *regexp.Regexp, name, with string) (string, error) {
	const most = 1 << 20
	if (len(name)+1)*(len(with)+1) > most {
		return "", c.refuse("the replacement is too long for the name %s", shorten(name))
	}
	return re.ReplaceAllString(name, with), nil
}

func aliasSub(c *Call) ([]*Series, error) {
	re, err := c.regexp(1)
	if err != nil {
		return nil, err
	}
	with := replacement(c.text(2))
	return c.eachOrFail(func(s *Series) (*Series, error) {
		name, err := c.substitute(re, s.Name, with)
		return s.renamed(name), err
	})
}

// aliasQuery takes the last value of the first series it finds. It is an error
// that there is none, so that no legend shows a stale number.
func aliasQuery(c *Call) ([]*Series, error) {
	re, err := c.regexp(1)
	if err != nil {
		return nil, err
	}
	with := replacement(c.text(2))
	return c.eachOrFail(func(s *Series) (*Series, error) {
		target, err := c.substitute(re, s.Name, with)
		if err != nil {
			return nil, err
		}
		found, err := c.evalText(target, c.window)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 || count(found[0].Values) == 0 {
			return nil, c.refuse("%q has no value to put into the name", shorten(target))
		}
		v := last(found[0].Values)
		verbs := strings.NewReplacer("%d", pyInt(v), "%s", pyFloat(v), "%g", pyG(v), "%f", strconv.FormatFloat(v, 'f', 6, 64))
		return s.renamed(verbs.Replace(c.text(3))), nil
	})
}

// evalText evaluates a target that a function has put together.
func (c *Call) evalText(target string, w window) ([]*Series, error) {
	x, err := Parse(target)
	if err != nil {
		return nil, c.refuse("the target it makes is wrong: %v", err)
	}
	return c.run.eval(x, w)
}

// changeCase changes the whole name or single characters; places outside of
// the name are passed over.
func changeCase(change func(string) string) func(*Call) ([]*Series, error) {
	return func(c *Call) ([]*Series, error) {
		return c.each(func(s *Series) *Series {
			if !c.given(1) {
				return s.renamed(change(s.Name))
			}
			letters := strings.Split(s.Name, "")
			for _, a := range c.args[1] {
				v, _ := numberOf(a)
				if i := int(v); -len(letters) <= i && i < len(letters) {
					i = (i + len(letters)) % len(letters)
					letters[i] = change(letters[i])
				}
			}
			return s.renamed(strings.Join(letters, ""))
		})
	}
}

// legendValue puts values behind the name, in columns when they have units.
func legendValue(c *Call) ([]*Series, error) {
	kinds, system := c.texts(1), ""
	if n := len(kinds); n > 0 && (kinds[n-1] == "si" || kinds[n-1] == "binary") {
		kinds, system = kinds[:n-1], kinds[n-1]
	}
	return c.each(func(s *Series) *Series {
		name := s.Name
		for _, kind := range kinds {
			v, known := missing(), aggregator(kind)
			if known != nil {
				v = known(s.Values)
			}
			switch {
			case known == nil:
				name = fmt.Sprintf("%s (?)", name)
			case system != "":
				name = fmt.Sprintf("%-20s%-5s%-10s", name, kind, withUnit(v, system))
			case math.IsNaN(v):
				name = fmt.Sprintf("%s (%s: None)", name, kind)
			default:
				name = fmt.Sprintf("%s (%s: %s)", name, kind, pyFloat(v))
			}
		}
		return s.renamed(name)
	})
}

// withUnit writes a number with two decimals and a prefix.
func withUnit(v float64, system string) string {
	base, letters := 1000.0, "KMGTP"
	suffix := ""
	if system == "binary" {
		base, suffix = 1024, "i"
	}
	for i := len(letters) - 1; i >= 0; i-- {
		if size := math.Pow(base, float64(i+1)); math.Abs(v) >= size {
			return strconv.FormatFloat(v/size, 'f', 2, 64) + letters[i:i+1] + suffix
		}
	}
	if math.IsNaN(v) {
		return "nan"
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// cactiStyle aligns the values of all series below each other.
func cactiStyle(c *Call) ([]*Series, error) {
	list, err := c.series(0)
	if err != nil {
		return nil, err
	}
	write := func(v float64) string {
		switch {
		case math.IsNaN(v):
			return "nan"
		case c.given(1):
			return withUnit(v, c.text(1)) + c.text(2)
		}
		return strconv.FormatFloat(v, 'f', 2, 64) + c.text(2)
	}
	kinds := []aggregation{last, maximum, minimum}
	width, widths := 0, make([]int, len(kinds))
	for _, s := range list {
		width = max(width, utf8.RuneCountInString(s.Name))
		for i, f := range kinds {
			// An absent value is as wide as a number of one digit would be.
			v := f(s.Values)
			if math.IsNaN(v) {
				v = 3
			}
			widths[i] = max(widths[i], len(write(math.Trunc(v)))+3)
		}
	}
	out := make([]*Series, len(list))
	for i, s := range list {
		out[i] = s.renamed(fmt.Sprintf("%*s Current:%*s Max:%*s Min:%*s ", -width, s.Name,
			-widths[0], write(last(s.Values)), -widths[1], write(maximum(s.Values)), -widths[2], write(minimum(s.Values))))
	}
	return out, nil
}

// substr takes nodes out of the text between the last ( and the first ). A stop
// of 0 is the end, not the begin.
func substr(c *Call) ([]*Series, error) {
	start, stop := c.int(1), c.int(2)
	return c.each(func(s *Series) *Series {
		nodes := strings.Split(textWithin(s.Name), ".")
		end := len(nodes)
		if stop != 0 {
			end = clampIndex(stop, len(nodes))
		}
		begin := min(clampIndex(start, len(nodes)), end)
		return s.renamed(strings.Join(nodes[begin:end], "."))
	})
}

// clampIndex is a slice bound as Python takes it: negative from the end.
func clampIndex(i, n int) int {
	if i < 0 {
		i += n
	}
	return min(max(i, 0), n)
}
