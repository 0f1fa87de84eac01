package app

import (
	"fmt"

	"patou/internal/config"
	"patou/internal/query/scope"
)

// templates reads the templates of the configuration.
func templates(texts []config.Template) ([]scope.Template, error) {
	out := make([]scope.Template, 0, len(texts))
	for _, text := range texts {
		t, err := scope.ParseTemplate(string(text))
		if err != nil {
			return nil, fmt.Errorf("scope.templates: %w", err)
		}
		out = append(out, t)
	}
	return out, nil
}
