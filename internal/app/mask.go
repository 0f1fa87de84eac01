package app

import (
	"patou/internal/config"
	"patou/internal/mask"
)

// setMask masks by a configuration from now on, in everything that is received
// and in what the tap shows.
func (a *App) setMask(c *config.Config) error {
	o := mask.Options{Secrets: bool(c.MaskSecrets)}
	for _, r := range c.Mask {
		o.Rules = append(o.Rules, mask.Rule{Pattern: string(r.Pattern), Replace: r.Replace})
	}
	m, err := mask.New(o)
	if err == nil {
		a.pipeline.SetMask(m)
	}
	return err
}
