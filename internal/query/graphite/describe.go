package graphite

import (
	"encoding/json"
	"math"
	"strconv"
)

// FunctionDoc is how /functions describes a function.
type FunctionDoc struct {
	Name        string     `json:"name"`
	Function    string     `json:"function"`
	Description string     `json:"description"`
	Module      string     `json:"module"`
	Group       string     `json:"group"`
	Params      []ParamDoc `json:"params"`
}

// ParamDoc is how /functions describes a parameter.
type ParamDoc struct {
	Name     string    `json:"name"`
	Type     ParamType `json:"type"`
	Required bool      `json:"required,omitempty"`
	Multiple bool      `json:"multiple,omitempty"`
	Default  any       `json:"default,omitempty"`
	Options  []string  `json:"options,omitempty"`
}

// doc describes the function as /functions does.
func (f *Function) doc() FunctionDoc {
	d := FunctionDoc{Name: f.Name, Function: f.Usage(), Description: f.Doc, Module: "patou", Group: f.Group, Params: []ParamDoc{}}
	for i := range f.Params {
		p := &f.Params[i]
		d.Params = append(d.Params, ParamDoc{Name: p.Name, Type: p.Type, Required: p.Required, Multiple: p.Multiple, Default: p.defaultValue(), Options: p.Options})
	}
	return d
}

// defaultValue is the default as JSON has it. Infinity is a word: JSON has no
// number for it, and Graphite's own answer once broke Grafana.
func (p *Param) defaultValue() any {
	if p.Default == "" {
		return nil
	}
	if p.Type == TypeBoolean {
		return p.Default == "true"
	}
	if v, err := strconv.ParseFloat(p.Default, 64); err == nil && !math.IsInf(v, 0) {
		return v
	}
	return p.Default
}

// FunctionsJSON is the answer of /functions: by name, or by group and name. A
// group that is not "" is the only one.
func FunctionsJSON(group string, grouped bool) ([]byte, error) {
	flat, byGroup := map[string]FunctionDoc{}, map[string]map[string]FunctionDoc{}
	for _, f := range Functions() {
		if group != "" && f.Group != group {
			continue
		}
		if byGroup[f.Group] == nil {
			byGroup[f.Group] = map[string]FunctionDoc{}
		}
		flat[f.Name], byGroup[f.Group][f.Name] = f.doc(), f.doc()
	}
	if grouped {
		return json.Marshal(byGroup)
	}
	return json.Marshal(flat)
}

// FunctionJSON is the answer of /functions/{name}; false when there is none.
func FunctionJSON(name string) ([]byte, bool) {
	for _, f := range Functions() {
		if f.Name == name {
			text, err := json.Marshal(f.doc())
			return text, err == nil
		}
	}
	return nil, false
}
