package graphite

import (
	"slices"
	"strconv"
	"strings"
)

// Function is one function of the language.
type Function struct {
	Name, Group string
	Params      []Param
	// Doc is one or a few sentences for users.
	Doc string
	// Eval applies it; what it returns is not changed by others.
	Eval func(*Call) ([]*Series, error)
}

// ParamType is the name of a parameter's type as Graphite's /functions gives it.
type ParamType string

// The types of parameters.
const (
	TypeSeries        ParamType = "seriesList"
	TypeSeriesLists   ParamType = "seriesLists"
	TypeString        ParamType = "string"
	TypeInteger       ParamType = "integer"
	TypeFloat         ParamType = "float"
	TypeBoolean       ParamType = "boolean"
	TypeInterval      ParamType = "interval"
	TypeIntOrInterval ParamType = "intOrInterval"
	TypeIntOrInf      ParamType = "intOrInf"
	TypeAgg           ParamType = "aggFunc"
	TypeAggOrSeries   ParamType = "aggOrSeriesFunc"
	TypeNode          ParamType = "node"
	TypeNodeOrTag     ParamType = "nodeOrTag"
	TypeTag           ParamType = "tag"
	TypeDate          ParamType = "date"
	TypeAny           ParamType = "any"
)

// Param is one parameter of a function.
type Param struct {
	Name     string
	Type     ParamType
	Required bool
	// Multiple parameters come last and take all that is left.
	Multiple bool
	// Default is the value's text when it is left out, "" for none.
	Default string
	// Options are the values it may have, nil for any.
	Options []string
}

// Functions is the table of all functions, sorted by name; other names of a
// function are entries of their own.
func Functions() []Function {
	table := slices.Concat(aliasFunctions(), combineFunctions(), groupFunctions(), percentFunctions(), calculateFunctions(),
		windowFunctions(), filterFunctions(), sortFunctions(), specialFunctions(), transformFunctions(), resampleFunctions(),
		shiftFunctions(), graphFunctions())
	slices.SortFunc(table, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return table
}

// fn writes one line of the table. The signature lists name:type, with =default
// for an optional one, ? for an optional one without default and * for several.
func fn(name, group, signature, doc string, eval func(*Call) ([]*Series, error)) Function {
	return Function{Name: name, Group: group, Params: parseSignature(signature), Doc: doc, Eval: eval}
}

// parseSignature reads what fn is given. Signatures are fixed texts of this
// package; a test looks at each.
func parseSignature(signature string) []Param {
	var params []Param
	for _, one := range strings.Split(signature, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		name, typ, _ := strings.Cut(one, ":")
		typ, def, hasDefault := strings.Cut(typ, "=")
		p := Param{Name: name, Default: def}
		typ, optional := strings.CutSuffix(typ, "?")
		typ, p.Multiple = strings.CutSuffix(typ, "*")
		p.Required = !optional && !hasDefault
		p.Type = ParamType(typ)
		p.Options = optionsOf(p)
		params = append(params, p)
	}
	return params
}

// optionsOf are the values that a page offers for a parameter.
func optionsOf(p Param) []string {
	switch {
	case p.Type == TypeAgg || p.Type == TypeAggOrSeries:
		return aggregationNames()
	case p.Type == TypeBoolean:
		return []string{"false", "true"}
	case p.Name == "consolidationFunc":
		return consolidationNames()
	case p.Name == "operator":
		return []string{"=", "!=", ">", ">=", "<", "<="}
	}
	return nil
}

// pyG writes a number as Python's %g does.
func pyG(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// pyFloat writes a number as Python's str does of a float: 5 is 5.0.
func pyFloat(v float64) string {
	abs := v
	if v < 0 {
		abs = -v
	}
	if v != v {
		return "nan"
	}
	format := byte('f')
	if abs != 0 && (abs < 1e-4 || abs >= 1e16) {
		format = 'e'
	}
	s := strconv.FormatFloat(v, format, -1, 64)
	switch {
	case strings.Contains(s, "Inf"):
		return strings.ToLower(strings.TrimPrefix(s, "+"))
	case format == 'f' && !strings.Contains(s, "."):
		return s + ".0"
	}
	return s
}

// pyInt writes a number as Python's %d does: cut towards zero.
func pyInt(v float64) string { return strconv.FormatFloat(trunc(v), 'f', -1, 64) }

// trunc cuts towards zero, as long as whole numbers are exact.
func trunc(v float64) float64 {
	if v > -1e15 && v < 1e15 {
		return float64(int64(v))
	}
	return v
}
