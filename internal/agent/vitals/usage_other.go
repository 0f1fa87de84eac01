//go:build !linux

package vitals

import "errors"

func systemUsage(string, *usage) error {
	return errors.New("file systems are measured on Linux only")
}
