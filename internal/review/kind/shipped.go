// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"embed"
	"fmt"
	"slices"

	"portreeve.org/portreeve/internal/kernel/config"
)

//go:embed defaults/*.yaml
var defaults embed.FS

// shippedKinds are the kinds of the defaults, in the order in which people see them.
var shippedKinds = []string{"advice", "concept", "readiness", "supplier", "third-party-code", "third-party-hosting", "privacy"}

// ShippedNames returns the names of the shipped kinds. The slice is the caller's own.
func ShippedNames() []string { return slices.Clone(shippedKinds) }

// ShippedYAML returns the file of a shipped kind, with its comments: what an
// organisation starts from when it changes the kind.
func ShippedYAML(name string) ([]byte, error) {
	data, err := defaults.ReadFile(shippedFile(name))
	if err != nil {
		return nil, fmt.Errorf("read shipped kind %s: %w", name, err)
	}
	return data, nil
}

func shippedFile(name string) string { return "defaults/" + name + ".yaml" }

// ShippedPreScreen returns the pre-screen that comes with the product.
func ShippedPreScreen() (*PreScreen, error) {
	var p PreScreen
	if err := shippedPart("prescreen", &p); err != nil {
		return nil, err
	}
	return &p, nil
}

// ShippedWeak returns the words that do not pass unremarked in any form.
func ShippedWeak() (*WeakAnswers, error) {
	var w WeakAnswers
	if err := shippedPart("weak", &w); err != nil {
		return nil, err
	}
	return &w, nil
}

func shippedPart(name string, into any) error {
	data, err := ShippedYAML(name)
	if err != nil {
		return err
	}
	if err := config.Decode(shippedFile(name), data, into); err != nil {
		return fmt.Errorf("parse shipped %s: %w", name, err)
	}
	return nil
}
