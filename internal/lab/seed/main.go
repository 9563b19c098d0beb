// Seed is the one program of the lab's seed image. It stands in for a shell
// and an operating system, so that images can be built from it and run
// anywhere, offline and in a moment.
//
//	seed write FILE TEXT   write a file
//	seed print TEXT        print a line
//	seed show FILE         print a file
//	seed arch              print the architecture that it runs on
//	seed env FILE          write the environment, sorted, to a file
//	seed sleep DURATION    wait, such as 10s
//	seed fail TEXT         print to standard error and fail
package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "seed:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	args = append(args, "", "", "")
	switch args[0] {
	case "write":
		return os.WriteFile(args[1], []byte(args[2]), 0o644)
	case "fill":
		size, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return os.WriteFile(args[1], make([]byte, size), 0o644)
	case "random":
		return os.WriteFile(args[1], []byte(rand.Text()), 0o644)
	case "print":
		fmt.Println(args[1])
	case "show":
		b, err := os.ReadFile(args[1])
		if err != nil {
			return err
		}
		os.Stdout.Write(b)
	case "env":
		// Without what builders give every step anew.
		all := slices.DeleteFunc(os.Environ(), func(e string) bool {
			return strings.HasPrefix(e, "HOSTNAME=") || strings.HasPrefix(e, "OTEL_") || strings.HasPrefix(e, "TRACEPARENT=")
		})
		slices.Sort(all)
		return os.WriteFile(args[1], []byte(strings.Join(all, "\n")), 0o644)
	case "arch":
		fmt.Println(runtime.GOARCH)
	case "sleep":
		d, err := time.ParseDuration(args[1])
		if err != nil {
			return err
		}
		time.Sleep(d)
	case "fail":
		return fmt.Errorf("%s", args[1])
	default:
		return fmt.Errorf("unknown verb %q", args[0])
	}
	return nil
}
