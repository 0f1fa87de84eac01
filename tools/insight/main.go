// Command insight asks why over labelled incidents and over quiet windows, and
// prints how often the component at fault was found: the tables of
// docs/insight.md. It reads the data that lies beside the repository and
// changes nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	data := flag.String("data", "../shared/data", "folder with incidents/ and metrics/nab")
	half := flag.String("half", "first", "which cases: first (constants were set with these), second, all")
	verbose := flag.Bool("v", false, "print each case")
	quiet := flag.Bool("quiet", false, "ask over quiet windows instead")
	flag.Parse()
	run := incidents
	if *quiet {
		run = quietWindows
	}
	if err := run(context.Background(), *data, *half, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// incidents asks for each labelled case.
func incidents(ctx context.Context, data, half string, verbose bool) error {
	pets, err := readPetshop(data)
	nezha, err2 := readNezha(data)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	table := newTable()
	for _, c := range append(pets, nezha...) {
		if half != "all" && c.first != (half == "first") {
			continue
		}
		if err := table.ask(ctx, c, verbose); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	table.print(os.Stdout)
	return nil
}
