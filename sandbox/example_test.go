package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/vessux/openlock/sandbox"
	"github.com/vessux/openlock/sandbox/builder"
	"github.com/vessux/openlock/sandbox/registry"
)

// image is the base image of a program: most programs embed the Containerfile.
var image = sandbox.Base{
	Containerfile: []byte("FROM scratch\n"),
	Repository:    "ghcr.io/example/tool-base",
}

func ExampleBase_Ref() {
	ref, err := image.Ref()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ref)
	// Output: ghcr.io/example/tool-base:bb57c7da220a
}

// The zero options find podman or docker and keep locks where the XDG Base
// Directory Specification has caches.
func ExampleEnsure() {
	result, err := sandbox.Ensure(context.Background(), image, sandbox.Options{
		Notify: func(n sandbox.Notice) { fmt.Fprintln(os.Stderr, n.Text) },
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Ref, result.Source, result.Reason)
}

func ExamplePlan() {
	plan, err := sandbox.Plan(context.Background(), image, sandbox.Options{Build: sandbox.PolicyNever})
	if err != nil {
		log.Fatal(err)
	}
	switch plan.Action {
	case sandbox.ActionUse:
		fmt.Println("the image is local")
	case sandbox.ActionPull:
		fmt.Println("a pull of", plan.Size, "bytes from", plan.From)
	default:
		fmt.Println(plan.Action, plan.Reason)
	}
}

func ExampleExists() {
	result, err := sandbox.Exists(context.Background(), image, []string{"linux/arm64"}, registry.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if result.State == registry.StateUnreachable {
		// Never build because of this: the image may well exist.
		log.Fatal(result.Reason)
	}
	fmt.Println(result.State)
}

func ExamplePublish() {
	ctx := context.Background()
	b := builder.New(builder.Options{Output: os.Stderr})
	result, err := sandbox.Publish(ctx, image, sandbox.PublishOptions{Builder: b})
	if refused := new(sandbox.StateError); errors.As(err, &refused) {
		log.Fatalf("%v (the registry is %s); hint: %s", err, refused.State, refused.Hint())
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Outcome, result.Ref, result.Digest)
}
