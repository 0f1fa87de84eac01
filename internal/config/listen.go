package config

import (
	"errors"
	"fmt"
)

// CheckListen holds the listeners to the rule that nothing is open to others
// without a lock: HTTP beyond loopback needs a token to exist, and a protocol
// that knows no login needs the networks that may use it. The error has one
// sentence for each listener that breaks the rule and says what to write.
func CheckListen(c *Config, tokens bool) error {
	var errs []error
	if !c.Listen.HTTP.Loopback() && !tokens {
		errs = append(errs, fmt.Errorf("listen.http is %q, which others can reach, and there is no token yet: "+
			"make one with `patou token create NAME --scope admin`, or listen on 127.0.0.1", c.Listen.HTTP))
	}
	errs = append(errs,
		checkAllowed("graphite", c.Listen.Graphite, c.Allow.Graphite),
		checkAllowed("syslog", c.Listen.Syslog, c.Allow.Syslog))
	return errors.Join(errs...)
}

func checkAllowed(protocol string, at Address, allow []Network) error {
	if at.Loopback() || len(allow) > 0 {
		return nil
	}
	return fmt.Errorf("listen.%s is %q, which others can reach, and %s knows no login: "+
		"say who may send, as in `allow: {%s: [10.0.0.0/8]}`, or listen on 127.0.0.1", protocol, at, protocol, protocol)
}
